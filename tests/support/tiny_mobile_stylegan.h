// SPDX-License-Identifier: Apache-2.0
#pragma once
// A generator of the published layout that is small enough to write in a test.

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/tensor/fwd.h"
#include "tests/support/openvino_file.h"

namespace vane {

inline constexpr double kSlope = 0.2, kGain = 1.5, kScale = 0.25;

inline Tensor leaky(const Tensor& x) { return at::where(x > 0, x, x * kSlope); }

/// One level of the transform as the graph spells it: transposed convolutions along one axis, then
/// along the other.
inline Tensor haar(const Tensor& low, const Tensor& high) {
  const int64_t n = low.size(0), c = low.size(1);
  const double a = std::sqrt(0.5);
  const auto along = [&](const Tensor& x, double second, bool rows) {
    const Tensor filter = at::tensor({a, a * second}).to(at::kFloat).repeat({c});
    const Tensor kernel = rows ? filter.view({c, 1, 2, 1}) : filter.view({c, 1, 1, 2});
    const std::vector<int64_t> stride =
        rows ? std::vector<int64_t>{2, 1} : std::vector<int64_t>{1, 2};
    return at::conv_transpose2d(x, kernel, {}, stride, 0, 0, c);
  };
  const Tensor bands = high.reshape({n, c, 3, high.size(2), high.size(3)});
  const Tensor left = along(low, 1, true) + along(bands.select(2, 0), -1, true);
  const Tensor right = along(bands.select(2, 1), 1, true) + along(bands.select(2, 2), -1, true);
  return along(left, 1, false) + along(right, -1, false);
}

/// A network of 8 features and two blocks (16 px features, 32 px pictures) or more, written and
/// computed at the same time.
class TinyNetwork {
 public:
  explicit TinyNetwork(const std::filesystem::path& folder, int blocks = 2) : blocks_(blocks) {
    at::manual_seed(3);
    std::filesystem::create_directories(folder);
    write_mapping();
    write_synthesis();
    mapping_file_.write(folder / "MappingNetwork");
    synthesis_file_.write(folder / "SynthesisNetwork");
  }

  Tensor map(const Tensor& z) const {
    Tensor x = z / at::sqrt(z.square().mean(1, true) + 1e-8);
    for (const auto& [matrix, bias] : mapping_) {
      x = leaky(at::matmul(x, matrix.t()) + bias) * kGain;
    }
    return x;
  }

  /// rows [2 + 3 blocks][N,8]; the rows of the published order.
  Tensor picture(const std::vector<Tensor>& rows) const {
    Tensor x = input_.repeat({rows[0].size(0), 1, 1, 1});
    x = convolve(x, layers_[0], rows[0]);
    for (size_t k = 0; k < size_t(blocks_); ++k) {
      const Tensor s = style(ups_[k], rows[3 * k + 1], 1);
      x = x * s;
      const int64_t quarter = x.size(1) / 4;
      x = haar(x.narrow(1, 0, quarter), x.narrow(1, quarter, 3 * quarter));
      x = convolve(x, layers_[2 * k + 1], rows[3 * k + 1]);
      x = convolve(x, layers_[2 * k + 2], rows[3 * k + 2]);
    }
    const Tensor y = at::conv2d(x * style(head_style_, rows[3 * size_t(blocks_)], kScale), head_) +
                     head_bias_.view({1, 12, 1, 1});
    return haar(y.narrow(1, 0, 3), y.narrow(1, 3, 9)) * 0.5 + 0.5;
  }

 private:
  struct Affine {
    Tensor weight, bias;
  };
  struct Layer {
    Affine style;
    Tensor depthwise, weight, noise, bias;
  };

  static Tensor random(std::vector<int64_t> shape) { return at::randn(shape) * 0.5; }

  void write_mapping() {
    OpenVinoFile& file = mapping_file_;
    int x = file.layer("Multiply", {file.layer("Parameter", {}), file.layer("Power", {})});
    for (int i = 0; i < 3; ++i) {
      mapping_.emplace_back(random({8, 8}), random({8}));
      x = file.layer("MatMul", {x, file.constant("", mapping_.back().first)});
      const int bias = file.layer("Reshape", {file.constant("", mapping_.back().second), x});
      x = file.layer("Add", {x, bias});
      x = file.layer("PReLU", {x, file.constant("", at::full({1}, kSlope))});
      x = file.layer("Multiply", {x, file.constant("", at::full({1, 1}, kGain))});
    }
    file.layer("Result", {x});
  }

