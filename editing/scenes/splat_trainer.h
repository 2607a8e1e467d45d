// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gaussians that are being fitted: parameters, Adam's moments, and what adds and removes them. No
// torch.

#include <cstdint>
#include <span>
#include <vector>

#include "editing/scenes/splat_fit_config.h"
#include "engine/base/rng.h"
#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

/// Everything that a step depends on beside the photographs. Random numbers are drawn from streams
/// that are named by the iteration, so that these values are all that a resumed run needs.
struct SplatTrainingState {
  int64_t iteration = 0;
  SplatCloud cloud;
  /// [N, 2, 14 + 3 B]: first and second moments of a row, in the order position, sh0,
  /// opacity_logit, log_scale, rotation, sh_rest.
  std::vector<float> moments;
  std::vector<float> pull;  // [N], sum of SplatGradients::centre_norm since the last round
  std::vector<float> seen;  // [N], how often it was drawn since then
};

/// Values of a row in `moments`, half.
int row_values(const SplatCloud& cloud);

struct SplatStep {
  double loss = 0, l1 = 0, ssim = 0;
};

class SplatTrainer {
 public:
  /// `extent` is SceneData::extent(); `white` that of a data set on white.
  SplatTrainer(const SplatFitConfig& config, double extent, bool white, uint64_t seed, int threads);

  /// A state of no iterations: `cloud` with moments of 0.
  SplatTrainingState start(SplatCloud cloud) const;

  /// One step towards `target` [H,W,3] as `camera` sees it, and what its iteration calls for then:
  /// rounds of cloning, splitting and pruning, or of moving and adding, and resets of opacity.
  /// Throws Error{numeric} when the loss is not finite.
  SplatStep step(SplatTrainingState& state, const Camera& camera,
                 std::span<const float> target) const;

  /// Learning rate of positions at an iteration, world units.
  double position_rate(int64_t iteration) const;
  int active_sh_degree(int64_t iteration) const;

  /// Clones, splits and prunes (Kerbl et al. 2023, section 5.2), and forgets the statistic.
  void densify(SplatTrainingState& state) const;
  /// Opacity at most 0.01, moments 0.
  void reset_opacity(SplatTrainingState& state) const;
  /// Moves the dead to the living and grows by a twentieth (3DGS as MCMC, section 4).
  void relocate(SplatTrainingState& state) const;

 private:
  struct StepRates;
  void update(SplatTrainingState& state, const StepRates& rates, int64_t row,
              const struct SplatRowGradient& gradient) const;
  void add_noise(SplatTrainingState& state) const;

  SplatFitConfig config_;
  double extent_;
  bool white_;
  Rng rng_;
  int threads_;
};

}  // namespace vane
