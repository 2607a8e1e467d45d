// SPDX-License-Identifier: Apache-2.0
#include "generators/stylegan/blur_rows.h"

#include <cstddef>

namespace vane {

template <class T>
void blur_plane(const T* in, int64_t height, int64_t width, int64_t pad, T gain, T* out,
                std::vector<T>& scratch) {
  const int64_t out_height = height + 2 * pad - 3, out_width = width + 2 * pad - 3;
  // A row of zeros that stands for what lies beyond the border, then one row filtered downwards.
  scratch.assign(static_cast<size_t>(2 * width + 2 * pad), T(0));
  const T* zeros = scratch.data();
  T* column_sums = scratch.data() + width;
  const auto row = [&](int64_t y) { return y < 0 || y >= height ? zeros : in + y * width; };
  for (int64_t y = 0; y < out_height; ++y) {
    const T *a = row(y - pad), *b = row(y - pad + 1), *c = row(y - pad + 2), *d = row(y - pad + 3);
    T* middle = column_sums + pad;
    for (int64_t x = 0; x < width; ++x) middle[x] = ((a[x] + d[x]) + T(3) * (b[x] + c[x])) * gain;
    T* line = out + y * out_width;
    const T* v = column_sums;
    for (int64_t x = 0; x < out_width; ++x) {
      line[x] = (v[x] + v[x + 3]) + T(3) * (v[x + 1] + v[x + 2]);
    }
  }
}

template void blur_plane<float>(const float*, int64_t, int64_t, int64_t, float, float*,
                                std::vector<float>&);
template void blur_plane<double>(const double*, int64_t, int64_t, int64_t, double, double*,
                                 std::vector<double>&);

}  // namespace vane
