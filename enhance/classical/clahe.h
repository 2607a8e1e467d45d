// SPDX-License-Identifier: Apache-2.0
#pragma once
// Contrast-limited adaptive histogram equalisation (Pizer et al. 1987) of CIELAB lightness.

#include <functional>
#include <vector>

namespace vane {

struct ClaheOptions {
  /// Cells along each side; as many as the side has pixels when it has fewer.
  int grid = 8;
  /// A bin is capped at max(1, limit * pixels / 256); what is cut off is spread evenly.
  double limit = 2;
};

/// The curves of the cells. Lightness in [0,100] counts in 256 bins; curves are straight between
/// bins, so that 16-bit pictures keep their levels.
class Clahe {
 public:
  /// `row(y)` gives the lightness of a row [width]; called once for each from the top.
  Clahe(int width, int height, const std::function<const float*(int y)>& row,
        const ClaheOptions& options = {});

  /// Lightness at (x, y) after the curves of the four cells around it, blended bilinearly.
  float lightness(int x, int y, float before) const;

 private:
  static constexpr int kBins = 256;

  struct Place {
    int low = 0, high = 0;
    float part = 0;
  };
  static Place place(int position, int side, int cells);
  float curve(int cell_x, int cell_y, float bin) const;

  int width_, height_, columns_, rows_;
  std::vector<float> curves_;  // [rows][columns][kBins]
};

/// CIELAB (D65) of an sRGB-encoded pixel in [0,1], and back (not clipped).
struct EncodedLab {
  float lightness = 0, a = 0, b = 0;
};
EncodedLab lab_of_srgb(const float* rgb);
void srgb_of_lab(const EncodedLab& lab, float* rgb);

}  // namespace vane
