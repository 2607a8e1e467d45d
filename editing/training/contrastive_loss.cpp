// SPDX-License-Identifier: Apache-2.0
#include "editing/training/contrastive_loss.h"

#include "engine/clip/clip_encoder.h"

namespace vane {

Tensor true_pairs(const std::vector<CaptionedPicture>& batch) {
  const auto n = static_cast<int64_t>(batch.size());
  const Tensor pairs = at::zeros({n, n});
  auto* data = pairs.data_ptr<float>();
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const auto picture = static_cast<size_t>(i), caption = static_cast<size_t>(j);
      const bool is_true = i == j || holds(batch[caption].caption.asserts, batch[picture].facts);
      data[i * n + j] = is_true ? 1.f : 0.f;
    }
  }
  return pairs;
}

Tensor contrastive_loss(const Tensor& image, const Tensor& text, const Tensor& logit_scale,
                        const Tensor& pairs) {
  const Tensor logits = logit_scale.exp() * at::matmul(unit(image), unit(text).t());
  const auto cross_entropy = [&](int64_t axis) {
    const Tensor targets = pairs / pairs.sum(axis, true);
    return -(targets * logits.log_softmax(axis)).sum(axis).mean();
  };
  return 0.5 * (cross_entropy(1) + cross_entropy(0));
}

}  // namespace vane
