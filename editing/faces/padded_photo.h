// SPDX-License-Identifier: Apache-2.0
#pragma once
// A photograph that goes on beyond its edge, as the published crop of FFHQ continues it.

#include "editing/faces/face_crop.h"
#include "editing/faces/rgb_field.h"

namespace vane {

/// Keeps a reference to the photograph and no copy of it.
class PaddedPhoto {
 public:
  /// What the crop's square needs. The part of the photograph within a tenth of the square's side
  /// around it counts; where it ends nearer than that, it is continued on all sides by 0.3 of the
  /// side (or as far as the square reaches), there blurred by 0.02 of the side and led over to the
  /// median. Throws Error{input} when no pixel of the photograph lies in that part.
  PaddedPhoto(const Image& photo, const FaceCrop& crop);

  /// Colours in [0,1], linear between pixels, of a row of points: the first one, the second one,
  /// and so on at equal steps.
  void sample_row(CropPoint first, CropPoint second, RgbField& row) const;

 private:
  template <class Sample>
  void sample_row_of(const Sample* samples, CropPoint first, CropPoint step, RgbField& row) const;
  void continue_photo(double side);
  Rgb mean_of_cell(int column, int row) const;
  float edge_share(double x, double y) const;
  int padded_width() const { return width_ + pad_[0] + pad_[2]; }
  int padded_height() const { return height_ + pad_[1] + pad_[3]; }

  const Image& photo_;
  int left_ = 0, top_ = 0, width_ = 0, height_ = 0;  // the part that counts
  bool continued_ = false;
  std::array<int, 4> pad_{};  // left, top, right, bottom
  /// The continued part, blurred, one pixel for `cell_` x `cell_` of it.
  int cell_ = 1;
  RgbField blurred_;
  Rgb median_{};
};

}  // namespace vane
