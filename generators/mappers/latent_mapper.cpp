// SPDX-License-Identifier: Apache-2.0
#include "generators/mappers/latent_mapper.h"

#include "engine/base/error.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr int64_t kMediumRow = 4, kFineRow = 8;
constexpr std::string_view kMapper = "mapper.", kDecoder = "decoder.";

Tensor level_step(const std::optional<MapperStack>& level, const Tensor& rows) {
  return level ? mapper_stack(*level, rows) : at::zeros_like(rows);
}

}  // namespace

LatentMapper make_latent_mapper(int64_t width) {
  LatentMapper mapper;
  mapper.width = width;
  mapper.coarse = mapper.medium = mapper.fine = make_mapper_stack(width, width, true);
  return mapper;
}

void visit_parameters(LatentMapper& mapper, const ParameterVisitor& visit) {
  if (mapper.whole) visit_stack(*mapper.whole, "mapping", visit);
  if (mapper.coarse) visit_stack(*mapper.coarse, "course_mapping", visit);
  if (mapper.medium) visit_stack(*mapper.medium, "medium_mapping", visit);
  if (mapper.fine) visit_stack(*mapper.fine, "fine_mapping", visit);
}

LatentMapper initial_latent_mapper(int64_t width, const Rng& rng) {
  LatentMapper mapper = make_latent_mapper(width);
  visit_parameters(
      mapper, [&rng](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
        tensor = initial_mapper_value(name, shape, rng);
      });
  return mapper;
}

LatentMapper load_latent_mapper(const std::filesystem::path& path, const Limits& limits) {
  const Weights weights(open_weights(path, limits));
  const Weights own = weights.under(kMapper);
  LatentMapper mapper;
  const auto find = [&](std::optional<MapperStack>& stack, const std::string& name) {
    const std::string first = name + ".mapping.1.weight";
    if (!own.contains(first)) return;
    const std::vector<int64_t> shape = own.shape(first);
    if (!shape.empty()) mapper.width = shape[0];
    stack = make_mapper_stack(mapper.width, mapper.width, true);
  };
  find(mapper.whole, "mapping");
  find(mapper.coarse, "course_mapping");
  find(mapper.medium, "medium_mapping");
  find(mapper.fine, "fine_mapping");
  if (!mapper.whole && !mapper.coarse && !mapper.medium && !mapper.fine) {
    throw Error(ErrorCode::checkpoint, "holds no latent mapper of StyleCLIP that works in W+")
        .in_file(path)
        .at_key("mapper.course_mapping.mapping.1.weight");
  }
  visit_parameters(mapper,
                   [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
                     tensor = own.take(name, shape);
                   });
  for (const std::string& name : weights.under(kDecoder).names()) {
    weights.ignore(std::string(kDecoder) + name);  // the generator that it was trained for
  }
  weights.finish();
  mapper.facts = weights.table().metadata;
  mapper.content_hash = weights.table().content_hash();
  return mapper;
}

void save_latent_mapper(const std::filesystem::path& path, const LatentMapper& mapper,
                        const std::map<std::string, std::string>& facts) {
  LatentMapper copy = mapper;
  std::map<std::string, Tensor> tensors;
  visit_parameters(copy, [&](const std::string& name, Tensor& tensor, const auto&) {
    tensors[std::string(kMapper) + name] = tensor.detach().to(at::kHalf);
  });
  save_tensors(path, tensors, facts);
}

Tensor latent_step(const LatentMapper& mapper, const Tensor& w_plus) {
  const int64_t fewest = mapper.whole ? 1 : kFineRow + 1;
  if (w_plus.dim() != 3 || w_plus.size(2) != mapper.width || w_plus.size(1) < fewest) {
    throw Error(ErrorCode::usage, "this latent mapper needs W+ [N,rows," +
                                      std::to_string(mapper.width) + "] of at least " +
                                      std::to_string(fewest) + " rows");
  }
  if (mapper.whole) return mapper_stack(*mapper.whole, w_plus);
  return at::cat({level_step(mapper.coarse, w_plus.slice(1, 0, kMediumRow)),
                  level_step(mapper.medium, w_plus.slice(1, kMediumRow, kFineRow)),
                  level_step(mapper.fine, w_plus.slice(1, kFineRow))},
                 1);
}

}  // namespace vane
