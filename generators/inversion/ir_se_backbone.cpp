// SPDX-License-Identifier: Apache-2.0
#include "generators/inversion/ir_se_backbone.h"

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr double kNormEpsilon = 1e-5;  // torch.nn.BatchNorm2d
constexpr int64_t kReduction = 16;     // of squeeze and excitation
constexpr std::array<int64_t, 4> kUnits{3, 4, 14, 3};

Tensor conv(const IrConv& layer, const Tensor& x, int64_t stride) {
  const int64_t padding = layer.weight.size(2) / 2;
  if (layer.folded_weight.defined()) {
    return at::conv2d(x, layer.folded_weight, layer.folded_bias, stride, padding);
  }
  return stored_norm(layer.norm, at::conv2d(x, layer.weight, {}, stride, padding));
}

Tensor excited(const IrSeUnit& unit, const Tensor& x) {
  const Tensor squeezed = at::relu(at::linear(x.mean({2, 3}), unit.reduce.flatten(1)));
  return x * at::sigmoid(at::linear(squeezed, unit.expand.flatten(1))).unsqueeze(2).unsqueeze(3);
}

Tensor every_pixel(const Tensor& x, int64_t stride) {
  return stride == 1 ? x : x.slice(2, 0, std::nullopt, stride).slice(3, 0, std::nullopt, stride);
}

Tensor forward(const IrSeUnit& unit, const Tensor& x) {
  const Tensor shortcut =
      unit.in == unit.depth ? every_pixel(x, unit.stride) : conv(unit.shortcut, x, unit.stride);
  const Tensor y =
      at::prelu(at::conv2d(stored_norm(unit.norm, x), unit.conv1, {}, 1, 1), unit.slope);
  return excited(unit, conv(unit.conv2, y, unit.stride)) + shortcut;
}

void visit_conv(IrConv& layer, const std::string& conv, const std::string& norm, int64_t out,
                int64_t in, int64_t kernel, const ParameterVisitor& visit) {
  visit(conv + ".weight", layer.weight, {out, in, kernel, kernel});
  visit_norm(layer.norm, norm, out, visit);
}

void fold(IrConv& layer) {
  const Tensor scale = layer.norm.weight * (layer.norm.variance + kNormEpsilon).rsqrt();
  layer.folded_weight = layer.weight * scale.view({-1, 1, 1, 1});
  layer.folded_bias = layer.norm.bias - layer.norm.mean * scale;
}

}  // namespace

IrSeBackbone make_ir_se_backbone(const IrSeWidths& widths, int64_t channels) {
  IrSeBackbone backbone;
  backbone.widths = widths;
  backbone.channels = channels;
  int64_t in = widths[0];
  for (size_t group = 0; group < kUnits.size(); ++group) {
    if (widths[group] < kReduction || widths[group] % kReduction != 0) {
      throw Error(ErrorCode::usage, "the widths of an IR-SE network are multiples of 16");
    }
    for (int64_t i = 0; i < kUnits[group]; ++i) {
      IrSeUnit unit;
      unit.in = in;
      unit.depth = widths[group];
      unit.stride = i == 0 ? 2 : 1;
      backbone.units.push_back(std::move(unit));
      in = widths[group];
    }
  }
  return backbone;
}

IrSeBackbone make_ir_se_backbone(const Weights& weights) {
  // What no convolution could have is left to the published size, and then found not to fit it.
  IrSeWidths widths = kPublishedIrSeWidths;
  int64_t unit = 0;
  for (size_t group = 0; group < kUnits.size(); ++group) {
    const std::vector<int64_t> shape =
        weights.shape("body." + std::to_string(unit) + ".res_layer.1.weight");
    if (shape.size() == 4 && shape[0] > 0 && shape[0] % kReduction == 0) widths[group] = shape[0];
    unit += kUnits[group];
  }
  const std::vector<int64_t> input = weights.shape("input_layer.0.weight");
  return make_ir_se_backbone(widths, input.size() == 4 ? input[1] : 3);
}

void visit_norm(StoredNorm& norm, const std::string& name, int64_t channels,
                const ParameterVisitor& visit) {
  visit(name + ".weight", norm.weight, {channels});
  visit(name + ".bias", norm.bias, {channels});
  visit(name + ".running_mean", norm.mean, {channels});
  visit(name + ".running_var", norm.variance, {channels});
}

void visit_parameters(IrSeBackbone& backbone, const ParameterVisitor& visit) {
  visit_conv(backbone.input, "input_layer.0", "input_layer.1", backbone.widths[0],
             backbone.channels, 3, visit);
  visit("input_layer.2.weight", backbone.input_slope, {backbone.widths[0]});
  for (size_t i = 0; i < backbone.units.size(); ++i) {
    IrSeUnit& unit = backbone.units[i];
    const std::string body = "body." + std::to_string(i), residual = body + ".res_layer.";
    const int64_t depth = unit.depth;
    visit_norm(unit.norm, residual + "0", unit.in, visit);
    visit(residual + "1.weight", unit.conv1, {depth, unit.in, 3, 3});
    visit(residual + "2.weight", unit.slope, {depth});
    visit_conv(unit.conv2, residual + "3", residual + "4", depth, depth, 3, visit);
    visit(residual + "5.fc1.weight", unit.reduce, {depth / kReduction, depth, 1, 1});
    visit(residual + "5.fc2.weight", unit.expand, {depth, depth / kReduction, 1, 1});
    if (unit.in != depth) {
      visit_conv(unit.shortcut, body + ".shortcut_layer.0", body + ".shortcut_layer.1", depth,
                 unit.in, 1, visit);
    }
  }
}

void fold_norms(IrSeBackbone& backbone) {
  const at::NoGradGuard no_grad;
  fold(backbone.input);
  for (IrSeUnit& unit : backbone.units) {
    fold(unit.conv2);
    if (unit.in != unit.depth) fold(unit.shortcut);
  }
}

PyramidFeatures ir_se_features(const IrSeBackbone& backbone, const Tensor& image) {
  if (image.dim() != 4 || image.size(1) != backbone.channels) {
    throw Error(ErrorCode::usage, "this IR-SE network needs pictures [N," +
                                      std::to_string(backbone.channels) + ",H,W]");
  }
  PyramidFeatures features;
  Tensor x = at::prelu(conv(backbone.input, image, 1), backbone.input_slope);
  int64_t left = kUnits[0];
  size_t group = 0;
  for (const IrSeUnit& unit : backbone.units) {
    x = forward(unit, x);
    if (--left > 0) continue;
    if (group == 1) features.c1 = x;
    if (group == 2) features.c2 = x;
    if (group == 3) features.c3 = x;
    if (++group < kUnits.size()) left = kUnits[group];
  }
  return features;
}

Tensor stored_norm(const StoredNorm& norm, const Tensor& x) {
  return at::batch_norm(x, norm.weight, norm.bias, norm.mean, norm.variance, false, 0.1,
                        kNormEpsilon, false);
}

}  // namespace vane
