// SPDX-License-Identifier: Apache-2.0
#include "generators/mappers/mapper_stack.h"

#include <numbers>
#include <span>

namespace vane {
namespace {

constexpr double kMultiplier = 0.01, kSlope = 0.2, kEpsilon = 1e-8;
constexpr size_t kLayers = 4;

Tensor dense(const MapperLayer& layer, const Tensor& x) {
  const double scale = kMultiplier / std::sqrt(static_cast<double>(layer.weight.size(1)));
  const Tensor sum = at::addmm(layer.bias, x, layer.weight.t(), kMultiplier, scale);
  return at::leaky_relu(sum, kSlope) * std::numbers::sqrt2;
}

}  // namespace

MapperStack make_mapper_stack(int64_t in, int64_t out, bool normalises) {
  MapperStack stack;
  stack.normalises = normalises;
  stack.in = in;
  stack.out = out;
  stack.layers.resize(kLayers);
  return stack;
}

void visit_stack(MapperStack& stack, const std::string& name, const ParameterVisitor& visit) {
  int64_t in = stack.in;
  for (size_t i = 0; i < stack.layers.size(); ++i) {
    const std::string layer = name + ".mapping." + std::to_string(i + (stack.normalises ? 1 : 0));
    visit(layer + ".weight", stack.layers[i].weight, {stack.out, in});
    visit(layer + ".bias", stack.layers[i].bias, {stack.out});
    in = stack.out;
  }
}

Tensor mapper_stack(const MapperStack& stack, const Tensor& x) {
  Tensor y = (stack.normalises ? pixel_norm(x) : x).flatten(0, -2);
  for (const MapperLayer& layer : stack.layers) y = dense(layer, y);
  return x.dim() == 3 ? y.view({x.size(0), x.size(1), stack.out}) : y;
}

Tensor pixel_norm(const Tensor& x) { return x * (x.square().mean(1, true) + kEpsilon).rsqrt(); }

Tensor initial_mapper_value(const std::string& name, const std::vector<int64_t>& shape,
                            const Rng& rng) {
  const Tensor value = at::zeros(shape, at::kFloat);
  if (shape.size() < 2) return value;
  Rng draw = rng.fork(name);
  for (float& x : std::span(value.mutable_data_ptr<float>(), size_t(value.numel()))) {
    x = draw.normal() / static_cast<float>(kMultiplier);
  }
  return value;
}

}  // namespace vane
