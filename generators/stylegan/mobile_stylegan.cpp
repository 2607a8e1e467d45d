// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/mobile_stylegan.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

/// Rows are the four pixels of a 2x2 block in reading order; columns are the bands low, difference
/// of rows, difference of columns, difference of both. Symmetric and orthonormal, so its own
/// inverse.
Tensor haar_matrix(const Tensor& like) {
  static const float kSigns[16] = {1, 1, 1, 1, 1, 1, -1, -1, 1, -1, 1, -1, 1, -1, -1, 1};
  return at::from_blob(const_cast<float*>(kSigns), {4, 4}).to(like.options()).mul(0.5);
}

/// Bands lie as all low ones, then the three high ones of each channel.
Tensor by_channel(const Tensor& bands, int64_t channels) {
  const int64_t n = bands.size(0), height = bands.size(2), width = bands.size(3);
  return at::cat({bands.narrow(1, 0, channels).reshape({n, channels, 1, height, width}),
                  bands.narrow(1, channels, 3 * channels).reshape({n, channels, 3, height, width})},
                 2);
}

Tensor activated(const Tensor& x, const StyledLayer& layer) {
  return at::leaky_relu(x + layer.noise + layer.bias.view({1, -1, 1, 1}), layer.slope);
}

/// The style scales input channels, and so does a depthwise convolution: scaling the columns of the
/// pointwise matrix instead of the pixels gives the same and is much less work.
Tensor separable(const Tensor& x, const StyledLayer& layer, const Tensor& style) {
  const int64_t channels = layer.depthwise.size(0);
  const Tensor spatial = at::conv2d(x, layer.depthwise, {}, 1, 1, 1, channels);
  const Tensor matrix = layer.weight.flatten(1).unsqueeze(0) * style.unsqueeze(1);
  const Tensor mixed = at::matmul(matrix, spatial.flatten(2));
  return activated(mixed.view({x.size(0), -1, x.size(2), x.size(3)}), layer);
}

Tensor ordinary(const Tensor& x, const StyledLayer& layer, const Tensor& style) {
  const Tensor scaled = x * style.view({style.size(0), -1, 1, 1});
  return activated(at::conv2d(scaled, layer.weight, {}, 1, layer.weight.size(3) / 2), layer);
}

Tensor head_bands(const WaveletHead& head, const Tensor& x, const Tensor& style) {
  const Tensor matrix = head.weight.flatten(1).unsqueeze(0) * style.unsqueeze(1);
  const Tensor mixed = at::matmul(matrix, x.flatten(2)).view({x.size(0), 12, x.size(2), x.size(3)});
  return mixed + head.bias.view({1, -1, 1, 1});
}

// Networks speak of [-1,1].
Tensor full_picture(const Tensor& bands) { return inverse_haar(bands) * 0.5 + 0.5; }
Tensor half_picture(const Tensor& bands) { return bands.narrow(1, 0, 3) * 0.25 + 0.5; }

// Position of the first style of block `k` in the table.
size_t block_entry(int64_t k) { return 3 * static_cast<size_t>(k) + 1; }

}  // namespace

Tensor inverse_haar(const Tensor& bands) {
  const int64_t n = bands.size(0), channels = bands.size(1) / 4;
  const int64_t height = bands.size(2), width = bands.size(3);
  const Tensor pixels = at::matmul(haar_matrix(bands), by_channel(bands, channels).flatten(3));
  return at::pixel_shuffle(pixels.view({n, 4 * channels, height, width}), 2);
}

Tensor forward_haar(const Tensor& picture) {
  const int64_t n = picture.size(0), channels = picture.size(1);
  const int64_t height = picture.size(2) / 2, width = picture.size(3) / 2;
  const Tensor pixels = at::pixel_unshuffle(picture, 2).view({n, channels, 4, height * width});
  const Tensor bands =
      at::matmul(haar_matrix(picture), pixels).view({n, channels, 4, height, width});
  return at::cat(
      {bands.select(2, 0), bands.narrow(2, 1, 3).reshape({n, 3 * channels, height, width})}, 1);
}

