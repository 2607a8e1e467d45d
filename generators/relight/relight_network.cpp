// SPDX-License-Identifier: Apache-2.0
#include "generators/relight/relight_network.h"

#include "engine/base/error.h"
#include "engine/tensor/srgb_tensor.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr double kSlope = 0.1;
/// Halvings of the side: pictures are continued to a multiple of 2^4.
constexpr int64_t kMultiple = 16;
/// Mirrored around the picture, at its size: the zeros that convolutions see beyond a border would
/// else leave a dark frame where a picture is lifted up to its edge.
constexpr int64_t kMargin = 16;
constexpr double kMostStops = 5, kMostHaze = 0.1;

void visit_conv(RelightConv& conv, const std::string& name, int64_t out, int64_t in,
                const ParameterVisitor& visit) {
  visit(name + ".weight", conv.weight, {out, in, 3, 3});
  visit(name + ".bias", conv.bias, {out});
}

Tensor convolved(const RelightConv& conv, const Tensor& x, int64_t stride = 1) {
  return at::conv2d(x, conv.weight, conv.bias, {stride, stride}, {1, 1});
}

Tensor active(const Tensor& x) { return at::leaky_relu(x, kSlope); }

Tensor residual(const RelightResidual& block, const Tensor& x) {
  return x + convolved(block.conv2, active(convolved(block.conv1, x)));
}

Tensor enlarged(const Tensor& x, const Tensor& like) {
  return at::upsample_bilinear2d(x, {like.size(2), like.size(3)}, false);
}

Tensor joined(const RelightConv& conv, const Tensor& below, const Tensor& beside) {
  return active(convolved(conv, at::cat({enlarged(below, beside), beside}, 1)));
}

/// The encoded picture and, because little of it is left of shadows, the logarithm of its light.
Tensor features_of(const Tensor& image) {
  const Tensor light = linear_from_srgb(guide_of(image));
  const Tensor shadows = (light + 1e-3).log2() * 0.1 + 0.5;
  return at::cat({image - 0.5, shadows}, 1);
}

/// `x` with `before` and `after` more of it along a dimension, mirrored at its ends as often as is
/// needed.
Tensor mirrored(const Tensor& x, int64_t dim, int64_t before, int64_t after) {
  const int64_t size = x.size(dim), period = 2 * (size - 1);
  std::vector<int64_t> from;
  for (int64_t i = -before; i < size + after; ++i) {
    const int64_t at = ((i % period) + period) % period;
    from.push_back(std::min(at, period - at));
  }
  return x.index_select(dim, at::tensor(from));
}

}  // namespace

void visit_parameters(RelightNetwork& network, const ParameterVisitor& visit) {
  constexpr auto widths = RelightNetwork::kWidths;
  constexpr std::array<int64_t, 4> kResiduals{widths[1], widths[2], widths[3], widths[3]};
  for (size_t i = 0; i < network.down.size(); ++i) {
    visit_conv(network.down[i], "down." + std::to_string(i), widths[i], i == 0 ? 4 : widths[i - 1],
               visit);
  }
  for (size_t i = 0; i < network.residuals.size(); ++i) {
    const std::string name = "residuals." + std::to_string(i);
    const int64_t width = kResiduals[i];
    visit_conv(network.residuals[i].conv1, name + ".conv1", width, width, visit);
    visit_conv(network.residuals[i].conv2, name + ".conv2", width, width, visit);
  }
  visit("context.weight", network.context_weight, {widths[3], widths[3]});
  visit("context.bias", network.context_bias, {widths[3]});
  for (size_t i = 0; i < network.up.size(); ++i) {
    const int64_t out = widths[2 - i];
    visit_conv(network.up[i], "up." + std::to_string(i), out, widths[3 - i] + out, visit);
  }
  visit_conv(network.head, "head", 2, widths[0], visit);
}

RelightNetwork load_relight_network(const std::filesystem::path& path, const Limits& limits) {
  const Weights weights(open_weights(path, limits));
  RelightNetwork network;
  visit_parameters(network,
                   [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
                     tensor = weights.take(name, shape).clone();
                   });
  weights.finish();
  network.content_hash = weights.table().content_hash();
  return network;
}

RelightNetwork initial_relight_network(const Rng& rng) {
  RelightNetwork network;
  visit_parameters(
      network, [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
        tensor = at::zeros(shape, at::kFloat);
        if (!name.ends_with(".weight") || name.starts_with("head")) return;
        const std::span values(tensor.mutable_data_ptr<float>(), size_t(tensor.numel()));
        const int64_t fan_in = tensor.numel() / shape[0];
        float deviation = std::sqrt(2.f / static_cast<float>(fan_in));
        // Residual branches begin weak, so that depth costs nothing at first.
        if (name.ends_with("conv2.weight")) deviation *= 0.2f;
        Rng draw = rng.fork(name);
        for (float& value : values) value = deviation * draw.normal();
      });
  return network;
}

RelightEstimate estimate_light(const RelightNetwork& network, const Tensor& image) {
  if (image.dim() != 4 || image.size(1) != 3 || image.size(2) < kMultiple ||
      image.size(3) < kMultiple) {
    throw Error(ErrorCode::usage, "the relight network needs [N,3,H,W] of at least 16 px a side");
  }
  const int64_t height = image.size(2), width = image.size(3);
  const auto missing = [](int64_t side) { return (kMultiple - side % kMultiple) % kMultiple; };
  Tensor x = mirrored(features_of(image), 2, kMargin, kMargin + missing(height));
  x = mirrored(x, 3, kMargin, kMargin + missing(width));
  const Tensor padded = x;
  const Tensor half = active(convolved(network.down[0], x, 2));
  const Tensor quarter =
      residual(network.residuals[0], active(convolved(network.down[1], half, 2)));
  const Tensor eighth =
      residual(network.residuals[1], active(convolved(network.down[2], quarter, 2)));
  x = residual(network.residuals[2], active(convolved(network.down[3], eighth, 2)));
  const Tensor context = at::linear(x.mean({2, 3}), network.context_weight, network.context_bias);
  x = residual(network.residuals[3], active(x + context.unsqueeze(2).unsqueeze(3)));
  x = joined(network.up[0], x, eighth);
  x = joined(network.up[1], x, quarter);
  x = joined(network.up[2], x, half);
  x = enlarged(convolved(network.head, x), padded);
  x = x.narrow(2, kMargin, height).narrow(3, kMargin, width);
  // Steeper where stops are added, bounded on both sides, 0 at 0.
  const Tensor raw = x.narrow(1, 0, 1);
  const Tensor stops = at::where(raw >= 0, kMostStops * (raw / kMostStops).tanh(), raw.tanh());
  return {stops, kMostHaze * (x.narrow(1, 1, 1) - 6).sigmoid()};
}

Tensor guide_of(const Tensor& image) {
  return 0.299 * image.narrow(1, 0, 1) + 0.587 * image.narrow(1, 1, 1) +
         0.114 * image.narrow(1, 2, 1);
}

Tensor sparing_white(const Tensor& stops, const Tensor& guide) {
  const Tensor t = ((guide - 0.8) / 0.2).clamp(0, 1);
  return at::where(stops < 0, stops * (1 - t * t * (3 - 2 * t)), stops);
}

Tensor relit(const Tensor& image, const Tensor& stops, const Tensor& haze, double strength) {
  const Tensor light = (linear_from_srgb(image) - strength * haze).clamp_min(0);
  return srgb_from_linear((light * (strength * stops).exp2()).clamp(0, 1));
}

}  // namespace vane
