// SPDX-License-Identifier: Apache-2.0
#pragma once
// How an edit of a scene looks at what it edits.

#include <cstdint>
#include <vector>

#include "engine/base/job.h"
#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

struct EditViewOptions {
  int64_t guiding = 6;
  int64_t held_out = 3;
  int side = 160;  // pixels of the longer side
};

struct EditViews {
  std::vector<Camera> guiding, held_out;  // all of one size
  /// The cameras that were given, of those that see any of it: where the rest of the scene is
  /// compared.
  std::vector<Camera> whole;
};

/// Of `cameras` those that see most of the Gaussians `rows`, evenly spread; every third is held out
/// from guidance (with a single one it serves both). Where the rows are not the whole scene each
/// view is a square around what is seen of them, 1.6 times as wide as their box, since an encoder
/// of 64 pixels knows nothing of a thing that is six pixels wide. Throws Error{input} when no
/// camera sees any of it.
EditViews edit_views(const SplatCloud& cloud, const std::vector<int64_t>& rows,
                     const std::vector<Camera>& cameras, const EditViewOptions& options, Job& job);

/// Where the picture of `camera` is mostly of the Gaussians `rows`: the part of a pixel's light
/// that comes from them, [H,W] in [0,1].
std::vector<float> share_of_rows(const SplatCloud& cloud, const std::vector<int64_t>& rows,
                                 const Camera& camera);

/// Half the diagonal of the box around the middle nine tenths of the rows, world units.
double extent_of_rows(const SplatCloud& cloud, const std::vector<int64_t>& rows);

}  // namespace vane
