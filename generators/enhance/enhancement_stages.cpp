// SPDX-License-Identifier: Apache-2.0
#include "generators/enhance/enhancement_stages.h"

#include "generators/enhance/pyramid_pooling.h"

namespace vane {
namespace {

constexpr double kSlope = 0.2;  // of every leaky ReLU

Tensor conv3x3(const Tensor& x, const Tensor& weight, const Tensor& bias,
               const WindowBorders& borders, EnhancePadding padding) {
  const std::array<int64_t, 4> sides{borders.left, borders.right, borders.top, borders.bottom};
  const auto padded = std::count(sides.begin(), sides.end(), 1);
  if (padded == 0) return at::conv2d(x, weight, bias);
  if (padding == EnhancePadding::reflect) {
    return at::conv2d(at::reflection_pad2d(x, sides), weight, bias);
  }
  if (padded == 4) return at::conv2d(x, weight, bias, 1, 1);
  return at::conv2d(at::constant_pad_nd(x, sides, 0), weight, bias);
}

Tensor conv3x3(const Tensor& x, const BiasedConv& layer, const WindowBorders& borders,
               EnhancePadding padding) {
  return conv3x3(x, layer.weight, layer.bias, borders, padding);
}

/// `x` without `pixels` on the sides inside the picture.
Tensor trimmed(const Tensor& x, const WindowBorders& borders, int64_t pixels) {
  const auto along = [&](const Tensor& tensor, int64_t dim, bool first, bool last) {
    const int64_t start = first ? 0 : pixels, end = last ? 0 : pixels;
    return tensor.narrow(dim, start, tensor.size(dim) - start - end);
  };
  return along(along(x, 2, borders.top, borders.bottom), 3, borders.left, borders.right);
}

// Writes over its argument, a convolution's result: safe under autograd, whose backward of a
// convolution needs the input only.
Tensor activated(Tensor x) { return at::leaky_relu_(x, kSlope); }

Tensor residual(const Tensor& x, const EnhanceResidual& block, const WindowBorders& borders) {
  constexpr EnhancePadding kReflect = EnhancePadding::reflect;
  Tensor y = activated(conv3x3(x, block.conv1, {}, borders, kReflect));
  y = conv3x3(y, block.conv2, {}, borders, kReflect).add_(trimmed(x, borders, 2));
  return activated(y);
}

}  // namespace

Tensor local_features(const EnhancementNetwork& network, const Tensor& image,
                      const WindowBorders& borders, EnhancePadding padding) {
  Tensor x = activated(conv3x3(image, network.cond1, borders, padding));
  for (size_t i = 0; i < 2; ++i) x = residual(x, network.residuals[i], borders);
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

Tensor refine(const EnhancementNetwork& network, const Tensor& features,
              const PyramidContext& context, const std::array<Tensor, 4>& rows,
              const std::array<Tensor, 4>& columns, const WindowBorders& borders,
              EnhancePadding padding) {
  std::vector<Tensor> channels{features};
  for (size_t g = 0; g < context.size(); ++g) {
    const auto options = context[g].options();
    channels.push_back(
        at::matmul(at::matmul(rows[g].to(options), context[g]), columns[g].to(options).t()));
  }
  Tensor x = at::cat(channels, 1);
  channels.clear();
  x = conv3x3(x, network.fuse_weight, {}, borders, EnhancePadding::zeros);
  x = conv3x3(at::prelu(x, network.fuse_slope), network.condx, borders, padding);
  for (size_t i = 2; i < 4; ++i) x = residual(x, network.residuals[i], borders);
  x = conv3x3(x, network.condy, borders, padding);
  for (size_t i = 4; i < 6; ++i) x = residual(x, network.residuals[i], borders);
  return conv3x3(x, network.cond_add1, borders, padding).relu_();
}

}  // namespace vane
