// SPDX-License-Identifier: Apache-2.0
#pragma once
// A photograph divided by its illumination map at full resolution.

#include <limits>

#include "engine/image/image.h"
#include "generators/enhance/illumination.h"
#include "generators/enhance/tiled_illumination.h"

namespace vane {

struct EnhancePhotoOptions {
  /// 0: the source bit for bit; 1: the network's map; at most 2. See map_of_strength().
  double strength = 1;
  /// Undefined, or [1,1,H,W] in [0,1]: multiplies the strength.
  Tensor mask = {};
  double map_floor = kMapFloor;
  TileOptions tiles = {};
};

/// What a report says of one photograph.
struct EnhanceMeasures {
  /// What the method chose by itself, before the strength that was asked for; 1 when it does not
  /// choose.
  double strength = 1;
  /// Of the map itself, before strength and floor.
  double map_min = 0, map_mean = 0, map_max = 0;
  /// To half a percent.
  double map_median = 0;
  /// Windows that the map was computed in; 0 where a method knows none.
  int64_t tiles = 0;
  /// What bringing light to the full photograph took, where that is a step of its own; else NaN.
  double apply_ms = std::numeric_limits<double>::quiet_NaN();
  /// Mean of .299 R + .587 G + .114 B of the encoded samples, in [0,1].
  double luma_before = 0, luma_after = 0;
  /// Share of pixels with a sample at the top of its range.
  double clipped_before = 0, clipped_after = 0;
  /// Steps that a method spent on this photograph alone, and its objective before and after them
  /// (enhance/relight_refinement.h); no steps: not refined.
  int64_t refine_steps = 0;
  double refine_before = 0, refine_after = 0;
  /// <E, r> of the photograph and of the result on RAVE's residual vector, and the share of the way
  /// to its threshold tau; NaN where no CLIP judged, or there was no way to go.
  double clip_before = std::numeric_limits<double>::quiet_NaN(), clip_after = clip_before;
  double gap_closed = clip_before;
};

/// `source` upright (the network is not indifferent to rotation), divided by its map: 8 and 16 bit
/// stay so, rounded half up; grey stays grey (replicated for the network); alpha and metadata stay.
/// The network sees the colours as sRGB (srgb_view.h); what is divided are the samples as stored,
/// so that the ICC profile stays right.
/// Memory:  source, result and options.tiles.memory_bytes; no full-size float picture.
/// Throws:  Error{usage} for strength outside [0,2] or a side below 2 px; Error{numeric} for a map
///          that is not finite; Cancelled between tiles.
Image enhance_photo(const EnhancementNetwork& network, const Image& source,
                    const EnhancePhotoOptions& options, Job& job,
                    EnhanceMeasures* measures = nullptr);

}  // namespace vane
