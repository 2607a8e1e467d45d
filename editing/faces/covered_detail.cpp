// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/covered_detail.h"

#include <algorithm>
#include <cmath>

#include "editing/faces/seam_match.h"

namespace vane {
namespace {

/// Cells across over which a change is called even.
constexpr int kEvenCells = 16;
/// Unevenness below which an edit retouched, and above which it painted anew.
constexpr float kRetouched = 0.025f, kPainted = 0.075f;

/// The field at pixel (x, y) of a picture of `size`.
Rgb upsampled(const RgbField& field, int x, int y, int size) {
  const double scale = double(field.width) / size;
  return sample_linear(field, (x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5);
}

/// How much of each cell was painted anew, in [0,1]; kSeamCells across.
RgbField painted_cells(const RgbField& change) {
  const int size = change.width;
  const RgbField even =
      resize_lanczos(change, std::min(kEvenCells, size), std::min(kEvenCells, size));
  RgbField uneven(size, size);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const Rgb mean = upsampled(even, x, y, size);
      float sum = 0;
      for (size_t c = 0; c < 3; ++c) sum += std::abs(change.at(x, y)[c] - mean[c]) / 3;
      uneven.at(x, y) = {sum, sum, sum};
    }
  }
  RgbField cells = resize_lanczos(uneven, kSeamCells, kSeamCells);
  for (Rgb& cell : cells.pixels) {
    const float t = std::clamp((cell[0] - kRetouched) / (kPainted - kRetouched), 0.f, 1.f);
    const float share = t * t * (3 - 2 * t);
    cell = {share, share, share};
  }
  return cells;
}

/// Each cell at least as much as its neighbours: what was painted over may be a little larger in
/// the photograph than in its reconstruction.
RgbField widened(const RgbField& cells) {
  RgbField result = cells;
  for (int y = 0; y < cells.height; ++y) {
    for (int x = 0; x < cells.width; ++x) {
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
          const int row = std::clamp(y + dy, 0, cells.height - 1);
          const int column = std::clamp(x + dx, 0, cells.width - 1);
          if (cells.at(column, row)[0] > result.at(x, y)[0]) {
            result.at(x, y) = cells.at(column, row);
          }
        }
      }
    }
  }
  return result;
}

}  // namespace

void drop_covered_detail(RgbField& change, const RgbField& own, const RgbField& before) {
  const int size = change.width;
  const RgbField painted = widened(widened(painted_cells(change)));
  // match_seam() leads in what lies outside the cells of weight 1.
  RgbField covered(kSeamCells, kSeamCells);
  for (size_t i = 0; i < covered.pixels.size(); ++i) {
    const float is_covered = painted.pixels[i][0] > 0 ? 1.f : 0.f;
    covered.pixels[i] = {is_covered, is_covered, is_covered};
  }
  RgbField lit = before;
  match_seam(lit, resize_lanczos(own, kSeamCells, kSeamCells), covered);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const float share = upsampled(painted, x, y, size)[0];
      if (share <= 0) continue;
      for (size_t c = 0; c < 3; ++c) {
        change.at(x, y)[c] -= share * (own.at(x, y)[c] - lit.at(x, y)[c]);
      }
    }
  }
}

}  // namespace vane
