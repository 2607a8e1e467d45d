// SPDX-License-Identifier: Apache-2.0
#pragma once
// A scene of Gaussians of which some may be moved: the generator of `vane edit` on scenes.

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"
#include "generators/generator.h"

namespace vane {

/// What of the chosen Gaussians may move.
struct GaussianGroups {
  bool tone = true;      // one affine change of colour for all of them
  bool colour = true;    // the colour of each
  bool opacity = false;  // how opaque each is
  bool shape = false;    // the three scales of each
  bool position = false;

  bool keep_geometry() const { return !opacity && !shape && !position; }
};

/// Draws a scene as several cameras see it, differentiable in the parameters of the chosen
/// Gaussians; all others are constants and never change.
///
/// Latent:  space "gaussians"; every part is an offset, so zeros are the scene as it was:
///          "tone" [3,4] (colour becomes (I + tone[:,:3]) rgb + tone[:,3], all bands of SH alike),
///          "colour" [M,3] (of sh0), "opacity" [M] (logits), "shape" [M,3] (log scales),
///          "position" [M,3] (world units).
/// Groups:  tone, colour, opacity, shape, position.
class GaussianGenerator final : public Generator {
 public:
  /// `rows` are the Gaussians that may move, ascending; `views` the cameras of render(), all of one
  /// size; `extent` the size of what is edited in world units (positions move by shares of it);
  /// `threads` 0: all. Throws Error{usage} for no row, no view, a row that the cloud does not have,
  /// or views of different sizes.
  GaussianGenerator(SplatCloud cloud, std::vector<int64_t> rows, std::vector<Camera> views,
                    GaussianGroups groups, double extent, int threads = 0);
  ~GaussianGenerator() override;

  GeneratorInfo info() const override;
  Latent initial() const override;
  /// [V,3,h,w], all views, clamped to [0,1]; enlarged never, reduced to `long_side` by smaller
  /// cameras. One call's gradients must be taken before the next call (Error{internal} otherwise):
  /// the cloud is changed in place, since scenes are large.
  Tensor render(const Latent& latent, int64_t long_side) const override;
  Tensor render_full(const Latent& latent, Job& job) const override;
  /// Brighter, lighter, red, green and blue of the tone.
  std::vector<Move> moves() const override;
  /// Mean square of what each Gaussian does by itself, and of the tone.
  Tensor prior(const Latent& latent) const override;

  /// The chosen Gaussians under a latent, in the order of `rows`.
  SplatCloud moved(const Latent& latent) const;
  const std::vector<int64_t>& rows() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vane
