// SPDX-License-Identifier: Apache-2.0
#pragma once
// How far a packed scene may differ from what was packed: half a step of every quantity.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "engine/scene/splat_cloud.h"
#include "tests/scene/scene_support.h"

namespace vane::testing {

struct SplatBounds {
  std::array<double, 3> position{}, log_scale{};
  double sh0 = 0, opacity = 0;
  /// Least cosine of half the angle between the rotations.
  double rotation = 1;
  double band1 = 0, bands = 0;
};

// Room for the arithmetic of floats.
inline constexpr double kFloatRoom = 2e-6;

/// Clouds of random_cloud and of record_scenes.py: positions in [-4,4], f_dc in [-1.5,1.5], bands
/// in
/// [-0.4,0.4], log scales in [-7,-1].
inline SplatBounds raw_splat_bounds() {
  return {{0, 0, 0}, {0, 0, 0}, 0.5 / 255 / 0.28209479, 0.5 / 255, 1 - 1.3e-4, 0, 0};
}
inline SplatBounds spz_bounds(int version) {
  // Halves have 11 bits; before version 3 the fourth component is what is missing to length 1.
  const double position = version == 1 ? 4 * 0x1p-12 : 0.5 / 4096;
  const double rotation = version < 3 ? 0.993 : 1 - 6e-6;
  return {{position, position, position},
          {0.5 / 16, 0.5 / 16, 0.5 / 16},
          0.5 / (0.15 * 255),
          0.5 / 255,
          rotation,
          4.5 / 128,
          8.5 / 128};
}
inline SplatBounds compressed_ply_bounds() {
  return {{8 * 0.5 / 2047, 8 * 0.5 / 1023, 8 * 0.5 / 2047},
          {6 * 0.5 / 2047, 6 * 0.5 / 1023, 6 * 0.5 / 2047},
          3 * 0.5 / 255,
          0.5 / 255,
          1 - 6e-6,
          4. / 256,
          4. / 256};
}
inline SplatBounds sog_bounds() {
  const double position = 5 * 2 * std::log(5.) * 0.5 / 65535;
  return {{position, position, position},
          {6 * 0.5 / 255, 6 * 0.5 / 255, 6 * 0.5 / 255},
          3 * 0.5 / 255,
          0.5 / 255,
          1 - 9e-5,
          0.8 * 0.5 / 255,
          0.8 * 0.5 / 255};
}

/// Row i of `cloud` against row order[i] of `reference`.
inline void expect_close(const SplatCloud& cloud, const SplatCloud& reference,
                         const SplatBounds& bounds, const std::vector<uint32_t>& order) {
  ASSERT_EQ(cloud.size(), static_cast<int64_t>(order.size()));
  const auto rest = static_cast<size_t>(cloud.rest_coefficients());
  const auto reference_rest = static_cast<size_t>(reference.rest_coefficients());
  double worst[7] = {};
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t r = order[i];
    const auto note = [&](int kind, double difference, double bound) {
      worst[kind] = std::max(worst[kind], std::abs(difference) - bound);
    };
    for (size_t c = 0; c < 3; ++c) {
      note(0, cloud.position[3 * i + c] - reference.position[3 * r + c], bounds.position[c]);
      note(1, cloud.log_scale[3 * i + c] - reference.log_scale[3 * r + c], bounds.log_scale[c]);
      note(2, cloud.sh0[3 * i + c] - reference.sh0[3 * r + c], bounds.sh0);
    }
    note(3, sigmoid(cloud.opacity_logit[i]) - sigmoid(reference.opacity_logit[r]), bounds.opacity);
    const double same = rotation_agreement(&cloud.rotation[4 * i], &reference.rotation[4 * r]);
    note(4, 0, same - bounds.rotation);
    for (size_t j = 0; j < 3 * rest; ++j) {
      const double difference =
          cloud.sh_rest[3 * rest * i + j] - reference.sh_rest[3 * reference_rest * r + j];
      note(j < 9 ? 5 : 6, difference, j < 9 ? bounds.band1 : bounds.bands);
    }
  }
  constexpr const char* kNames[] = {"position", "log scale", "colour",       "opacity",
                                    "rotation", "band 1",    "bands 2 and 3"};
  for (int kind = 0; kind < 7; ++kind) EXPECT_LE(worst[kind], kFloatRoom) << kNames[kind];
}

inline std::vector<uint32_t> same_order(int64_t count) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < count; ++i) order.push_back(i);
  return order;
}

}  // namespace vane::testing
