// SPDX-License-Identifier: Apache-2.0
#pragma once
// Arithmetic of relighting over the pixels of one row, in loops that compilers vectorise. No torch.

#include <cstddef>
#include <vector>

#include "generators/relight/relight_apply.h"

namespace vane {

/// Of the pixels of one row: what the planes say there, and what becomes of the light.
struct RelightRow {
  explicit RelightRow(size_t width);
  /// Planes between two of their rows.
  std::vector<float> slope, offset, low, high, haze;
  /// Encoded luma in [0,1]; stops at strength 1; strength (of the mask as well); 2^(s stops);
  /// 2^stops.
  std::vector<float> guide, stops, strength, gain, full_gain;
  /// Linear light, and after relit() the square root of what is shown.
  std::vector<float> red, green, blue;
};

/// Columns of a picture among those of planes that are smaller or larger.
class RelightColumns {
 public:
  RelightColumns(int picture_width, int planes_width);
  /// Fills slope to haze of `out` for row `row` of a picture with `rows` rows.
  void planes_at(const RelightPlanes& planes, int row, int rows, RelightRow& out) const;

 private:
  int planes_width_;
  std::vector<float> weight_;
  /// First pixel of each column of the planes; one more at the end.
  std::vector<int> starts_;
};

/// Fills stops, gain and full_gain from guide, strength and the planes. Negative stops fade towards
/// white, as the tensor function sparing_white() has it.
void find_gains(RelightRow& row);

/// red, green and blue [0,1] -> sqrt of min(1, gain max(0, light - strength haze)), all three
/// scaled alike where one would clip.
void relight_colours(RelightRow& row);
/// The same of red alone.
void relight_grey(RelightRow& row);

/// Least, largest and sum of full_gain.
struct GainRange {
  float least = 0, largest = 0;
  double sum = 0;
};
GainRange gain_range(const RelightRow& row);

/// 2^x for |x| < 64, within 3e-7 of the value.
float fast_exp2(float x);

}  // namespace vane
