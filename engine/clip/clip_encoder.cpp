// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/clip_encoder.h"

#include <cmath>

#include "engine/base/error.h"
#include "engine/clip/text_cache.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"

namespace vane {
namespace {

struct Size {
  int64_t height, width;
};

/// Size before the crop (or, for `longest`, before the padding).
Size resized_size(int64_t height, int64_t width, const ClipPreprocess& preprocess) {
  const int64_t size = preprocess.image_size;
  if (preprocess.resize == ClipPreprocess::Resize::squash) return {size, size};
  if (preprocess.resize == ClipPreprocess::Resize::longest) {
    // Rounded, half to even (open_clip's ResizeKeepRatio).
    const double ratio = double(std::max(height, width)) / double(size);
    const auto rounded = [ratio](int64_t side) {
      return std::max<int64_t>(1, std::llrint(double(side) / ratio));
    };
    return {rounded(height), rounded(width)};
  }
  // The longer side is truncated (torchvision's Resize).
  return height <= width ? Size{size, size * width / height} : Size{size * height / width, size};
}

/// First row or column of a centred crop of `size` out of `extent` (clip sheet 4.1).
int64_t crop_origin(int64_t extent, int64_t size, ClipPreprocess::CropRounding rounding) {
  const int64_t margin = extent - size;
  if (rounding == ClipPreprocess::CropRounding::hugging_face) return margin / 2;
  return static_cast<int64_t>(std::nearbyint(double(margin) / 2.0));  // half to even
}

/// Crop and padding to R x R of [N,3,h,w]; padding is black.
Tensor squared(const Tensor& image, const ClipPreprocess& preprocess) {
  const int64_t size = preprocess.image_size;
  Tensor x = image;
  for (const int64_t axis : {2, 3}) {
    const int64_t extent = x.size(axis);
    if (extent > size) {
      x = x.narrow(axis, crop_origin(extent, size, preprocess.crop), size);
    } else if (extent < size) {
      const int64_t before = (size - extent) / 2, after = size - extent - before;
      x = axis == 3 ? at::constant_pad_nd(x, {before, after})
                    : at::constant_pad_nd(x, {0, 0, before, after});
    }
  }
  return x;
}

}  // namespace

Tensor unit(const Tensor& x) {
  return x / at::linalg_vector_norm(x, 2, {-1}, true).clamp_min(1e-12);
}

Tensor normalised_input(const Tensor& x, const ClipPreprocess& preprocess) {
  const auto channel = [&](const std::array<float, 3>& values) {
    return at::tensor(at::ArrayRef<float>(values.data(), 3), at::TensorOptions().dtype(at::kFloat))
        .to(x.options())
        .view({1, 3, 1, 1});
  };
  return (x - channel(preprocess.mean)) / channel(preprocess.std);
}

Tensor preprocess_exact(const Image& image, const ClipPreprocess& preprocess) {
  const at::NoGradGuard no_grad;
  const Image rgb = to_rgb8(image);
  const Size size = resized_size(rgb.height, rgb.width, preprocess);
  const Image resized =
      resize_u8(rgb, static_cast<int>(size.width), static_cast<int>(size.height),
                preprocess.bicubic ? ResizeFilter::bicubic : ResizeFilter::bilinear);
  return normalised_input(squared(image_to_tensor(resized), preprocess), preprocess);
}

Tensor preprocess_differentiable(const Tensor& image, const ClipPreprocess& preprocess) {
  if (image.dim() != 4 || image.size(1) != 3) {
    throw Error(ErrorCode::usage, "an image tensor [N,3,H,W] is expected");
  }
  const Size size = resized_size(image.size(2), image.size(3), preprocess);
  const Tensor resized = preprocess.bicubic ? resize_bicubic(image, size.height, size.width)
                                            : resize_bilinear(image, size.height, size.width);
  return normalised_input(squared(resized, preprocess), preprocess);
}

Tensor ClipEncoder::image_embedding(const Tensor& image) const {
  return image_embedding_of_input(preprocess_differentiable(image, info().preprocess));
}

Tensor ClipEncoder::image_embedding_exact(const Image& image) const {
  const at::NoGradGuard no_grad;
  return image_embedding_of_input(preprocess_exact(image, info().preprocess));
}

Tensor ClipEncoder::text_embedding(const std::vector<std::string>& texts,
                                   std::vector<bool>* truncated) const {
  if (texts.empty()) throw Error(ErrorCode::usage, "no text to embed");
  const bool cached = text_cache_ && !truncated;
  std::vector<Tensor> rows(texts.size());
  std::vector<std::string> unknown;
  std::vector<size_t> places;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto found = cached ? text_cache_->find(texts[i]) : std::nullopt;
    if (found) {
      rows[i] = at::tensor(*found, at::TensorOptions().dtype(at::kFloat));
    } else {
      unknown.push_back(texts[i]);
      places.push_back(i);
    }
  }
  if (unknown.empty()) return at::stack(rows);
  const TokenBatch batch = tokenize(unknown);
  const auto int64 = at::TensorOptions().dtype(at::kLong);
  const Tensor ids = at::tensor(batch.ids, int64).view({batch.count, batch.context_length});
  const Tensor embedding = text_embedding_of_tokens(ids, at::tensor(batch.end, int64));
  if (truncated) *truncated = batch.truncated;
  if (!cached) return embedding;
  for (size_t k = 0; k < places.size(); ++k) {
    rows[places[k]] = embedding[static_cast<int64_t>(k)];
    const Tensor plain = rows[places[k]].detach().contiguous();
    const auto* values = plain.const_data_ptr<float>();
    text_cache_->store(unknown[k], {values, values + plain.numel()});
  }
  return at::stack(rows);
}

TokenBatch ClipEncoder::tokenize(const std::vector<std::string>& texts) const {
  const ClipInfo& facts = info();
  return facts.unigram ? facts.unigram->encode_batch(texts, facts.tokenizer)
                       : Tokenizer::builtin().encode_batch(texts, facts.tokenizer);
}

Tensor ClipEncoder::image_features(const Tensor& image) const {
  return unit(image_embedding(image));
}

Tensor ClipEncoder::text_features(const std::vector<std::string>& texts) const {
  return unit(text_embedding(texts));
}

}  // namespace vane
