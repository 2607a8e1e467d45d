// SPDX-License-Identifier: Apache-2.0
#include "editing/clip_inputs.h"

#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

constexpr size_t kImageBatch = 8, kTextBatch = 32;

/// First and last index whose entry is true, or an empty range.
std::pair<int64_t, int64_t> extent(const Tensor& any) {
  const Tensor where = any.nonzero();
  if (where.numel() == 0) return {0, 0};
  return {where.min().item<int64_t>(), where.max().item<int64_t>() + 1};
}

}  // namespace

Image masked_region(const Image& image, const Image& mask, const ClipPreprocess& preprocess) {
  const at::NoGradGuard no_grad;
  const Tensor picture = image_to_tensor(image);
  const Tensor cover =
      resize_bilinear(mask_to_tensor(mask), picture.size(2), picture.size(3)).clamp(0, 1);
  const Tensor inside = cover[0][0] > 0.5;
  const auto [top, bottom] = extent(inside.any(1));
  const auto [left, right] = extent(inside.any(0));
  if (top == bottom) throw Error(ErrorCode::input, "the region mask has no white part");
  const auto colour = at::tensor(at::ArrayRef<float>(preprocess.mean.data(), 3),
                                 at::TensorOptions().dtype(at::kFloat));
  const Tensor painted = picture * cover + colour.view({1, 3, 1, 1}) * (1 - cover);
  return tensor_to_image(painted.slice(2, top, bottom).slice(3, left, right));
}

Tensor embed_image_files(const ClipEncoder& clip, const std::vector<std::filesystem::path>& files,
                         const std::filesystem::path& region, const Limits& limits, Job& job) {
  const at::NoGradGuard no_grad;
  DecodeOptions decode;
  decode.limits = limits;
  std::optional<Image> mask;
  if (!region.empty()) mask = read_image(region, decode);
  std::vector<Tensor> batch, rows;
  for (size_t i = 0; i < files.size(); ++i) {
    job.check_cancelled();
    job.progress(int64_t(i), int64_t(files.size()), "embedding pictures");
    Image image = read_image(files[i], decode);
    if (mask) image = masked_region(image, *mask, clip.info().preprocess);
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
  const std::vector<bool> cut =
      Tokenizer::builtin().encode_batch(texts, clip.info().tokenizer).truncated;
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
