// SPDX-License-Identifier: Apache-2.0
#pragma once
// How splats are fitted to photographs. No torch.

#include <algorithm>
#include <cstdint>
#include <string>

#include "engine/config/fields.h"

namespace vane {

/// Rates and thresholds are those of 3D Gaussian Splatting (Kerbl et al. 2023); where a step number
/// is 0 the published schedule of 30 000 iterations is scaled to `iterations`.
struct SplatFitConfig {
  int64_t iterations = 3000;
  std::string strategy = "adaptive";
  int sh_degree = 3;
  bool antialiased = false;
  int64_t max_side = 1600;
  int64_t max_gaussians = 1'000'000;
  int64_t random_points = 20'000;
  double ssim_weight = 0.2;
  double position_rate = 1.6e-4, final_position_rate = 1.6e-6;
  double colour_rate = 0.0025, opacity_rate = 0.05, scale_rate = 0.005, rotation_rate = 0.001;
  int64_t sh_every = 0;
  int64_t densify_from = 0, densify_until = 0, densify_every = 100;
  double densify_gradient = 0.0002, densify_scale = 0.01;
  double prune_opacity = 0.005, prune_scale = 0.1;
  int64_t opacity_reset = 0;
  double noise_rate = 5e5, opacity_weight = 0.01, scale_weight = 0.01;
  int64_t preview_every = 500, checkpoint_every = 500;

  int64_t raises_sh_every() const {
    return sh_every > 0 ? sh_every : std::max<int64_t>(1, iterations / 30);
  }
  int64_t densifies_from() const {
    return densify_from > 0 ? densify_from : std::max<int64_t>(100, iterations / 60);
  }
  int64_t densifies_until() const { return densify_until > 0 ? densify_until : iterations / 2; }
  /// Not closer than 1000 steps: opacities need some hundred to come back.
  int64_t resets_opacity_every() const {
    return opacity_reset > 0 ? opacity_reset : std::max<int64_t>(1000, iterations / 10);
  }

  template <class V>
  static void fields(V& v) {
    using C = SplatFitConfig;
    v.field("iterations", &C::iterations, "steps, one view each; published: 30000",
            {.min = 1, .max = 1e7});
    v.field("strategy", &C::strategy,
            "adaptive clones, splits and resets opacity (Kerbl et al. 2023); mcmc moves dead "
            "Gaussians and adds noise (Kheradmand et al. 2024)",
            {.choices = {"adaptive", "mcmc"}});
    v.field("sh-degree", &C::sh_degree, "degree of the colours that change with the view",
            {.min = 0, .max = 3});
    v.field("antialiased", &C::antialiased,
            "small Gaussians lose opacity instead of being widened (Mip-Splatting's 2D filter)");
    v.field("max-side", &C::max_side, "photographs are reduced to this longer side",
            {.min = 16, .max = 16384, .unit = "px"});
    v.field("max-gaussians", &C::max_gaussians, "no more are made", {.min = 1, .max = 1e8});
    v.field("random-points", &C::random_points, "start of data sets without points",
            {.min = 1, .max = 1e7});
    v.field("ssim-weight", &C::ssim_weight, "share of 1 - SSIM in the loss, beside L1",
            {.min = 0, .max = 1});
    v.field("position-rate", &C::position_rate,
            "first learning rate of positions, in extents of the cameras", {.min = 0, .max = 1});
    v.field("final-position-rate", &C::final_position_rate, "the last one, log-linear between",
            {.min = 1e-12, .max = 1});
    v.field("colour-rate", &C::colour_rate, "of base colours; bands 1 to 3 take a twentieth",
            {.min = 0, .max = 1});
    v.field("opacity-rate", &C::opacity_rate, "of opacity logits", {.min = 0, .max = 1});
    v.field("scale-rate", &C::scale_rate, "of logarithms of scales", {.min = 0, .max = 1});
    v.field("rotation-rate", &C::rotation_rate, "of quaternions", {.min = 0, .max = 1});
    v.field("sh-every", &C::sh_every, "steps until the next band of colours; 0: in proportion",
            {.min = 0, .max = 1e7});
    v.field("densify-from", &C::densify_from, "first step that may add; 0: in proportion",
            {.min = 0, .max = 1e7});
    v.field("densify-until", &C::densify_until, "last step that may add; 0: half of all",
            {.min = 0, .max = 1e7});
    v.field("densify-every", &C::densify_every, "steps from one round to the next",
            {.min = 1, .max = 1e7});
    v.field("densify-gradient", &C::densify_gradient,
            "mean pull on the projected centre that calls for more, in normalised coordinates",
            {.min = 0, .max = 1});
    v.field("densify-scale", &C::densify_scale,
            "larger ones are split, smaller ones cloned, in extents", {.min = 0, .max = 10});
    v.field("prune-opacity", &C::prune_opacity, "fainter ones are removed, or moved by mcmc",
            {.min = 0, .max = 1});
    v.field("prune-scale", &C::prune_scale, "larger ones are removed, in extents",
            {.min = 0, .max = 1000});
    v.field("opacity-reset", &C::opacity_reset, "steps between resets; 0: in proportion",
            {.min = 0, .max = 1e7});
    v.field("noise-rate", &C::noise_rate, "mcmc: noise, in learning rates of positions",
            {.min = 0, .max = 1e9});
    v.field("opacity-weight", &C::opacity_weight, "mcmc: weight of the mean opacity",
            {.min = 0, .max = 10});
    v.field("scale-weight", &C::scale_weight, "mcmc: weight of the mean scale",
            {.min = 0, .max = 10});
    v.field("preview-every", &C::preview_every, "steps between preview pictures; 0: none",
            {.min = 0, .max = 1e7});
    v.field("checkpoint-every", &C::checkpoint_every, "steps between checkpoints",
            {.min = 1, .max = 1e7});
  }
};

}  // namespace vane
