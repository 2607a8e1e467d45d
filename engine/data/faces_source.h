// SPDX-License-Identifier: Apache-2.0
#pragma once
// Portraits with measured attributes, half of them under photographic looks.

#include <memory>

#include "engine/config/fields.h"
#include "engine/data/captioned_source.h"
#include "engine/data/face_set.h"

namespace vane {

/// The part of a training recipe that speaks of faces.
struct FacesData {
  /// Folder of a face set; empty: no faces.
  std::filesystem::path folder;
  /// Share of samples that get one or two photographic looks.
  float look_share = 0.5f;
  /// Share of the side that random crops keep at least; faces stay whole above 0.8.
  float min_crop = 0.85f;

  template <class V>
  static void fields(V& v) {
    using C = FacesData;
    v.field("folder", &C::folder, "face set made by `vane faces dataset`; empty: no faces",
            {.placeholder = "DIR"});
    v.field("look-share", &C::look_share, "share of portraits under photographic looks",
            {.min = 0, .max = 1});
    v.field("min-crop", &C::min_crop, "share of the side that random crops keep at least",
            {.min = 0.3, .max = 1});
  }
};

class FacesSource final : public CaptionedSource {
 public:
  /// `held_out`: the faces kept for evaluation instead of those for training. Throws Error{input}
  /// when the set has no face of this split.
  FacesSource(std::shared_ptr<const FaceSet> set, const FacesData& data, int size, uint64_t seed,
              bool held_out = false);

  /// Captions speak of a look, of the face, or of both. Under a look that changes brightness or
  /// colour nobody speaks of the colours of hair, skin and background, though the facts keep them.
  CaptionedPicture sample(uint64_t index) const override;
  std::string description() const override;

 private:
  std::shared_ptr<const FaceSet> set_;
  FacesData data_;
  int size_;
  uint64_t seed_;
  bool held_out_;
  std::vector<int64_t> faces_;
};

/// Face `i` of a set as evaluation sees it: the whole picture, size x size sRGB bytes, no look.
std::vector<uint8_t> plain_face(const FaceSet& set, int64_t i, int size);

}  // namespace vane
