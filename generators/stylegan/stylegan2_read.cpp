// SPDX-License-Identifier: Apache-2.0
// Both conventions hold the same numbers under other names and with other leading axes of size 1,
// so one reader asks for names and folds the gains in.
#include <fmt/format.h>

#include <numbers>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/stylegan2.h"
#include "generators/stylegan/stylegan2_names.h"

namespace vane {
namespace {

// 4 << 9 is 2048 px, twice the largest that was published.
constexpr int64_t kMostBlocks = 10;
constexpr int64_t kMostMappingLayers = 64;

bool any_starts_with(const std::vector<std::string>& names, std::string_view prefix) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name.starts_with(prefix); });
}

Error refusal(const TensorTable& table, const std::string& message, const std::string& hint = {}) {
  Error error(ErrorCode::checkpoint, message);
  return std::move(
      std::move(error)
          .in_file(table.path)
          .with_hint(hint.empty() ? "`vane models inspect` lists what the file holds" : hint));
}

StyleGan2Convention convention_of(const Weights& weights) {
  const std::vector<std::string> names = weights.names();
  if (any_starts_with(names, "synthesis.input.")) {
    throw refusal(weights.table(), "is a StyleGAN3, which is not supported");
  }
  if (any_starts_with(names, "mapping.embed.")) {
    throw refusal(weights.table(),
                  "is a StyleGAN2 with class labels (mapping.embed), which is not supported");
  }
  if (any_starts_with(names, "synthesis.b4.")) return StyleGan2Convention::nvlabs;
  if (any_starts_with(names, "to_rgb1.") || any_starts_with(names, "conv1.conv.")) {
    return StyleGan2Convention::rosinality;
  }
  throw refusal(weights.table(), "these tensors are not those of a StyleGAN2");
}

}  // namespace

class StyleGan2Reader {
 public:
  StyleGan2Reader(const Weights& weights, const StyleGan2Options& options)
      : weights_(weights), names_(convention_of(weights)), options_(options) {}

  StyleGan2 read() {
    StyleGan2 model;
    read_mapping(model);
    read_synthesis(model);
    for (const std::string& name : weights_.names()) {
      if (names_.is_filter(name)) weights_.ignore(name);
    }
    return model;
  }

  /// Undefined when the file has none.
  Tensor read_average(const Weights& from, int64_t features) const {
    const Tensor average = from.take_optional(names_.average_w(), {features});
    return average.defined() ? average.clone() : average;
  }

 private:
  bool rosinality() const { return names_.convention() == StyleGan2Convention::rosinality; }

  /// Size `axis` from the end of a tensor, or `otherwise` when it is not there or has fewer axes:
  /// then taking the tensor says so, among all other faults.
  int64_t side(const std::string& name, size_t axis, int64_t otherwise) const {
    if (!weights_.contains(name)) return otherwise;
    const std::vector<int64_t> shape = weights_.shape(name);
    return shape.size() > axis ? std::max<int64_t>(1, shape[shape.size() - 1 - axis]) : otherwise;
  }

  /// [O,I,k,k], which rosinality stores with one axis of size 1 in front.
  Tensor kernel(const std::string& name, int64_t out, int64_t in, int64_t taps) const {
    const std::vector<int64_t> shape = {out, in, taps, taps};
    std::vector<int64_t> stored = shape;
    if (rosinality()) stored.insert(stored.begin(), 1);
    const double gain = 1 / std::sqrt(static_cast<double>(in * taps * taps));
    return weights_.take(name, stored).view(shape) * gain;
  }

  StyleAffine affine(const std::string& weight, const std::string& bias, int64_t channels) const {
    const double gain = 1 / std::sqrt(static_cast<double>(w_dim_));
    return {weights_.take(weight, {channels, w_dim_}) * gain,
            weights_.take(bias, {channels}).clone(), 1};
  }

  void read_mapping(StyleGan2& model) {
    const std::vector<std::string> names = weights_.names();
    const std::string first = names_.mapping(0) + "weight";
    int64_t in = side(first, 0, 512);
    for (int64_t j = 0; j < kMostMappingLayers; ++j) {
      const std::string prefix = names_.mapping(j);
      if (j > 0 && !any_starts_with(names, prefix)) break;
      const int64_t out = side(prefix + "bias", 0, side(prefix + "weight", 1, in));
      const double lr_mul = options_.mapping_lr_mul;
      MappingLayer layer;
      layer.weight = weights_.take(prefix + "weight", {out, in}) * (lr_mul / std::sqrt(double(in)));
      layer.bias = weights_.take(prefix + "bias", {out}) * lr_mul;
      layer.gain = std::numbers::sqrt2;
      model.mapping_.push_back(std::move(layer));
      in = out;
    }
    w_dim_ = in;
  }

