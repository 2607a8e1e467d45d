// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/splat_checkpoint.h"

#include <cstring>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/weights/safetensors.h"

namespace vane {
namespace {

constexpr const char* kKind = "vane splat fit 1";

/// Calls visit(name, array, values of a row) for all arrays.
template <class State, class Visit>
void for_arrays(State& state, const Visit& visit) {
  auto& cloud = state.cloud;
  visit("position", cloud.position, 3);
  visit("sh0", cloud.sh0, 3);
  visit("sh_rest", cloud.sh_rest, 3 * cloud.rest_coefficients());
  visit("opacity_logit", cloud.opacity_logit, 1);
  visit("log_scale", cloud.log_scale, 3);
  visit("rotation", cloud.rotation, 4);
  visit("moments", state.moments, 2 * row_values(cloud));
  visit("pull", state.pull, 1);
  visit("seen", state.seen, 1);
}

}  // namespace

void write_splat_checkpoint(const std::filesystem::path& file, const SplatTrainingState& state,
                            const std::string& run) {
  std::vector<TensorRecord> tensors;
  for_arrays(state, [&](const char* name, const std::vector<float>& array, int64_t values) {
    TensorRecord record;
    record.name = name;
    record.shape = {state.cloud.size(), values};
    record.strides = {values, 1};
    record.bytes = std::as_bytes(std::span(array));
    tensors.push_back(std::move(record));
  });
  write_safetensors(file, tensors,
                    {{"kind", kKind},
                     {"run", run},
                     {"iteration", std::to_string(state.iteration)},
                     {"sh_degree", std::to_string(state.cloud.sh_degree)},
                     {"antialiased", state.cloud.antialiased ? "1" : "0"}});
}

SplatTrainingState read_splat_checkpoint(const std::filesystem::path& file, const std::string& run,
                                         const Limits& limits) {
  const TensorTable table = open_weights(file, limits);
  const auto fact = [&](const std::string& key) {
    const auto found = table.metadata.find(key);
    return found == table.metadata.end() ? std::string() : found->second;
  };
  if (fact("kind") != kKind) {
    throw Error(ErrorCode::checkpoint, "this is no checkpoint of a splat fit").in_file(file);
  }
  if (fact("run") != run) {
    throw Error(ErrorCode::checkpoint,
                "this checkpoint is of another data set, seed or configuration")
        .in_file(file)
        .with_hint("resume with the same settings, or start again without --resume");
  }
  SplatTrainingState state;
  const auto iteration = parse_integer(fact("iteration")),
             degree = parse_integer(fact("sh_degree"));
  const TensorRecord* opacity = table.find("opacity_logit");
  if (!iteration || *iteration < 0 || !degree || *degree < 0 || *degree > 3 || !opacity ||
      opacity->shape.empty()) {
    throw Error(ErrorCode::checkpoint, "the checkpoint is damaged").in_file(file);
  }
  state.iteration = *iteration;
  state.cloud.sh_degree = static_cast<int>(*degree);
  state.cloud.antialiased = fact("antialiased") == "1";
  const int64_t size = opacity->shape[0];
  for_arrays(state, [&](const char* name, std::vector<float>& array, int64_t values) {
    const TensorRecord* record = table.find(name);
    if (!record || record->dtype != DType::f32 || !record->is_contiguous() ||
        record->shape != std::vector<int64_t>{size, values}) {
      throw Error(ErrorCode::checkpoint, "the tensor is missing or has another shape")
          .in_file(file)
          .at_key(name);
    }
    array.resize(static_cast<size_t>(size * values));
    if (!array.empty()) std::memcpy(array.data(), record->bytes.data(), record->bytes.size());
  });
  return state;
}

}  // namespace vane
