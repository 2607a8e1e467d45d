// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/identity_network.h"

#include <algorithm>
#include <array>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr int64_t kChip = 150, kNumbers = 128;

struct UnitShape {
  int64_t channels;
  bool halved;
};
constexpr std::array<UnitShape, 14> kUnits{{{32, false},
                                            {32, false},
                                            {32, false},
                                            {64, true},
                                            {64, false},
                                            {64, false},
                                            {64, false},
                                            {128, true},
                                            {128, false},
                                            {128, false},
                                            {256, true},
                                            {256, false},
                                            {256, false},
                                            {256, true}}};

/// Takes arrays by name.
class Arrays {
 public:
  explicit Arrays(std::span<const RecognitionArray> arrays) : arrays_(arrays) {}

  Tensor take(const std::string& name, const std::vector<int64_t>& shape) const {
    const auto found = std::ranges::find(arrays_, name, &RecognitionArray::name);
    if (found == arrays_.end() || found->shape != shape) {
      throw Error(ErrorCode::checkpoint,
                  "of the network that compares faces, " + name +
                      (found == arrays_.end() ? " is missing" : " has another shape"));
    }
    Tensor tensor = at::empty(shape);
    if (std::ssize(found->values) != tensor.numel()) {
      throw Error(ErrorCode::checkpoint,
                  "of the network that compares faces, " + name + " has another size");
    }
    std::ranges::copy(found->values, tensor.mutable_data_ptr<float>());
    return tensor;
  }

  IdentityConvolution convolution(int number, int64_t outputs, int64_t inputs, int64_t side) const {
    const std::string n = std::to_string(number);
    const Tensor gamma = take("affine" + n + ".gamma", {outputs});
    const Tensor filters = take("con" + n + ".filters", {outputs, inputs, side, side});
    return {filters * gamma.view({-1, 1, 1, 1}), take("con" + n + ".biases", {outputs}) * gamma +
                                                     take("affine" + n + ".beta", {outputs})};
  }

 private:
  std::span<const RecognitionArray> arrays_;
};

/// `x` continued with zeros to the sizes.
Tensor continued(const Tensor& x, int64_t channels, int64_t height, int64_t width) {
  if (x.size(1) == channels && x.size(2) == height && x.size(3) == width) return x;
  return at::constant_pad_nd(
      x, {0, width - x.size(3), 0, height - x.size(2), 0, channels - x.size(1)});
}

Tensor padded_sum(const Tensor& a, const Tensor& b) {
  const auto side = [&](int64_t i) { return std::max(a.size(i), b.size(i)); };
  return continued(a, side(1), side(2), side(3)) + continued(b, side(1), side(2), side(3));
}

}  // namespace

IdentityNetwork make_identity_network(std::span<const RecognitionArray> arrays) {
  const Arrays from(arrays);
  IdentityNetwork network;
  network.mean = from.take("mean", {3}).view({3, 1, 1});
  int64_t inputs = 32;
  int number = 1;
  network.stem = from.convolution(number, inputs, 3, 7);
  for (const auto& [channels, halved] : kUnits) {
    IdentityUnit unit;
    unit.halved = halved;
    unit.first = from.convolution(++number, channels, inputs, 3);
    unit.second = from.convolution(++number, channels, channels, 3);
    network.units.push_back(std::move(unit));
    inputs = channels;
  }
  network.linear = from.take("fc.weights", {inputs, kNumbers}).t().contiguous();
  return network;
}

Tensor identity_unit(const IdentityUnit& unit, const Tensor& x) {
  const int64_t stride = unit.halved ? 2 : 1, padding = unit.halved ? 0 : 1;
  const Tensor middle = at::relu(
      at::conv2d(x, unit.first.weight, unit.first.bias, {stride, stride}, {padding, padding}));
  const Tensor changed = at::conv2d(middle, unit.second.weight, unit.second.bias, {1, 1}, {1, 1});
  return at::relu(padded_sum(changed, unit.halved ? at::avg_pool2d(x, {2, 2}) : x));
}

Tensor identity_embedding(const IdentityNetwork& network, const Tensor& chips) {
  if (chips.dim() != 4 || chips.size(1) != 3 || chips.size(2) != kChip || chips.size(3) != kChip) {
    throw Error(ErrorCode::usage, "the network that compares faces needs pictures [N,3,150,150]");
  }
  Tensor x = (chips.to(network.mean.scalar_type()) * 255 - network.mean) / 256;
  x = at::relu(at::conv2d(x, network.stem.weight, network.stem.bias, {2, 2}));
  x = at::max_pool2d(x, {3, 3}, {2, 2});
  for (const IdentityUnit& unit : network.units) x = identity_unit(unit, x);
  return at::linear(x.mean(at::IntArrayRef{2, 3}), network.linear);
}

}  // namespace vane
