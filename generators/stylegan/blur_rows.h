// SPDX-License-Identifier: Apache-2.0
#pragma once
// One plane through the filter [1,3,3,1] along both axes. No torch, so that the loop can be
// compiled for speed on its own.

#include <cstdint>
#include <vector>

namespace vane {

/// in [height,width] -> out [height+2pad-3, width+2pad-3], zero beyond the border, times `gain`.
/// `scratch` is kept between planes to spare its allocation.
template <class T>
void blur_plane(const T* in, int64_t height, int64_t width, int64_t pad, T gain, T* out,
                std::vector<T>& scratch);

extern template void blur_plane<float>(const float*, int64_t, int64_t, int64_t, float, float*,
                                       std::vector<float>&);
extern template void blur_plane<double>(const double*, int64_t, int64_t, int64_t, double, double*,
                                        std::vector<double>&);

}  // namespace vane
