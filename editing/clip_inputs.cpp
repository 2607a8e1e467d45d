// SPDX-License-Identifier: Apache-2.0
#include "editing/clip_inputs.h"

#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

constexpr size_t kImageBatch = 8, kTextBatch = 32;
// The blur is made on a copy of this longer side, with this standard deviation: a tenth of it.
constexpr int64_t kBlurSide = 80, kBlurRadius = 20;
constexpr double kBlurDeviation = 8;

/// First and last index whose entry is true, or an empty range.
std::pair<int64_t, int64_t> extent(const Tensor& any) {
  const Tensor where = any.nonzero();
  if (where.numel() == 0) return {0, 0};
  return {where.min().item<int64_t>(), where.max().item<int64_t>() + 1};
}

/// The mask at the size of a picture. Throws Error{input} when nothing of it is white.
Tensor cover_of(const Tensor& picture, const Image& mask) {
  const Tensor cover =
      resize_bilinear(mask_to_tensor(mask), picture.size(2), picture.size(3)).clamp(0, 1);
  if (!(cover > 0.5).any().item<bool>()) {
    throw Error(ErrorCode::input, "the region mask has no white part");
  }
  return cover;
}

/// Gaussian blur that does not depend on the number of pixels. [1,3,H,W] -> the same.
Tensor strongly_blurred(const Tensor& picture) {
  const int64_t height = picture.size(2), width = picture.size(3);
  const double factor = double(kBlurSide) / double(std::max(height, width));
  const auto reduced = [factor](int64_t side) {
    return std::clamp<int64_t>(std::llround(double(side) * factor), 1, side);
  };
  Tensor x = resize_area(picture, reduced(height), reduced(width));
  const Tensor offset = at::arange(-kBlurRadius, kBlurRadius + 1, x.options());
  const Tensor weights = (offset.square() / (-2 * kBlurDeviation * kBlurDeviation)).exp();
  const Tensor kernel = (weights / weights.sum()).expand({3, 1, -1});
  constexpr std::array<int64_t, 2> kStep{1, 1}, kNone{0, 0};
  x = at::replication_pad2d(x, {kBlurRadius, kBlurRadius, kBlurRadius, kBlurRadius});
  x = at::conv2d(x, kernel.unsqueeze(2), {}, kStep, kNone, kStep, 3);
  x = at::conv2d(x, kernel.unsqueeze(3), {}, kStep, kNone, kStep, 3);
  return at::upsample_bilinear2d(x, {height, width}, false);
}

}  // namespace

Image blurred_surroundings(const Image& image, const Image& mask) {
  const at::NoGradGuard no_grad;
  const Tensor picture = image_to_tensor(image);
  const Tensor cover = cover_of(picture, mask);
  return tensor_to_image(picture * cover + strongly_blurred(picture) * (1 - cover));
}

Image masked_region(const Image& image, const Image& mask, const ClipPreprocess& preprocess) {
  const at::NoGradGuard no_grad;
  const Tensor picture = image_to_tensor(image);
  const Tensor cover = cover_of(picture, mask);
  const Tensor inside = cover[0][0] > 0.5;
  const auto [top, bottom] = extent(inside.any(1));
  const auto [left, right] = extent(inside.any(0));
  const auto colour = at::tensor(at::ArrayRef<float>(preprocess.mean.data(), 3),
                                 at::TensorOptions().dtype(at::kFloat));
  const Tensor painted = picture * cover + colour.view({1, 3, 1, 1}) * (1 - cover);
  return tensor_to_image(painted.slice(2, top, bottom).slice(3, left, right));
}

Tensor embed_image_files(const ClipEncoder& clip, const std::vector<std::filesystem::path>& files,
                         const RegionView& region, const Limits& limits, Job& job) {
  const at::NoGradGuard no_grad;
  DecodeOptions decode;
  decode.limits = limits;
  std::optional<Image> mask;
  if (!region.mask.empty()) mask = read_image(region.mask, decode);
  std::vector<Tensor> batch, rows;
  for (size_t i = 0; i < files.size(); ++i) {
    job.check_cancelled();
    job.progress(int64_t(i), int64_t(files.size()), "embedding pictures");
    Image image = read_image(files[i], decode);
    if (mask) {
      image = region.style == "crop" ? masked_region(image, *mask, clip.info().preprocess)
                                     : blurred_surroundings(image, *mask);
    }
    batch.push_back(preprocess_exact(image, clip.info().preprocess));
    if (batch.size() == kImageBatch || i + 1 == files.size()) {
      rows.push_back(clip.image_embedding_of_input(at::cat(batch)));
      batch.clear();
    }
  }
  job.progress(int64_t(files.size()), int64_t(files.size()), "embedding pictures");
  return at::cat(rows);
}

Tensor embed_texts(const ClipEncoder& clip, const std::vector<std::string>& texts,
                   std::vector<std::string>& truncated, Job& job) {
  const at::NoGradGuard no_grad;
  const std::vector<bool> cut = clip.tokenize(texts).truncated;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!cut[i]) continue;
    truncated.push_back(texts[i]);
    job.warn("cut to " + std::to_string(clip.info().context_length) +
             " tokens: " + printable(texts[i], 80));
  }
  std::vector<Tensor> rows;
  for (size_t i = 0; i < texts.size(); i += kTextBatch) {
    job.check_cancelled();
    job.progress(int64_t(i), int64_t(texts.size()), "embedding texts");
    const auto first = texts.begin() + std::ptrdiff_t(i);
    const auto count = std::min(kTextBatch, texts.size() - i);
    rows.push_back(clip.text_embedding({first, first + std::ptrdiff_t(count)}));
  }
  return at::cat(rows);
}

}  // namespace vane
