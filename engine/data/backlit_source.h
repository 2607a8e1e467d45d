// SPDX-License-Identifier: Apache-2.0
#pragma once
// An endless stream of photographs made backlit, each with the photograph that it was.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/config/fields.h"
#include "engine/data/backlight.h"
#include "engine/data/photo_library.h"

namespace vane {

struct BacklitConfig {
  int size = 192;
  uint64_t seed = 1;
  /// Shares of pairs whose two pictures are equal, that are too dark all over, that show a cut-out
  /// as their subject, whose darker side is in the shade, and which a shade comes over from one
  /// side; the others have a random subject.
  double untouched_share = 0.25, dark_share = 0.1, cutout_share = 0.2, scene_share = 0,
         side_share = 0;
  /// Share of backlit pictures that were saved as JPEG in between.
  double jpeg_share = 0.5;
  bool held_out = false;

  template <class V>
  static void fields(V& v) {
    using C = BacklitConfig;
    v.field("size", &C::size, "side of the square crops", {.min = 16, .max = 2048, .unit = "px"});
    v.field("untouched-share", &C::untouched_share, "pairs of a photograph and itself",
            {.min = 0, .max = 1});
    v.field("dark-share", &C::dark_share, "pairs whose first is too dark all over",
            {.min = 0, .max = 1});
    v.field("cutout-share", &C::cutout_share, "pairs with a cut-out as their subject",
            {.min = 0, .max = 1});
    v.field("scene-share", &C::scene_share, "pairs whose darker side is their subject",
            {.min = 0, .max = 1});
    v.field("side-share", &C::side_share, "pairs with a shade from one side of the frame",
            {.min = 0, .max = 1});
    v.field("jpeg-share", &C::jpeg_share, "backlit pictures that were a JPEG",
            {.min = 0, .max = 1});
  }
};

/// Both size x size, interleaved sRGB bytes.
struct BacklitPair {
  int size = 0;
  std::vector<uint8_t> backlit, lit;
  /// [size*size] in [0,1]: what is in the shade.
  std::vector<float> subject;
  Backlight light;
  /// False when both are the same photograph.
  bool changed = true;
};

class BacklitSource {
 public:
  /// Throws Error{input} when the library has no photograph for this split.
  BacklitSource(std::shared_ptr<const PhotoLibrary> library, BacklitConfig config);

  /// Depends on (seed, index) only; may be called from several threads.
  BacklitPair sample(uint64_t index) const;
  size_t photographs() const { return photographs_.size(); }

 private:
  Raster lit_picture(Rng& rng, std::vector<float>& subject) const;

  std::shared_ptr<const PhotoLibrary> library_;
  BacklitConfig config_;
  std::vector<const Photograph*> photographs_;
};

}  // namespace vane
