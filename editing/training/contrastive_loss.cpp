// SPDX-License-Identifier: Apache-2.0
#include "editing/training/contrastive_loss.h"

#include <algorithm>

#include "engine/clip/clip_encoder.h"

namespace vane {

Tensor true_pairs(const std::vector<CaptionedPicture>& batch, const std::vector<Caption>& others) {
  const size_t pictures = batch.size(), captions = pictures + others.size();
  const Tensor pairs = at::zeros({static_cast<int64_t>(pictures), static_cast<int64_t>(captions)});
  auto* data = pairs.data_ptr<float>();
  for (size_t i = 0; i < pictures; ++i) {
    for (size_t j = 0; j < captions; ++j) {
      const Caption& caption = j < pictures ? batch[j].caption : others[j - pictures];
      const bool is_true = i == j || holds(caption.asserts, batch[i].facts);
      data[i * captions + j] = is_true ? 1.f : 0.f;
    }
  }
  return pairs;
}

Tensor contrastive_loss(const Tensor& image, const Tensor& text, const Tensor& logit_scale,
                        const Tensor& pairs) {
  const Tensor logits = logit_scale.exp() * at::matmul(unit(image), unit(text).t());
  const auto cross_entropy = [&](int64_t axis) {
    const Tensor count = pairs.sum(axis, true);
    const Tensor targets = pairs / count.clamp_min(1);
    const Tensor rows = at::count_nonzero(count).to(logits.scalar_type());
    return -(targets * logits.log_softmax(axis)).sum() / rows;
  };
  return 0.5 * (cross_entropy(1) + cross_entropy(0));
}

Tensor foil_loss(const Tensor& image, const Tensor& text, const Tensor& foil,
                 const Tensor& logit_scale) {
  const Tensor margin = (unit(image) * (unit(text) - unit(foil))).sum(1);
  return at::softplus(-logit_scale.exp() * margin).mean();
}

Tensor ranking_loss(const Tensor& image, const Tensor& more, const Tensor& less,
                    const Tensor& degrees, double apart, const Tensor& logit_scale) {
  const Tensor axis = unit(more.unsqueeze(0)) - unit(less.unsqueeze(0));
  const Tensor scores = logit_scale.exp() * at::matmul(unit(image), axis.squeeze(0));
  const Tensor ahead = scores.unsqueeze(1) - scores.unsqueeze(0);
  const Tensor counts =
      (degrees.unsqueeze(1) - degrees.unsqueeze(0) > apart).to(scores.scalar_type());
  return (counts * at::softplus(-ahead)).sum() / counts.sum().clamp_min(1);
}

Tensor delta_loss(const Tensor& image, const Tensor& text, const Tensor& pairs, int64_t group) {
  const int64_t n = image.size(0);
  std::vector<int64_t> first, second;
  const auto table = pairs.to(at::kFloat).contiguous();
  const auto at_pair = [&](int64_t i, int64_t j) {
    return table.const_data_ptr<float>()[i * table.size(1) + j];
  };
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i + 1; j < std::min(n, (i / group + 1) * group); ++j) {
      if (at_pair(i, j) != 0 || at_pair(j, i) != 0) continue;
      first.push_back(i);
      second.push_back(j);
    }
  }
  if (first.empty()) return (image.sum() + text.sum()) * 0;
  const Tensor from = at::tensor(second), to = at::tensor(first);
  const Tensor rows = unit(image), captions = unit(text.slice(0, 0, n));
  const Tensor image_change = rows.index_select(0, to) - rows.index_select(0, from);
  const Tensor text_change = captions.index_select(0, to) - captions.index_select(0, from);
  return 1 - (unit(image_change) * unit(text_change)).sum(1).mean();
}

}  // namespace vane
