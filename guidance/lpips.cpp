// SPDX-License-Identifier: Apache-2.0
#include "guidance/lpips.h"

#include <array>
#include <optional>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

// Convolutions of torchvision's `features`: index, output channels, kernel, stride, padding,
// whether a max pool lies in front, whether the ReLU behind is a tap, and the slice of the lpips
// package that holds it.
struct TrunkLayer {
  int index;
  int64_t out, kernel, stride, padding;
  bool pool_before, tap;
  int slice;
};
constexpr std::array<TrunkLayer, 5> kAlex{{{0, 64, 11, 4, 2, false, true, 1},
                                           {3, 192, 5, 1, 2, true, true, 2},
                                           {6, 384, 3, 1, 1, true, true, 3},
                                           {8, 256, 3, 1, 1, false, true, 4},
                                           {10, 256, 3, 1, 1, false, true, 5}}};
constexpr std::array<TrunkLayer, 13> kVgg{{{0, 64, 3, 1, 1, false, false, 1},
                                           {2, 64, 3, 1, 1, false, true, 1},
                                           {5, 128, 3, 1, 1, true, false, 2},
                                           {7, 128, 3, 1, 1, false, true, 2},
                                           {10, 256, 3, 1, 1, true, false, 3},
                                           {12, 256, 3, 1, 1, false, false, 3},
                                           {14, 256, 3, 1, 1, false, true, 3},
                                           {17, 512, 3, 1, 1, true, false, 4},
                                           {19, 512, 3, 1, 1, false, false, 4},
                                           {21, 512, 3, 1, 1, false, true, 4},
                                           {24, 512, 3, 1, 1, true, false, 5},
                                           {26, 512, 3, 1, 1, false, false, 5},
                                           {28, 512, 3, 1, 1, false, true, 5}}};
constexpr std::array<float, 3> kShift{-0.030f, -0.088f, -0.188f}, kScale{0.458f, 0.448f, 0.450f};
constexpr double kUnitEpsilon = 1e-10;
constexpr int64_t kSmallest = 32;

std::string trunk_key(const TensorTable& table, const TrunkLayer& layer) {
  const std::string composed =
      "net.slice" + std::to_string(layer.slice) + "." + std::to_string(layer.index);
  return table.contains(composed + ".weight") ? composed
                                              : "features." + std::to_string(layer.index);
}

// Over the channels, as the published code divides: x / (|x| + eps).
Tensor unit_channels(const Tensor& x) {
  // The floor under the root keeps the gradient of an all-zero position finite.
  return x / ((x.square().sum(1, true) + kUnitEpsilon * kUnitEpsilon).sqrt() + kUnitEpsilon);
}

}  // namespace

Lpips Lpips::load(const std::filesystem::path& trunk, const std::filesystem::path& linear,
                  const Limits& limits) {
  const TensorTable table = open_weights(trunk, limits);
  const Weights weights(table);
  const std::string first = trunk_key(table, kVgg.front()) + ".weight";
  const std::vector<int64_t> shape = weights.shape(first);
  Lpips lpips;
  if (shape == std::vector<int64_t>{64, 3, 3, 3}) {
    lpips.vgg_ = true;
  } else if (shape != std::vector<int64_t>{64, 3, 11, 11}) {
    throw Error(ErrorCode::checkpoint, "the first convolution is neither AlexNet's nor VGG16's")
        .in_file(trunk)
        .at_key(first);
  }
  int64_t in = 3;
  std::vector<int64_t> taps;
  const auto take = [&](const TrunkLayer& layer) {
    const std::string key = trunk_key(table, layer);
    Layer& made = lpips.layers_.emplace_back();
    made.weight = weights.take(key + ".weight", {layer.out, in, layer.kernel, layer.kernel});
    made.bias = weights.take(key + ".bias", {layer.out});
    made.stride = layer.stride;
    made.padding = layer.padding;
    made.pool_before = layer.pool_before;
    made.tap = layer.tap;
    if (layer.tap) taps.push_back(layer.out);
    in = layer.out;
  };
  if (lpips.vgg_) {
    for (const TrunkLayer& layer : kVgg) take(layer);
  } else {
    for (const TrunkLayer& layer : kAlex) take(layer);
  }
  const Weights heads = linear.empty() ? weights : Weights(open_weights(linear, limits));
  for (size_t i = 0; i < taps.size(); ++i) {
    lpips.linear_.push_back(
        heads.take("lin" + std::to_string(i) + ".model.1.weight", {1, taps[i], 1, 1}));
  }
  // The package also stores its scaling and every linear layer a second time.
  weights.finish(false);
  heads.finish(false);
  return lpips;
}

std::vector<Tensor> Lpips::features(const Tensor& image) const {
  const auto channel = [&](const std::array<float, 3>& values) {
    return at::tensor(at::ArrayRef<float>(values.data(), 3)).to(image.options()).view({1, 3, 1, 1});
  };
  Tensor x = (image * 2 - 1 - channel(kShift)) / channel(kScale);
  std::vector<Tensor> taps;
  for (const Layer& layer : layers_) {
    if (layer.pool_before) {
      x = vgg_ ? at::max_pool2d(x, {2, 2}, {2, 2}) : at::max_pool2d(x, {3, 3}, {2, 2});
    }
    x = at::relu(at::conv2d(x, layer.weight.to(x.scalar_type()), layer.bias.to(x.scalar_type()),
                            layer.stride, layer.padding));
    if (layer.tap) taps.push_back(unit_channels(x));
  }
  return taps;
}

Tensor Lpips::operator()(const Tensor& a, const Tensor& b) const {
  if (a.dim() != 4 || a.size(1) != 3 || a.sizes() != b.sizes() || a.size(2) < kSmallest ||
      a.size(3) < kSmallest) {
    throw Error(ErrorCode::usage,
                "lpips compares two colour pictures of one size of at least 32 x 32 pixels");
  }
  const std::vector<Tensor> of_a = features(a), of_b = features(b);
  Tensor sum;
  for (size_t i = 0; i < of_a.size(); ++i) {
    const Tensor part =
        at::conv2d((of_a[i] - of_b[i]).square(), linear_[i].to(a.scalar_type())).mean({1, 2, 3});
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

Score LpipsObjective::evaluate(const Evaluation& evaluation) {
  const Tensor source = source_of(evaluation, kName);
  return score_of(kName, measure_(visible_image(evaluation), source).mean());
}

}  // namespace vane
