// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "editing/latent/delta_edit.h"
#include "editing/latent/latent_method.h"

namespace vane {
namespace {

constexpr const char* kBundledModel = "faces-delta";
/// Deviations of w that a full edit of generated faces takes.
constexpr double kReach = 4;

class DeltaLatentMethod final : public LatentEditMethod {
 public:
  std::vector<LatentCandidate> candidates(const LatentScene& scene, const Direction& direction,
                                          Job&) override {
    const at::NoGradGuard no_grad;
    const std::filesystem::path& mapper = scene.options.mapper;
    if (!editor_) {
      editor_ = load_delta_editor(delta_model_file(mapper.empty() ? kBundledModel : mapper),
                                  *scene.generator, scene.clip->info().hash);
    }
    const Tensor source = moved_picture(*scene.generator, scene.w_plus, {}, scene.side);
    const Tensor seen = scene.clip->image_features(source.clamp(0, 1))[0];
    LatentCandidate candidate;
    const DeltaStep step = delta_latent_step(*editor_, *scene.generator, scene.w_plus, seen,
                                             direction.vector * direction.magnitude);
    candidate.move.w_plus = step.w_plus;
    candidate.reach = kReach / std::max(step.length, 1e-9);
    return {candidate};
  }

 private:
  std::optional<DeltaEditor> editor_;
};

}  // namespace

std::unique_ptr<LatentEditMethod> delta_method() { return std::make_unique<DeltaLatentMethod>(); }

}  // namespace vane
