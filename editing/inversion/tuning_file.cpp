// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/tuning_file.h"

#include "engine/base/error.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr const char* kGeneratorKey = "generator";
constexpr const char* kKindKey = "kind";
constexpr const char* kKind = "tuning";

}  // namespace

void save_tuning(const std::filesystem::path& path, const StyleGenerator& original,
                 const StyleGenerator& tuned, std::map<std::string, std::string> facts) {
  const at::NoGradGuard no_grad;
  const std::vector<TunableTensor> before = original.tunable(), after = tuned.tunable();
  std::map<std::string, Tensor> differences;
  for (size_t i = 0; i < before.size(); ++i) {
    const Tensor difference = after[i].value - before[i].value;
    if (difference.count_nonzero().item<int64_t>() == 0) continue;
    differences[before[i].name] = (difference / before[i].scale).to(at::kHalf);
  }
  facts[kKindKey] = kKind;
  facts[kGeneratorKey] = original.content_hash();
  save_tensors(path, differences, facts);
}

std::map<std::string, std::string> load_tuning(const std::filesystem::path& path,
                                               StyleGenerator& generator, const Limits& limits) {
  const Weights file(open_weights(path, limits));
  const auto& facts = file.table().metadata;
  const auto kind = facts.find(kKindKey);
  if (kind == facts.end() || kind->second != kKind) {
    throw Error(ErrorCode::checkpoint, "is not a tuning of a generator")
        .in_file(path)
        .with_hint("`vane invert --method pti` writes one");
  }
  const auto made_for = facts.find(kGeneratorKey);
  if (made_for == facts.end() || made_for->second != generator.content_hash()) {
    throw Error(ErrorCode::checkpoint, "tunes a generator of other weights")
        .in_file(path)
        .at_key(kGeneratorKey);
  }
  std::vector<Tensor> tensors;
  for (const TunableTensor& own : generator.tunable()) {
    const Tensor difference = file.take_optional(own.name, own.value.sizes().vec());
    tensors.push_back(difference.defined() ? own.value + difference * own.scale : own.value);
  }
  file.finish();
  generator.set_tunable(tensors);
  return facts;
}

}  // namespace vane
