// SPDX-License-Identifier: Apache-2.0
#pragma once
// A photograph whose develop settings can be moved: the generator of `vane edit` on photographs.

#include <map>
#include <mutex>

#include "engine/image/image.h"
#include "generators/develop/develop_tensor.h"
#include "generators/generator.h"

namespace vane {

/// Renders one photograph under develop settings.
///
/// Latent:  space "develop"; parts as DevelopSettings::fields() (1-D float32) and "grid"
///          [12,depth,height,width]. Zeros are the identity.
/// Groups:  tone, colour, curve, hues, split, vignette, local.
class DevelopGenerator final : public Generator {
 public:
  struct Options {
    /// Vertices of the bilateral grid along the longer side and along luma; 0: no local part.
    int64_t grid_long_side = 12;
    int64_t grid_depth = 8;
  };

  /// `image` [1,3,H,W] in [0,1], sRGB-encoded, at working size (full size is welcome, views are
  /// reduced once and kept). Throws Error{usage} on another shape.
  explicit DevelopGenerator(Tensor image, Options options);
  explicit DevelopGenerator(Tensor image) : DevelopGenerator(std::move(image), Options()) {}
  explicit DevelopGenerator(const Image& image, Options options);
  explicit DevelopGenerator(const Image& image) : DevelopGenerator(image, Options()) {}

  GeneratorInfo info() const override;
  Latent initial() const override;
  /// [1,3,h,w]; a picture smaller than `long_side` keeps its size.
  Tensor render(const Latent& latent, int64_t long_side) const override;
  /// [1,3,H,W] at the size of the image given; a file is better made by develop_apply().
  Tensor render_full(const Latent& latent, Job& job) const override;
  /// The sliders that act on the whole picture; not curve, single hues, tints or grid.
  std::vector<Move> moves() const override;
  Tensor prior(const Latent& latent) const override;

  /// The unedited picture as render() reduces it; detached, not to be written to.
  Tensor source_view(int64_t long_side) const;

 private:
  Tensor image_;
  Options options_;
  mutable std::mutex mutex_;
  mutable std::map<int64_t, Tensor> views_;  // by long side; guarded by mutex_
};

}  // namespace vane
