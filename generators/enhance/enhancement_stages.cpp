// SPDX-License-Identifier: Apache-2.0
#include "generators/enhance/enhancement_stages.h"

#include "generators/enhance/pyramid_pooling.h"

namespace vane {
namespace {

constexpr double kSlope = 0.2;  // of every leaky ReLU

Tensor conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias, EnhancePadding padding) {
  if (padding == EnhancePadding::zeros) return at::conv2d(x, weight, bias, 1, 1);
  return at::conv2d(at::reflection_pad2d(x, {1, 1, 1, 1}), weight, bias);
}

// Writes over its argument, a convolution's result: safe under autograd, whose backward of a
// convolution needs the input only.
Tensor activated(Tensor x) { return at::leaky_relu_(x, kSlope); }

Tensor residual(const Tensor& x, const EnhanceResidual& block, EnhancePadding padding) {
  Tensor y = activated(conv3x3(x, block.conv1, {}, padding));
  y = conv3x3(y, block.conv2, {}, padding).add_(x);
  return activated(y);
}

}  // namespace

Tensor local_features(const EnhancementNetwork& network, const Tensor& image,
                      const StagePadding& padding) {
  Tensor x = activated(conv3x3(image, network.cond1.weight, network.cond1.bias, padding.biased));
  for (size_t i = 0; i < 2; ++i) x = residual(x, network.residuals[i], padding.residual);
  return x;
}

PyramidContext pyramid_context(const EnhancementNetwork& network, const Tensor& means) {
  PyramidContext context;
  for (size_t g = 0; g < context.size(); ++g) {
    const PyramidBranch& branch = network.pyramid[g];
    const Tensor grid = pyramid_grid(means, g).contiguous();
    context[g] = at::prelu(at::conv2d(grid, branch.weight), branch.slope);
  }
  return context;
}

std::array<Tensor, 4> upsampling_slices(int64_t length, int64_t first, int64_t count) {
  std::array<Tensor, 4> slices;
  for (size_t g = 0; g < slices.size(); ++g) {
    slices[g] = pyramid_upsampling_matrix(length, kPyramidBins[g]).narrow(0, first, count);
  }
  return slices;
}

Tensor refine(const EnhancementNetwork& network, Tensor features, const PyramidContext& context,
              const std::array<Tensor, 4>& rows, const std::array<Tensor, 4>& columns,
              const StagePadding& padding) {
  const auto biased = [&](const Tensor& input, const BiasedConv& layer) {
    return conv3x3(input, layer.weight, layer.bias, padding.biased);
  };
  std::vector<Tensor> channels{std::move(features)};
  for (size_t g = 0; g < context.size(); ++g) {
    const auto options = context[g].options();
    channels.push_back(
        at::matmul(at::matmul(rows[g].to(options), context[g]), columns[g].to(options).t()));
  }
  Tensor x = at::cat(channels, 1);
  channels.clear();
  x = conv3x3(x, network.fuse_weight, {}, EnhancePadding::zeros);
  x = biased(at::prelu(x, network.fuse_slope), network.condx);
  for (size_t i = 2; i < 4; ++i) x = residual(x, network.residuals[i], padding.residual);
  x = biased(x, network.condy);
  for (size_t i = 4; i < 6; ++i) x = residual(x, network.residuals[i], padding.residual);
  return biased(x, network.cond_add1).relu_();
}

}  // namespace vane