int64_t MobileStyleGan::size() const {
  return input_.size(3) << (static_cast<int64_t>(blocks_.size()) + 1);
}

std::vector<RowUse> MobileStyleGan::row_uses() const {
  std::vector<RowUse> uses{{4, true}};
  for (int64_t k = 0; k < blocks(); ++k) {
    const int64_t side = int64_t{8} << k;
    uses.insert(uses.end(), {{side, true}, {side, true}, {side, k + 1 == blocks()}});
  }
  uses.push_back({int64_t{4} << blocks(), false});
  return uses;
}

void MobileStyleGan::make_style_table() {
  const auto add = [this](std::string_view kind, int64_t side, int64_t row, bool to_rgb = false) {
    style_table_.push_back({fmt::format("{}_resolution_{}", kind, side), side, 0, row, to_rgb});
    style_table_.back().channels = style_affine(style_table_.size() - 1).weight.size(0);
  };
  add("conv1", 4, 0);
  for (int64_t k = 0; k < blocks(); ++k) {
    const int64_t side = int64_t{8} << k;
    add("up", side, 3 * k + 1);
    add("conv0", side, 3 * k + 1);
    add("conv1", side, 3 * k + 2);
  }
  add("toRGB", int64_t{4} << blocks(), rows() - 2, true);
}

const StyleAffine& MobileStyleGan::style_affine(size_t i) const {
  if (i == 0) return first_.style;
  if (i == block_entry(blocks())) return head_.style;
  const MobileBlock& block = blocks_[(i - 1) / 3];
  return (i - 1) % 3 == 0 ? block.up : (i - 1) % 3 == 1 ? block.first.style : block.second.style;
}

Tensor MobileStyleGan::features_behind(const StyleCode& code, int64_t blocks) const {
  Tensor x = ordinary(input_.expand({code[0].size(0), -1, -1, -1}), first_, code[0]);
  for (int64_t k = 0; k < blocks; ++k) {
    const MobileBlock& block = blocks_[static_cast<size_t>(k)];
    const size_t entry = block_entry(k);
    const Tensor& style = code[entry];
    x = inverse_haar(x * style.view({style.size(0), -1, 1, 1}));
    x = separable(x, block.first, code[entry + 1]);
    x = separable(x, block.second, code[entry + 2]);
  }
  return x;
}

Tensor MobileStyleGan::features(const Tensor& w, int64_t k) const {
  if (k < 0 || k >= blocks()) throw Error(ErrorCode::usage, "the generator has no such block");
  return features_behind(styles(w), k + 1);
}

Tensor MobileStyleGan::bands(const StyleCode& code, const Tensor& to_rgb_latent) const {
  check_code(code);
  if (to_rgb_latent.defined()) check_latent(to_rgb_latent);
  const Tensor style = to_rgb_latent.defined()
                           ? style_of(head_.style, latent_row(to_rgb_latent, rows() - 2))
                           : code.back();
  return head_bands(head_, features_behind(code, blocks()), style);
}

Tensor MobileStyleGan::synthesise(const Tensor& w) const { return synthesise_styles(styles(w)); }

Tensor MobileStyleGan::synthesise_half(const Tensor& w) const {
  return half_picture(bands(styles(w), {}));
}

Tensor MobileStyleGan::synthesise_styles(const StyleCode& code, const Tensor& to_rgb_latent) const {
  return full_picture(bands(code, to_rgb_latent));
}

Tensor MobileStyleGan::synthesise_at(const Tensor& w, int64_t side) const {
  return synthesise_styles_at(styles(w), side, w);
}

