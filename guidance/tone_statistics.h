// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a picture's brightness and colours are like by themselves: no reference, no weights.

#include "engine/tensor/fwd.h"

namespace vane {

struct ToneStatistics {
  /// Mean of luma .299 R + .587 G + .114 B, in [0,1].
  double mean_luma = 0;
  /// Share of pixels whose luma is below 5 and above 250 of 255.
  double dark = 0, bright = 0;
  /// Shannon entropy of the 256 levels of luma in bits, in [0,8].
  double entropy = 0;
  /// Hasler and Suesstrunk 2003: |(s_rg, s_yb)| + .3 |(m_rg, m_yb)|, rg = R - G,
  /// yb = (R + G) / 2 - B on the scale of 255; 0 for grey.
  double colourfulness = 0;
};

/// Of [1,3,H,W] in [0,1], sRGB-encoded; samples are rounded to 8 bits, and so is luma for the
/// shares and the entropy. Throws Error{usage} when it is no single colour picture.
ToneStatistics tone_statistics(const Tensor& image);

}  // namespace vane
