// SPDX-License-Identifier: Apache-2.0
#include "editing/document/face_blend.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace vane {

Image face_blend(const Image& base, const Image& before, const Image& after, double strength) {
  const size_t count = base.u8.size();
  if (before.u8.size() != count || after.u8.size() != count || count != base.sample_count()) {
    throw Error(ErrorCode::internal, "pictures of different sizes cannot be blended");
  }
  Image out = base;
  const auto share = static_cast<float>(strength);
  for (size_t i = 0; i < count; ++i) {
    const float change = share * static_cast<float>(after.u8[i] - before.u8[i]);
    const float value = static_cast<float>(base.u8[i]) + change;
    out.u8[i] = static_cast<uint8_t>(std::lround(std::clamp(value, 0.f, 255.f)));
  }
  return out;
}

}  // namespace vane
