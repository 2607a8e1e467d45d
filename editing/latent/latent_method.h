// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ways from a direction in CLIP space to a move of a latent, by name.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "editing/latent/latent_move.h"
#include "editing/latent/prior_sample.h"
#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"
#include "guidance/direction.h"

namespace vane {

struct LatentEditOptions {
  /// "style_space" or "w_plus"; "auto": what the method does best.
  std::string space = "auto";
  /// Method `global`: channels of less relevance stay; below 0: several are offered.
  double beta = -1;
  /// Method `optimise`.
  int64_t steps = 100;
  /// Gain along the direction that is asked for.
  double gain = 0.1;
  /// Method `delta`: folder or file of `vane train delta`; empty: the one that comes along. Method
  /// `mapper`: that of `vane train mapper`; `inverter`: that of `vane train inverter`.
  std::filesystem::path mapper;
  /// Method `global`: probe some channels as well.
  bool verify = false;
  uint64_t seed = 0;
};

/// What a method may look at.
struct LatentScene {
  std::shared_ptr<const StyleGenerator> generator;
  std::shared_ptr<const ClipEncoder> clip;
  Tensor w_plus;  // [1,rows,W], where the edit starts
  std::shared_ptr<const PriorSample> prior;
  int64_t side = 0;  // of the previews that guide: that of the prior
  Tensor mask;       // [1,1,side,side] in [0,1] of what may change, or undefined
  LatentEditOptions options;

  /// The preview of a move, [1,3,side,side], under the mask.
  Tensor preview(const LatentMove& move) const;
};

/// A move that a method offers.
struct LatentCandidate {
  LatentMove move;
  /// Multiple of the move at which the method expects a full edit.
  double reach = 1;
  /// Method `global`: where channels were cut off, and how many are left; else 0.
  double beta = 0;
  int64_t channels = 0;
  /// Rank correlation of relevance by regression with relevance by probing; NaN unless asked for.
  double agreement = std::numeric_limits<double>::quiet_NaN();
};

/// Keeps what it loads and computes for a generator, a CLIP and a prior, which have to be the same
/// in all scenes that it is asked for.
class LatentEditMethod {
 public:
  virtual ~LatentEditMethod() = default;
  /// One move or several, of which the one that costs least is taken (editing/latent/strength.h).
  virtual std::vector<LatentCandidate> candidates(const LatentScene& scene,
                                                  const Direction& direction, Job& job) = 0;
};

/// Names of the methods, the default first.
std::vector<std::string> latent_method_names();
/// Throws Error{usage} for an unknown name, with the nearest known one.
std::unique_ptr<LatentEditMethod> make_latent_method(const std::string& name);

/// StyleCLIP's global directions (Patashnik et al. 2021), with relevance by regression.
std::unique_ptr<LatentEditMethod> global_method();
/// DeltaEdit (Lyu et al. 2023) in W+. Throws Error{checkpoint} for a mapper of another generator or
/// CLIP.
std::unique_ptr<LatentEditMethod> delta_method();
/// StyleCLIP's latent mapper, which leads to the phrase that it was trained for; the direction says
/// how far it has got. Throws Error{usage} when none is named, Error{checkpoint} for one of another
/// generator or CLIP.
std::unique_ptr<LatentEditMethod> mapper_method();
/// CLIPInverter (Baykal et al. 2023) with Vane's own encoder: adapters that read the phrase, or the
/// picture's embedding moved along the direction where that comes from no phrase. Throws
/// Error{usage} when none is named, Error{checkpoint} for one of another generator, CLIP or
/// encoder.
std::unique_ptr<LatentEditMethod> inverter_method();
/// StyleCLIP's latent optimisation, in coordinates of the prior.
std::unique_ptr<LatentEditMethod> optimise_method();

}  // namespace vane