  int write_style(const std::string& name, int64_t channels, bool scaled, Affine& affine) {
    OpenVinoFile& file = synthesis_file_;
    affine = {random({channels, 8}), random({channels})};
    int s = file.layer("MatMul", {w_, file.constant(name + "modulation.weight", affine.weight)});
    s = file.layer("Add",
                   {s, file.constant(name + "modulation.bias", affine.bias.view({1, channels}))});
    s = file.layer("Reshape", {s, w_});
    if (scaled) s = file.layer("Multiply", {s, file.constant("", at::full({1, 1, 1, 1}, kScale))});
    return s;
  }

  int write_layer(int x, const std::string& name, int64_t in, int64_t out, int64_t side,
                  bool separable) {
    OpenVinoFile& file = synthesis_file_;
    Layer layer;
    x = file.layer("Multiply", {write_style(name + "conv.", in, true, layer.style), x});
    if (separable) {
      layer.depthwise = random({in, 1, 3, 3});
      const int weight =
          file.constant(name + "conv.weight_dw", layer.depthwise.view({in, 1, 1, 3, 3}));
      x = file.layer("GroupConvolution", {x, weight});
    }
    const int64_t kernel = separable ? 1 : 3;
    layer.weight = random({out, in, kernel, kernel});
    layer.noise = random({1, 1, side, side});
    layer.bias = random({out});
    x = file.layer("Convolution", {x, file.constant("folded", layer.weight)});
    x = file.layer("Add", {x, file.constant("1572", layer.noise)});
    x = file.layer("Add", {x, file.constant(name + "bias", layer.bias.view({1, out, 1, 1}))});
    layers_.push_back(layer);
    return file.layer("PReLU", {x, file.constant("", at::full({1}, kSlope))});
  }

  void write_synthesis() {
    OpenVinoFile& file = synthesis_file_;
    w_ = file.layer("Parameter", {});
    input_ = random({1, 8, 4, 4});
    int x = file.constant("m.input.input", input_);
    x = write_layer(x, "m.conv1.", 8, 8, 4, false);
    for (int k = 0; k < blocks_; ++k) {
      const std::string name = fmt::format("m.layers.{}.", k);
      Affine up;
      x = file.layer("Multiply", {write_style(name + "up.", 8, false, up), x});
      ups_.push_back(up);
      x = file.layer("VariadicSplit", {x});
      x = write_layer(x, name + "conv1.", 2, 8, 8 << k, true);
      x = write_layer(x, name + "conv2.", 8, 8, 8 << k, true);
    }
    const std::string to_img = fmt::format("m.layers.{}.to_img.", blocks_ - 1);
    x = file.layer("Multiply", {write_style(to_img + "conv.", 8, true, head_style_), x});
    head_ = random({12, 8, 1, 1});
    head_bias_ = random({12});
    x = file.layer("Convolution", {x, file.constant(to_img + "conv.weight", head_)});
    x = file.layer("Add", {x, file.constant(to_img + "bias", head_bias_.view({1, 12, 1, 1}))});
    file.layer("Result", {x});
  }

  static Tensor style(const Affine& affine, const Tensor& w, double scale) {
    return ((at::matmul(w, affine.weight.t()) + affine.bias) * scale).view({w.size(0), -1, 1, 1});
  }
  static Tensor convolve(const Tensor& x, const Layer& layer, const Tensor& w) {
    Tensor y = x * style(layer.style, w, kScale);
    if (layer.depthwise.defined()) y = at::conv2d(y, layer.depthwise, {}, 1, 1, 1, y.size(1));
    y = at::conv2d(y, layer.weight, {}, 1, layer.weight.size(3) / 2);
    return leaky(y + layer.noise + layer.bias.view({1, -1, 1, 1}));
  }

  int blocks_;
  OpenVinoFile mapping_file_, synthesis_file_;
  int w_ = 0;
  std::vector<std::pair<Tensor, Tensor>> mapping_;
  Tensor input_, head_, head_bias_;
  std::vector<Layer> layers_;
  std::vector<Affine> ups_;
  Affine head_style_;
};

}  // namespace vane