Tensor MobileStyleGan::synthesise_styles_at(const StyleCode& code, int64_t side,
                                            const Tensor& to_rgb_latent) const {
  check_side(side);
  const auto reduced = [side](const Tensor& picture) {
    return picture.size(2) == side ? picture : resize_area(picture, side, side);
  };
  for (const PreviewHead& preview : previews_) {
    if (!to_rgb_latent.defined() || int64_t{16} << preview.block < side) continue;
    check_code(code);
    check_latent(to_rgb_latent);
    const Tensor x = features_behind(code, preview.block + 1);
    const Tensor style =
        style_of(preview.head.style, latent_row(to_rgb_latent, 3 * preview.block + 2));
    return reduced(full_picture(head_bands(preview.head, x, style)));
  }
  const Tensor bands = this->bands(code, to_rgb_latent);
  return reduced(2 * side <= size() ? half_picture(bands) : full_picture(bands));
}

void MobileStyleGan::set_preview_heads(std::vector<PreviewHead> heads) {
  std::sort(heads.begin(), heads.end(),
            [](const PreviewHead& a, const PreviewHead& b) { return a.block < b.block; });
  for (const PreviewHead& preview : heads) {
    const bool has_block = preview.block >= 0 && preview.block < blocks() - 1;
    const int64_t channels =
        has_block ? blocks_[static_cast<size_t>(preview.block)].second.weight.size(0) : 0;
    const WaveletHead& head = preview.head;
    if (!has_block || head.style.weight.sizes() != at::IntArrayRef({channels, w_dim()}) ||
        head.style.bias.sizes() != at::IntArrayRef({channels}) ||
        head.weight.sizes() != at::IntArrayRef({12, channels, 1, 1}) ||
        head.bias.sizes() != at::IntArrayRef({12})) {
      throw Error(ErrorCode::usage,
                  fmt::format("a preview head does not fit block {}", preview.block));
    }
  }
  previews_ = std::move(heads);
}

namespace {

constexpr const char* kGeneratorKey = "generator";

/// Shows the tensors of a head of `channels` features.
template <class Visit>
void visit_head(PreviewHead& preview, int64_t channels, int64_t w, const Visit& visit) {
  const std::string name = fmt::format("block{}.", preview.block);
  visit(name + "style.weight", preview.head.style.weight, std::vector<int64_t>{channels, w});
  visit(name + "style.bias", preview.head.style.bias, std::vector<int64_t>{channels});
  visit(name + "weight", preview.head.weight, std::vector<int64_t>{12, channels, 1, 1});
  visit(name + "bias", preview.head.bias, std::vector<int64_t>{12});
}

}  // namespace

bool MobileStyleGan::load_preview_heads(const std::filesystem::path& path, const Limits& limits) {
  const Weights weights(open_weights(path, limits));
  const auto& metadata = weights.table().metadata;
  const auto made_for = metadata.find(kGeneratorKey);
  if (made_for == metadata.end() || made_for->second != content_hash()) return false;
  std::vector<PreviewHead> heads;
  for (int64_t k = 0; k + 1 < blocks(); ++k) {
    if (!weights.contains(fmt::format("block{}.weight", k))) continue;
    PreviewHead preview;
    preview.block = k;
    visit_head(preview, blocks_[static_cast<size_t>(k)].second.weight.size(0), w_dim(),
               [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
                 tensor = weights.take(name, shape);
               });
    heads.push_back(std::move(preview));
  }
  weights.finish();
  set_preview_heads(std::move(heads));
  return true;
}

void MobileStyleGan::save_preview_heads(const std::filesystem::path& path) const {
  std::map<std::string, Tensor> halves;
  for (PreviewHead preview : previews_) {
    visit_head(preview, 0, 0, [&](const std::string& name, Tensor& tensor, const auto&) {
      halves[name] = tensor.detach().to(at::kHalf);
    });
  }
  save_tensors(path, halves, {{kGeneratorKey, content_hash()}});
}

}  // namespace vane
