// SPDX-License-Identifier: Apache-2.0
// Both conventions hold the same numbers under other names and with other leading axes of size 1,
// so one reader asks for names and folds the gains in.
#include <fmt/format.h>

#include <numbers>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/modulated_convolution.h"
#include "generators/stylegan/stylegan2.h"
#include "generators/stylegan/stylegan2_names.h"

namespace vane {
namespace {

// 4 << 9 is 2048 px, twice the largest that was published.
constexpr int64_t kMostBlocks = 10;
constexpr int64_t kMostMappingLayers = 64;
// Eight times the widest that was published; two forged sizes then stay an affordable product.
constexpr int64_t kMostChannels = 4096;

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

/// Until `finish` of the weights was called, tensors that did not fit are undefined.
class StyleGan2Reader {
  using Shape = std::vector<int64_t>;

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
  Tensor read_average(const Weights& from) const {
    const Tensor average = from.take_optional(names_.average_w(), {w_dim_});
    return average.defined() ? average.clone() : average;
  }

 private:
  bool rosinality() const { return names_.convention() == StyleGan2Convention::rosinality; }

  /// Size `axis` from the end of a tensor, or `otherwise` when it is not there or has fewer axes:
  /// then taking the tensor says so, among all other faults.
  int64_t side(const std::string& name, size_t axis, int64_t otherwise) const {
    if (!weights_.contains(name)) return otherwise;
    const std::vector<int64_t> shape = weights_.shape(name);
    if (shape.size() <= axis) return otherwise;
    const int64_t size = std::max<int64_t>(1, shape[shape.size() - 1 - axis]);
    if (size <= kMostChannels) return size;
    throw refusal(weights_.table(), fmt::format("{} is wider than any StyleGAN2", name));
  }

  /// A copy of the tensor times `gain`, without the sizes of 1 that `stored` has in front;
  /// undefined when it does not fit, which is on record then.
  Tensor taken(const std::string& name, const std::vector<int64_t>& stored,
               const std::vector<int64_t>& shape, double gain = 1) const {
    const Tensor tensor = weights_.take(name, stored);
    const bool fits = weights_.contains(name) && weights_.shape(name) == stored;
    return fits ? tensor.reshape(shape) * gain : Tensor();
  }

  /// [O,I,k,k], which rosinality stores with one axis of size 1 in front.
  Tensor kernel(const std::string& name, int64_t out, int64_t in, int64_t taps) const {
    const std::vector<int64_t> shape = {out, in, taps, taps};
    std::vector<int64_t> stored = shape;
    if (rosinality()) stored.insert(stored.begin(), 1);
    return taken(name, stored, shape, 1 / std::sqrt(static_cast<double>(in * taps * taps)));
  }

  StyleAffine affine(const std::string& weight, const std::string& bias, int64_t channels) const {
    const double gain = 1 / std::sqrt(static_cast<double>(w_dim_));
    return {taken(weight, {channels, w_dim_}, {channels, w_dim_}, gain),
            taken(bias, {channels}, {channels}), 1};
  }

  void read_mapping(StyleGan2& model) {
    const std::vector<std::string> names = weights_.names();
    const double lr_mul = options_.mapping_lr_mul;
    int64_t in = side(names_.mapping(0) + "weight", 0, 512);
    for (int64_t j = 0; j < kMostMappingLayers; ++j) {
      const std::string prefix = names_.mapping(j);
      if (j > 0 && !any_starts_with(names, prefix)) break;
      const int64_t out = side(prefix + "bias", 0, side(prefix + "weight", 1, in));
      const double gain = lr_mul / std::sqrt(static_cast<double>(in));
      model.mapping_.push_back({taken(prefix + "weight", {out, in}, {out, in}, gain),
                                taken(prefix + "bias", {out}, {out}, lr_mul), 0.2,
                                std::numbers::sqrt2});
      in = out;
    }
    w_dim_ = in;
  }

  StyledConvolution convolution(int64_t i, int64_t out, int64_t in, int64_t r) const {
    const ConvolutionNames names = names_.convolution(i);
    const bool ros = rosinality();
    StyledConvolution layer;
    layer.up = i % 2 == 1;
    layer.style = affine(names.style_weight, names.style_bias, in);
    layer.weight = kernel(names.weight, out, in, 3);
    if (layer.weight.defined()) {
      layer.energy = energy_of(layer.weight, false);
      if (layer.up) layer.weight = layer.weight.transpose(0, 1).contiguous();
    }
    layer.bias = taken(names.bias, {out}, {out});
    layer.noise_strength = taken(names.noise_strength, ros ? Shape{1} : Shape{}, {1});
    layer.noise = taken(names.noise, ros ? Shape{1, 1, r, r} : Shape{r, r}, {1, 1, r, r});
    return layer;
  }

  ToRgb to_rgb(int64_t k, int64_t in) const {
    const ToRgbNames names = names_.to_rgb(k);
    const Tensor weight = kernel(names.weight, 3, in, 1);
    return {affine(names.style_weight, names.style_bias, in),
            weight.defined() ? weight.flatten(1) : weight,
            taken(names.bias, rosinality() ? Shape{1, 3, 1, 1} : Shape{3}, {1, 3, 1, 1})};
  }

  void read_synthesis(StyleGan2& model) {
    const std::vector<std::string> names = weights_.names();
    int64_t in = side(names_.input(), 2, side(names_.convolution(0).style_bias, 0, 512));
    model.input_ =
        taken(names_.input(), rosinality() ? Shape{1, in, 4, 4} : Shape{in, 4, 4}, {1, in, 4, 4});
    for (int64_t k = 0; k < kMostBlocks; ++k) {
      if (k > 0 && !any_starts_with(names, names_.to_rgb_prefix(k))) break;
      for (int64_t i = k == 0 ? 0 : 2 * k - 1; i <= 2 * k; ++i) {
        const ConvolutionNames layer = names_.convolution(i);
        const int64_t out = side(layer.bias, 0, side(layer.weight, 3, in));
        model.convolutions_.push_back(convolution(i, out, in, int64_t{4} << k));
        in = out;
      }
      model.to_rgbs_.push_back(to_rgb(k, in));
    }
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
  model.average_w_ = reader.read_average(weights);
  if (!model.average_w_.defined()) model.average_w_ = reader.read_average(file);
  file.finish();
  model.make_style_table();
  if (!model.average_w_.defined() && file.table().format.starts_with("torch")) {
    model.average_w_ = average_beside(path, model.w_dim(), limits);
  }
  if (!model.average_w_.defined()) model.average_w_ = model.sampled_average();
  model.content_hash_ = file.table().content_hash();
  return model;
}

}  // namespace vane
