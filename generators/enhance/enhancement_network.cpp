// SPDX-License-Identifier: Apache-2.0
#include "generators/enhance/enhancement_network.h"

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/enhance/enhancement_stages.h"
#include "generators/enhance/pyramid_pooling.h"

namespace vane {
namespace {

// What DataParallel puts before every name.
constexpr std::string_view kParallel = "module.";

void visit_biased(BiasedConv& layer, const std::string& name, int64_t out, int64_t in,
                  const ParameterVisitor& visit) {
  visit(name + ".weight", layer.weight, {out, in, 3, 3});
  visit(name + ".bias", layer.bias, {out});
}

}  // namespace

void visit_parameters(EnhancementNetwork& network, const ParameterVisitor& visit) {
  visit_biased(network.cond1, "cond1", 32, 3, visit);
  visit_biased(network.cond_add1, "cond_add1", 1, 32, visit);
  visit_biased(network.condx, "condx", 64, 32, visit);
  visit_biased(network.condy, "condy", 32, 64, visit);
  for (size_t i = 0; i < network.residuals.size(); ++i) {
    const std::string name = "ResidualBlock" + std::to_string(i + 1);
    const int64_t channels = i == 2 || i == 3 ? 64 : 32;
    visit(name + ".conv1.weight", network.residuals[i].conv1, {channels, channels, 3, 3});
    visit(name + ".conv2.weight", network.residuals[i].conv2, {channels, channels, 3, 3});
  }
  for (size_t g = 0; g < network.pyramid.size(); ++g) {
    const std::string name = "PPM1.features." + std::to_string(g);
    visit(name + ".1.weight", network.pyramid[g].weight, {8, 32, 1, 1});
    visit(name + ".2.weight", network.pyramid[g].slope, {1});
  }
  visit("PPM1.fuse.0.weight", network.fuse_weight, {32, 64, 3, 3});
  visit("PPM1.fuse.1.weight", network.fuse_slope, {1});
}

EnhancementNetwork load_enhancement_network(const std::filesystem::path& path,
                                            const Limits& limits) {
  Weights weights(open_weights(path, limits));
  const std::vector<std::string> names = weights.names();
  if (!names.empty() && std::all_of(names.begin(), names.end(), [](const std::string& name) {
        return name.starts_with(kParallel);
      })) {
    weights = weights.under(kParallel);
  }
  EnhancementNetwork network;
  visit_parameters(network,
                   [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
                     tensor = weights.take(name, shape).clone();
                   });
  weights.finish();
  network.content_hash = weights.table().content_hash();
  return network;
}

EnhancementNetwork initial_enhancement_network(const Rng& rng) {
  EnhancementNetwork network;
  int64_t fan_in = 0;  // of the convolution whose bias comes next
  visit_parameters(
      network, [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
        tensor = at::empty(shape, at::kFloat);
        const std::span values(tensor.mutable_data_ptr<float>(), size_t(tensor.numel()));
        Rng draw = rng.fork(name);
        if (shape.size() == 4) {
          fan_in = shape[1] * shape[2] * shape[3];
          for (float& value : values) value = 0.02f * draw.normal();
        } else if (name.ends_with(".bias")) {
          const float bound = 1.f / std::sqrt(static_cast<float>(fan_in));
          for (float& value : values) value = bound * (2 * draw.uniform() - 1);
        } else {
          tensor.fill_(0.25);
        }
      });
  return network;
}

Tensor illumination_map(const EnhancementNetwork& network, const Tensor& image,
                        EnhancePadding padding) {
  if (image.dim() != 4 || image.size(1) != 3 || image.size(2) < 2 || image.size(3) < 2) {
    throw Error(ErrorCode::usage,
                "the enhancement network needs [N,3,H,W] of at least 2 pixels a side");
  }
  const int64_t height = image.size(2), width = image.size(3);
  const StagePadding stages{.biased = padding};
  Tensor features = local_features(network, image, stages);
  const Tensor means =
      pyramid_means(features, pyramid_pooling_matrix(height), pyramid_pooling_matrix(width));
  return refine(network, std::move(features), pyramid_context(network, means),
                upsampling_slices(height, 0, height), upsampling_slices(width, 0, width), stages);
}

}  // namespace vane
