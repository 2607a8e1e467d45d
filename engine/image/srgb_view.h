// SPDX-License-Identifier: Apache-2.0
#pragma once
// The colours of a picture as sRGB, for those who look at it without changing its samples.

#include <memory>
#include <optional>

#include "engine/image/image.h"

namespace vane {

/// Converts samples that an embedded ICC profile explains (Little CMS, perceptual intent, black
/// point compensation). Used from one thread at a time.
class SrgbView {
 public:
  /// Nothing when the picture's samples count as sRGB already: no profile, one that cannot be used,
  /// or one of another colour model.
  static std::optional<SrgbView> of(const Image& image);

  /// `pixels` pixels of the picture's channels and depth, interleaved, from `samples` on -> three
  /// sRGB-encoded samples of 16 bit each.
  void convert(const void* samples, size_t pixels, uint16_t* rgb) const;

 private:
  struct Transform;
  explicit SrgbView(std::shared_ptr<const Transform> transform);
  std::shared_ptr<const Transform> transform_;
  size_t pixel_bytes_ = 0;
};

/// A smaller copy to look at: 8-bit RGB in sRGB whatever the profile, no side longer than
/// `long_side` (thumbnail(), which leaves the profile behind).
Image srgb_thumbnail(const Image& picture, int long_side);

}  // namespace vane
