// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is taught when a network or a generator learns one phrase: portraits, the phrase's
// direction, and how far pictures follow it. Shared by the latent mapper and StyleGAN-NADA.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

struct PhraseLessonConfig {
  std::string generator, clip, from, to;
  uint64_t seed = 1;
  double truncation = 0.7;
  int64_t view = 128;  // side of the pictures that guide; at most the generator's is used
};

class PhraseLesson {
 public:
  /// Throws Error{input} when generator or CLIP are not there, Error{usage} for phrases that say
  /// the same.
  explicit PhraseLesson(const PhraseLessonConfig& config);

  const StyleGenerator& generator() const { return *generator_; }
  const ClipEncoder& clip() const { return *clip_; }
  /// [D], unit.
  const Tensor& direction() const { return direction_; }

  /// Portraits `first` to `first + count` of the seed, truncated, as [count,rows,W].
  Tensor portraits(int64_t first, int64_t count) const;
  /// Sixteen of another seed.
  Tensor held_out() const;

  /// The view [N,3,V,V] of latents, not clamped; of a generator like this one. Differentiable.
  Tensor picture(const StyleGenerator& generator, const Tensor& w_plus) const;
  /// 1 - cos of the way from e(before) to e(after) with the direction, [N]; the mean over the
  /// pictures and closer looks at them. Differentiable in `after`.
  Tensor angle(const Tensor& before, const Tensor& after) const;

  /// Of the held-out portraits before and after: "gain", the mean of <e' - e, d>, and "gaining",
  /// the share of them that gains. Eight of each go to `sheet`, the edited ones below.
  nlohmann::json measure(const std::function<Tensor(int64_t)>& before,
                         const std::function<Tensor(int64_t)>& after,
                         const std::filesystem::path& sheet) const;

 private:
  Tensor latents(uint64_t seed, int64_t first, int64_t count) const;
  Tensor embedded(const Tensor& picture) const;  // [N,D], unit, of both ways

  PhraseLessonConfig config_;
  std::unique_ptr<StyleGenerator> generator_;
  std::shared_ptr<const ClipEncoder> clip_;
  Tensor direction_;
};

}  // namespace vane
