// SPDX-License-Identifier: Apache-2.0
#include "editing/training/phrase_lesson.h"

#include <algorithm>

#include "editing/latent/guide_views.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/direction.h"

namespace vane {
namespace {

constexpr int64_t kHeldOut = 16, kShown = 8;
constexpr double kSmallestWay = 1e-6;

}  // namespace

PhraseLesson::PhraseLesson(const PhraseLessonConfig& config)
    : config_(config),
      generator_(load_style_generator(generator_path(config.generator))),
      clip_(load_clip(config.clip)) {
  config_.view = std::min(config.view, generator_->size());
  direction_ = text_direction(*clip_, config.from, config.to).vector;
}

Tensor PhraseLesson::latents(uint64_t seed, int64_t first, int64_t count) const {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> rows;
  for (int64_t i = first; i < first + count; ++i) {
    const Tensor w = generator_->map(generator_->sample_z(seed, i));
    rows.push_back(generator_->truncate(w, config_.truncation));
  }
  return at::cat(rows).unsqueeze(1).repeat({1, generator_->rows(), 1});
}

Tensor PhraseLesson::portraits(int64_t first, int64_t count) const {
  return latents(config_.seed, first, count);
}

Tensor PhraseLesson::held_out() const {
  return latents(config_.seed ^ (uint64_t{1} << 40), 0, kHeldOut);
}

Tensor PhraseLesson::picture(const StyleGenerator& generator, const Tensor& w_plus) const {
  return generator.synthesise_at(w_plus, config_.view);
}

Tensor PhraseLesson::embedded(const Tensor& picture) const {
  return clip_->image_features(guide_views(picture));
}

Tensor PhraseLesson::angle(const Tensor& before, const Tensor& after) const {
  Tensor from;
  {
    const at::NoGradGuard no_grad;
    from = embedded(before);
  }
  const Tensor way = embedded(after) - from;
  const Tensor cosine = at::mv(way, direction_) / way.norm(2, {1}).clamp_min(kSmallestWay);
  return 1 - cosine.view({2, before.size(0)}).mean(0);
}

nlohmann::json PhraseLesson::measure(const std::function<Tensor(int64_t)>& before,
                                     const std::function<Tensor(int64_t)>& after,
                                     const std::filesystem::path& sheet) const {
  const at::NoGradGuard no_grad;
  double gain = 0, gaining = 0;
  std::vector<Tensor> shown;
  for (int64_t i = 0; i < kHeldOut; ++i) {
    const Tensor a = before(i).clamp(0, 1), b = after(i).clamp(0, 1);
    const double one = at::mv(embedded(b) - embedded(a), direction_).mean().item<double>();
    gain += one / double(kHeldOut);
    gaining += (one > 0) / double(kHeldOut);
    if (i < kShown) shown.push_back(at::cat({a, b}, 2));
  }
  write_image(sheet, tensor_to_image(at::cat(shown, 3).contiguous()));
  return {{"gain", gain}, {"gaining", gaining}};
}

}  // namespace vane
