// SPDX-License-Identifier: Apache-2.0
#include "editing/reach.h"

namespace vane {
namespace {

// Set by eye on the sample photographs with clip-mini. They damp phrases that name an object, but
// do not catch them all: "a photo of a dog" still reaches 0.9 on some pictures.
constexpr double kChance = 0.2, kStraight = 0.5;
// Two phrases whose unit embeddings differ by less than this say nearly the same.
constexpr double kDistinct = 0.25;

double smoothstep(double x, double low, double high) {
  const double t = std::clamp((x - low) / (high - low), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

// Unit changes in CLIP space [M,D] that single moves make.
Tensor changes_of_moves(const Generator& generator, const Latent& start, const ClipEncoder& clip,
                        int64_t view_long_side, Job& job) {
  const Tensor source = clip.image_features(generator.render(start, view_long_side));
  std::vector<Tensor> changes;
  const std::vector<Move> moves = generator.moves();
  for (size_t i = 0; i < moves.size(); ++i) {
    const Move& move = moves[i];
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(moves.size()), "looking");
    for (const float steps : {1.f, -1.f, 2.5f, -2.5f}) {
      job.check_cancelled();
      Latent latent = start;
      Tensor part = latent.parts.at(move.part).clone();
      part.view(-1)[move.index] += steps * move.step;
      latent.parts[move.part] = part;
      changes.push_back(clip.image_features(generator.render(latent, view_long_side)) - source);
    }
  }
  return unit(at::cat(changes));
}

}  // namespace

Reach reach_of(const Generator& generator, const Latent& start, const DirectionalGuide& guide,
               int64_t view_long_side, Job& job) {
  const at::NoGradGuard no_grad;
  Reach reach;
  if (generator.moves().empty()) return reach;
  const ClipEncoder& clip = *guide.encoder.clip;
  const Tensor changes = changes_of_moves(generator, start, clip, view_long_side, job);
  const auto best = [&](const Tensor& direction) {
    return changes.matmul(direction.to(at::kFloat)).max().item<double>();
  };
  reach.alignment = best(guide.direction.vector);
  for (const char* look : {"a dark photo", "a bright photo", "a black and white photo",
                           "a colourful photo", "a warm photo"}) {
    reach.reference = std::max(reach.reference, best(text_direction(clip, "a photo", look).vector));
  }
  if (reach.reference > 0) {
    reach.factor = smoothstep(reach.alignment / reach.reference, kChance, kStraight);
  }
  if (guide.direction.kind == "text") {
    reach.factor *= std::min(1.0, static_cast<double>(guide.direction.magnitude) / kDistinct);
  }
  return reach;
}

}  // namespace vane