  StyledConvolution convolution(int64_t i, int64_t in, int64_t r) const {
    const ConvolutionNames names = names_.convolution(i);
    const int64_t out = side(names.bias, 0, side(names.weight, 3, in));
    StyledConvolution layer;
    layer.up = i % 2 == 1;
    layer.style = affine(names.style_weight, names.style_bias, in);
    layer.weight = kernel(names.weight, out, in, 3);
    layer.energy = layer.weight.square().sum({2, 3});
    if (layer.up) layer.weight = layer.weight.transpose(0, 1).contiguous();
    layer.bias = weights_.take(names.bias, {out}).clone();
    layer.noise_strength = weights_
                               .take(names.noise_strength, rosinality() ? std::vector<int64_t>{1}
                                                                        : std::vector<int64_t>{})
                               .reshape({1})
                               .clone();
    layer.noise = weights_
                      .take(names.noise, rosinality() ? std::vector<int64_t>{1, 1, r, r}
                                                      : std::vector<int64_t>{r, r})
                      .reshape({1, 1, r, r})
                      .clone();
    return layer;
  }

  ToRgb to_rgb(int64_t k, int64_t in) const {
    const ToRgbNames names = names_.to_rgb(k);
    ToRgb layer;
    layer.style = affine(names.style_weight, names.style_bias, in);
    layer.weight = kernel(names.weight, 3, in, 1).flatten(1);
    layer.bias = weights_
                     .take(names.bias, rosinality() ? std::vector<int64_t>{1, 3, 1, 1}
                                                    : std::vector<int64_t>{3})
                     .reshape({1, 3, 1, 1})
                     .clone();
    return layer;
  }

  void read_synthesis(StyleGan2& model) {
    const std::vector<std::string> names = weights_.names();
    int64_t channels = side(names_.input(), 2, side(names_.convolution(0).style_bias, 0, 512));
    std::vector<int64_t> stored = {channels, 4, 4};
    if (rosinality()) stored.insert(stored.begin(), 1);
    model.input_ = weights_.take(names_.input(), stored).reshape({1, channels, 4, 4}).clone();
    for (int64_t k = 0; k < kMostBlocks; ++k) {
      if (k > 0 && !any_starts_with(names, names_.to_rgb_prefix(k))) break;
      for (int64_t i = k == 0 ? 0 : 2 * k - 1; i <= 2 * k; ++i) {
        model.convolutions_.push_back(convolution(i, channels, int64_t{4} << k));
        channels = model.convolutions_.back().bias.size(0);
      }
      model.to_rgbs_.push_back(to_rgb(k, channels));
    }
    model.make_style_table();
  }

  Weights weights_;
  StyleGan2Names names_;
  StyleGan2Options options_;
  int64_t w_dim_ = 0;
};

namespace {

/// Files of a training hold the averaged generator beside others, files of a conversion hold it
/// beside the mean of w; in safetensors both are prefixes.
Weights generator_of(const Weights& file) {
  const std::vector<std::string> names = file.names();
  for (const std::string_view prefix : {"g_ema.", "G_ema."}) {
    if (!any_starts_with(names, prefix)) continue;
    for (const std::string& name : names) {
      const bool other_network = name.starts_with("g.") || name.starts_with("d.") ||
                                 name.starts_with("G.") || name.starts_with("D.");
      if (other_network) file.ignore(name);
    }
    return file.under(prefix);
  }
  return file;
}

/// The mean of w lies beside the state dict of a converted `.pt`, out of its reach. Undefined when
/// it does not.
Tensor average_beside(const std::filesystem::path& path, int64_t features, const Limits& limits) {
  TensorTable table;
  try {
    table = open_weights(path, limits, "latent_avg");
  } catch (const Error&) {
    return {};  // the file was read already, so only the key can be missing
  }
  if (table.tensors.size() != 1) return {};
  table.tensors.front().name = "latent_avg";
  table.reindex();
  const Weights weights(std::move(table));
  const Tensor average = weights.take("latent_avg", {features}).clone();
  weights.finish();
  return average;
}

}  // namespace

StyleGan2 StyleGan2::load(const std::filesystem::path& path, const StyleGan2Options& options,
                          const Limits& limits) {
  const at::NoGradGuard no_grad;
  const Weights file(open_weights(path, limits));
  const Weights weights = generator_of(file);
  StyleGan2Reader reader(weights, options);
  StyleGan2 model = reader.read();
  model.average_w_ = reader.read_average(weights, model.w_dim());
  if (!model.average_w_.defined()) model.average_w_ = reader.read_average(file, model.w_dim());
  file.finish();
  if (!model.average_w_.defined() && file.table().format.starts_with("torch")) {
    model.average_w_ = average_beside(path, model.w_dim(), limits);
  }
  if (!model.average_w_.defined()) model.average_w_ = model.sampled_average();
  model.content_hash_ = file.table().content_hash();
  return model;
}

}  // namespace vane
