// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/splat_layouts.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/base/error.h"

namespace vane {
namespace {

constexpr float kFarthest = 1e6f, kMostLogit = 20.f, kLeastLogScale = -20.f, kMostLogScale = 10.f;
constexpr float kShortest = 1e-8f;  // rotation

bool is_finite(float value) {
  return (std::bit_cast<uint32_t>(value) & 0x7f800000u) != 0x7f800000u;
}

/// Marks the rows of `width` numbers for which `holds` is false for one.
template <class Holds>
void mark(const std::vector<float>& values, size_t width, std::vector<uint8_t>& bad, Holds holds) {
  if (width == 0) return;
  for (size_t row = 0; row < bad.size(); ++row) {
    bool good = true;
    for (size_t i = 0; i < width; ++i) good &= holds(values[row * width + i]);
    bad[row] |= static_cast<uint8_t>(!good);
  }
}

}  // namespace

void drop_invalid(SplatFile& file) {
  SplatCloud& cloud = file.cloud;
  const auto count = static_cast<size_t>(cloud.size());
  std::vector<uint8_t> bad(count, 0);
  mark(cloud.position, 3, bad, [](float v) { return std::abs(v) <= kFarthest; });
  mark(cloud.sh0, 3, bad, is_finite);
  mark(cloud.sh_rest, 3 * static_cast<size_t>(cloud.rest_coefficients()), bad, is_finite);
  mark(cloud.opacity_logit, 1, bad, is_finite);
  mark(cloud.log_scale, 3, bad, is_finite);
  for (size_t row = 0; row < count; ++row) {
    const float* q = &cloud.rotation[4 * row];
    const float length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    bad[row] |= static_cast<uint8_t>(!(length > kShortest && is_finite(length)));
  }
  file.dropped = std::count(bad.begin(), bad.end(), 1);
  if (file.dropped > 0) {
    for (size_t row = 0; row < count; ++row) {
      if (bad[row] == 0) file.source_rows.push_back(static_cast<int64_t>(row));
    }
    cloud = cloud.rows(file.source_rows);
  }
  for (float& v : cloud.opacity_logit) v = std::clamp(v, -kMostLogit, kMostLogit);
  for (float& v : cloud.log_scale) v = std::clamp(v, kLeastLogScale, kMostLogScale);
}

void check_gaussians(uint64_t count, const Limits& limits) {
  if (count <= limits.scene_gaussians) return;
  throw Error(ErrorCode::input,
              fmt::format("declares {} Gaussians, the limit is {}", count, limits.scene_gaussians))
      .with_hint(fmt::format("if the file is trusted, raise --limit scene.gaussians={}", count));
}

}  // namespace vane
