// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the readers of scenes owe for any bytes: a cloud whose arrays agree and whose numbers can be
// drawn, or an Error of class input.

#include <cmath>
#include <string>

#include "engine/scene/splat_file.h"
#include "tests/fuzz/property.h"

namespace vane {

/// Small caps, so that a run spends its time on parsers and not on memory.
inline Limits scene_fuzz_limits() {
  Limits limits;
  limits.scene_gaussians = 4096;
  limits.scene_points = 4096;
  limits.scene_views = 256;
  limits.image_pixels = 1 << 16;
  limits.image_decoded_bytes = 1 << 20;
  return limits;
}

/// No part of the name leads upwards and it does not begin at the root; "..png" is a name like any.
inline bool stays_within(const std::string& name) {
  if (name.empty() || name.front() == '/') return false;
  return ('/' + name + '/').find("/../") == std::string::npos;
}

inline void require_drawable(const SplatFile& file) {
  const SplatCloud& cloud = file.cloud;
  const auto count = static_cast<size_t>(cloud.size());
  const auto rest = static_cast<size_t>(cloud.rest_coefficients());
  require(cloud.sh_degree >= 0 && cloud.sh_degree <= 3, "a degree of 0 to 3");
  require(cloud.position.size() == 3 * count && cloud.sh0.size() == 3 * count &&
              cloud.sh_rest.size() == 3 * rest * count && cloud.log_scale.size() == 3 * count &&
              cloud.rotation.size() == 4 * count,
          "arrays of one length");
  require(file.dropped == 0 || file.source_rows.size() == count, "a row for each that is left");
  for (const auto* values : {&cloud.position, &cloud.sh0, &cloud.sh_rest, &cloud.opacity_logit,
                             &cloud.log_scale, &cloud.rotation}) {
    for (const float value : *values) require(std::isfinite(value), "finite numbers");
  }
  for (size_t i = 0; i < count; ++i) {
    const float* q = &cloud.rotation[4 * i];
    require(q[0] != 0 || q[1] != 0 || q[2] != 0 || q[3] != 0, "rotations have a length");
  }
}

}  // namespace vane
