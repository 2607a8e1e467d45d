// SPDX-License-Identifier: Apache-2.0
#pragma once
// An edited crop back into the photograph that it was cut from.

#include "editing/faces/face_crop.h"
#include "engine/image/image.h"

namespace vane {

/// How an edited crop meets the photograph.
enum class PasteMode {
  /// photograph + feather x (edited - before): only what the edit changed is added, resampled. The
  /// default, because a generator never draws the photograph's own grain, pores, hair and
  /// background. Copying its picture trades all of that for the reconstruction everywhere, an edit
  /// of strength 0 included. Added as a difference the reconstruction's errors cancel, what the
  /// edit left alone keeps the photograph's detail, and a difference of 0 is the photograph bit for
  /// bit. What it cannot do by itself is take away what only the photograph has; that goes where
  /// the edit paints another structure (editing/faces/covered_detail.h).
  difference,
  /// photograph + feather x (edited - photograph): the edited crop itself.
  replace,
};

struct FacePasteOptions {
  PasteMode mode = PasteMode::difference;
  /// Share of the crop's side over which it fades to nothing at its edges, in (0, 0.5].
  double feather = 0.1;
  /// With `replace`: take over the photograph's colours, blurred to 1/64 of the crop, where the
  /// crop fades, and lead the correction to nothing within about a tenth of its side further
  /// inside (a screened membrane). A background that was reconstructed too dark leaves no border,
  /// and the middle of the face keeps its colours.
  bool match_seam = true;
  /// With `difference`: what the edit started from, a reconstruction of the crop. Null: the
  /// photograph's own crop, rounded to the depth of `edited`, which is right for crops that were
  /// edited by other means.
  const Image* before = nullptr;
  /// In the frame of the crop, any size: white (255) counts whole, black not at all. Null: white.
  const Image* mask = nullptr;
};

/// The photograph with the edited crop in it: size, depth, channels, alpha, metadata and profile of
/// `photo`; samples that are not within the square, or where feather or mask are 0, are the same
/// bits. `edited` and `before` are square, at least 8 px wide, of any depth, in the photograph's
/// profile; a grey photograph takes their luma. Larger crops than the square are reduced with
/// Lanczos, everything is placed between pixels with Catmull-Rom's cubic.
/// Throws Error{input} for crops that are not square or too small, Error{usage} for a feather out
/// of range.
Image paste_face(const Image& photo, const FaceCrop& crop, const Image& edited,
                 const FacePasteOptions& options = {});

}  // namespace vane
