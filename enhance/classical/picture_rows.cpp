// SPDX-License-Identifier: Apache-2.0
#include "enhance/classical/picture_rows.h"

namespace vane {
namespace {

template <class T>
void spread(const T* samples, int width, int channels, float* rgb) {
  constexpr float kTop = std::numeric_limits<T>::max();
  const bool grey = channels <= 2;
  for (int x = 0; x < width; ++x, samples += channels, rgb += 3) {
    for (int c = 0; c < 3; ++c) rgb[c] = float(samples[grey ? 0 : c]) / kTop;
  }
}

size_t row_start(const Image& picture, int y) {
  return static_cast<size_t>(y) * static_cast<size_t>(picture.width) *
         static_cast<size_t>(picture.channels);
}

}  // namespace

PictureRows::PictureRows(const Image& picture) : picture_(picture), view_(SrgbView::of(picture)) {
  if (view_) converted_.resize(3 * static_cast<size_t>(picture.width));
}

void PictureRows::stored(int y, float* rgb) const {
  const size_t start = row_start(picture_, y);
  if (picture_.depth == 16) {
    spread(picture_.u16.data() + start, picture_.width, picture_.channels, rgb);
  } else {
    spread(picture_.u8.data() + start, picture_.width, picture_.channels, rgb);
  }
}

void PictureRows::shown(int y, float* rgb) {
  if (!view_) {
    stored(y, rgb);
    return;
  }
  const size_t start = row_start(picture_, y);
  const void* const samples = picture_.depth == 16
                                  ? static_cast<const void*>(picture_.u16.data() + start)
                                  : picture_.u8.data() + start;
  view_->convert(samples, static_cast<size_t>(picture_.width), converted_.data());
  spread(converted_.data(), picture_.width, 3, rgb);
}

}  // namespace vane
