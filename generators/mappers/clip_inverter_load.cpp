// SPDX-License-Identifier: Apache-2.0
// From files to CLIPInverter's networks.
#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/mappers/clip_inverter.h"

namespace vane {
namespace {

constexpr int64_t kGroups = 32;  // of the group normalisation
constexpr std::string_view kAdapter = "adapter.", kDecoder = "decoder.";
constexpr std::string_view kModulation = "_mapping.modulation_module_list.0.";

bool has_prefix(const std::vector<std::string>& names, std::string_view prefix) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name.starts_with(prefix); });
}

/// Side `axis` of a tensor that says how large its network is. What is no such tensor is left to
/// the published size, and then found not to fit it.
int64_t side(const Weights& weights, const std::string& name, size_t rank, size_t axis,
             int64_t published) {
  const std::vector<int64_t> shape = weights.shape(name);
  return shape.size() == rank ? shape[axis] : published;
}

void take_level(std::optional<TextModulation>& level, const std::string& kind, int64_t channels,
                const std::vector<std::string>& names, const Weights& weights,
                TextAdapter& adapter) {
  const std::string name = kind + std::string(kModulation);
  if (!has_prefix(names, name)) return;
  const int64_t found = side(weights, name + "conv.weight", 4, 0, channels);
  level.emplace().channels = found > 0 && found % kGroups == 0 ? found : channels;
  adapter.hidden = side(weights, name + "gamma_function.0.weight", 2, 0, adapter.hidden);
  adapter.embedding = side(weights, name + "gamma_function.0.weight", 2, 1, adapter.embedding);
}

template <class Network>
void take(Network& network, const Weights& weights) {
  visit_parameters(network,
                   [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
                     tensor = weights.take(name, shape);
                   });
}

}  // namespace

ClipInverter load_clip_inverter(const std::filesystem::path& path, const Limits& limits) {
  const Weights weights(open_weights(path, limits));
  const Weights adapter = weights.under(kAdapter), decoder = weights.under(kDecoder);
  const std::vector<std::string> names = adapter.names();
  ClipInverter result;
  take_level(result.adapter.coarse, "coarse", kPublishedIrSeWidths[3], names, adapter,
             result.adapter);
  take_level(result.adapter.medium, "medium", kPublishedIrSeWidths[2], names, adapter,
             result.adapter);
  take_level(result.adapter.fine, "fine", kPublishedIrSeWidths[1], names, adapter, result.adapter);
  if (!result.adapter.coarse && !result.adapter.medium && !result.adapter.fine) {
    throw Error(ErrorCode::checkpoint, "holds no adapter of CLIPInverter")
        .in_file(path)
        .at_key(std::string(kAdapter) + "coarse" + std::string(kModulation) + "conv.weight");
  }
  take(result.adapter, adapter);
  int64_t proposals = 0;
  while (decoder.contains("lambdas." + std::to_string(proposals))) ++proposals;
  if (proposals > 0) {
    const std::string layer = "affine_mlps.0.2.weight";
    result.refiner = make_row_refiner(proposals + 2, side(decoder, layer, 2, 1, 512),
                                      side(decoder, layer, 2, 0, 512));
    take(*result.refiner, decoder);
  }
  for (const std::string& name : decoder.names()) {
    // The rest of the generator has a loader of its own; a proposal without a lambda is a fault.
    if (!name.starts_with("affine_mlps.") && !name.starts_with("lambdas.")) decoder.ignore(name);
  }
  weights.finish();
  result.facts = weights.table().metadata;
  result.content_hash = weights.table().content_hash();
  return result;
}

void save_clip_inverter(const std::filesystem::path& path, const ClipInverter& inverter,
                        const std::map<std::string, std::string>& facts) {
  ClipInverter copy = inverter;
  std::map<std::string, Tensor> halves;
  const auto keep = [&](std::string_view prefix) {
    return [&halves, prefix](const std::string& name, Tensor& tensor, const auto&) {
      halves[std::string(prefix) + name] = tensor.detach().to(at::kHalf);
    };
  };
  visit_parameters(copy.adapter, keep(kAdapter));
  if (copy.refiner) visit_parameters(*copy.refiner, keep(kDecoder));
  save_tensors(path, halves, facts);
}

}  // namespace vane
