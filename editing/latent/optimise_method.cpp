// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/edit_channels.h"
#include "editing/latent/latent_method.h"
#include "editing/optimise.h"
#include "guidance/clip_directional.h"
#include "guidance/feature_identity.h"
#include "guidance/objective_stack.h"

namespace vane {
namespace {

constexpr const char* kPart = "coordinates";
// StyleCLIP's weight of |w - w0|^2, for coordinates in deviations of the prior.
constexpr double kLatentWeight = 0.008;
// Of what stays as a ResNet CLIP sees it on its way.
constexpr float kIdentityWeight = 0.1f;
constexpr float kLearningRate = 0.05f;

/// A latent near its start as the optimiser's generator: the coordinates of the move are what it
/// moves.
class MovedLatent final : public Generator {
 public:
  MovedLatent(const LatentScene& scene, const EditChannels& channels)
      : scene_(scene), channels_(channels) {}

  GeneratorInfo info() const override {
    const int64_t side = scene_.generator->size();
    return {"latent", "stylegan", "", side, side, {{kPart, {kPart}, kLearningRate, true}}};
  }
  Latent initial() const override { return {"w_plus", {{kPart, at::zeros({channels_.count()})}}}; }
  Tensor render(const Latent& latent, int64_t) const override {
    return moved_picture(*scene_.generator, scene_.w_plus, channels_.move(latent.parts.at(kPart)),
                         scene_.side);
  }
  Tensor render_full(const Latent& latent, Job&) const override {
    return moved_picture(*scene_.generator, scene_.w_plus, channels_.move(latent.parts.at(kPart)));
  }
  Tensor prior(const Latent& latent) const override {
    return latent.parts.at(kPart).square().sum() * kLatentWeight * scene_.options.gain;
  }

 private:
  const LatentScene& scene_;
  const EditChannels& channels_;
};

class OptimiseMethod final : public LatentEditMethod {
 public:
  std::vector<LatentCandidate> candidates(const LatentScene& scene, const Direction& direction,
                                          Job& job) override {
    if (!channels_) {
      channels_ = scene.options.space == "style_space"
                      ? style_channels(*scene.generator, scene.prior->latents, job)
                      : component_channels(*scene.generator, scene.prior->latents);
    }
    const MovedLatent generator(scene, *channels_);
    Evaluation evaluation;
    evaluation.source = moved_picture(*scene.generator, scene.w_plus, {}, scene.side);
    evaluation.mask = scene.mask;
    ObjectiveStack objective = wanted(scene, direction);
    OptimiseConfig config;
    config.steps = scene.options.steps;
    config.view_long_side = scene.side;
    config.probe = false;
    config.seed = scene.options.seed;
    const at::AutoGradMode gradients(true);
    const OptimiseResult result =
        optimise(generator, generator.initial(), objective, evaluation, config, job);
    LatentCandidate found;
    found.move = channels_->move(result.latent.parts.at(kPart));
    return {found};
  }

 private:
  static ObjectiveStack wanted(const LatentScene& scene, const Direction& direction) {
    ClipDirectionalConfig directional;
    directional.form = "gain";
    // Half as much again as was asked for, so that the line through it passes the wanted gain.
    directional.target = static_cast<float>(1.5 * scene.options.gain);
    directional.views.cutouts.count = 4;
    directional.views.cutouts.smallest = 0.6f;
    ObjectiveStack stack;
    const WeightedEncoder encoder{scene.clip};
    stack.add(ClipDirectional::kName,
              std::make_unique<ClipDirectional>(std::vector<DirectionalGuide>{{encoder, direction}},
                                                directional));
    if (scene.clip->modified_resnet_tower() != nullptr) {
      stack.add(FeatureIdentity::kName,
                std::make_unique<FeatureIdentity>(std::vector<WeightedEncoder>{encoder}),
                kIdentityWeight);
    }
    return stack;
  }

  std::unique_ptr<EditChannels> channels_;
};

}  // namespace

std::unique_ptr<LatentEditMethod> optimise_method() { return std::make_unique<OptimiseMethod>(); }

}  // namespace vane
