// SPDX-License-Identifier: Apache-2.0
#include "editing/training/enhance_learner.h"

#include "guidance/picture_metrics.h"

namespace vane {
namespace {

constexpr int64_t kRows = 32;

double mean_psnr(const Tensor& reference, const Tensor& test, const Tensor& rows) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < rows.size(0); ++i) {
    if (!rows[i].item<bool>()) continue;
    // Equal pictures have no finite PSNR; 99 is beyond what 8 bits can tell.
    sum += std::min(99.0, psnr_rgb(reference.slice(0, i, i + 1), test.slice(0, i, i + 1)));
    ++count;
  }
  return count ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Tensor clip_features(const ClipEncoder& clip, const Tensor& pictures) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> features;
  for (int64_t first = 0; first < pictures.size(0); first += kRows) {
    features.push_back(
        clip.image_features(pictures.slice(0, first, std::min(first + kRows, pictures.size(0)))));
  }
  return at::cat(features);
}

Direction residual_of(const ClipEncoder& clip, const EnhancePictures& pictures) {
  return residual_direction(clip_features(clip, pictures.backlit),
                            clip_features(clip, pictures.lit), clip.info().hash);
}

EnhanceScores measure(const EnhanceLearner& learner, const EnhanceLesson& lesson) {
  const at::NoGradGuard no_grad;
  const LitPairs& held = lesson.pictures.held_out;
  std::vector<Tensor> results;
  for (int64_t first = 0; first < held.backlit.size(0); first += 8) {
    results.push_back(
        learner.enhanced(held.backlit.slice(0, first, std::min(first + 8, held.backlit.size(0)))));
  }
  const Tensor after = at::cat(results);
  EnhanceScores scores;
  if (lesson.pictures.paired) {
    scores.psnr_before = mean_psnr(held.lit, held.backlit, held.changed);
    scores.psnr_after = mean_psnr(held.lit, after, held.changed);
    scores.psnr_untouched = mean_psnr(held.lit, after, held.changed.logical_not());
  } else {
    scores.psnr_before = scores.psnr_after = scores.psnr_untouched =
        std::numeric_limits<double>::quiet_NaN();
  }
  const auto along = [&](const Tensor& pictures) {
    const Tensor features = clip_features(*lesson.clip, pictures.index({held.changed}));
    return at::matmul(features, lesson.residual.vector).mean().item<double>();
  };
  const double before = along(held.backlit);
  scores.gap_closed = (along(after) - before) / (double(lesson.residual.tau) - before);
  return scores;
}

}  // namespace vane
