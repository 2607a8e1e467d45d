// SPDX-License-Identifier: Apache-2.0
#pragma once
// A camera and a cloud in the form that the arithmetic of splat_math.h reads.

#include <algorithm>

#include "engine/scene/camera.h"
#include "engine/scene/splat_cloud.h"
#include "generators/splats/splat_math.h"

namespace vane::splats {

template <class T>
SplatView<T> splat_view(const Camera& camera, const SplatCloud& cloud, int active_sh_degree,
                        double near_plane) {
  SplatView<T> view;
  const auto& m = camera.world_to_camera;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t k = 0; k < 3; ++k) view.rotation[3 * row + k] = static_cast<T>(m[4 * row + k]);
    view.translation[row] = static_cast<T>(m[4 * row + 3]);
    view.centre[row] = static_cast<T>(-(m[row] * m[3] + m[4 + row] * m[7] + m[8 + row] * m[11]));
  }
  view.fx = static_cast<T>(camera.fx);
  view.fy = static_cast<T>(camera.fy);
  view.cx = static_cast<T>(camera.cx);
  view.cy = static_cast<T>(camera.cy);
  const double margin_x = kFrustumMargin * 0.5 * camera.width / camera.fx,
               margin_y = kFrustumMargin * 0.5 * camera.height / camera.fy;
  view.low[0] = static_cast<T>(-camera.cx / camera.fx - margin_x);
  view.low[1] = static_cast<T>(-camera.cy / camera.fy - margin_y);
  view.high[0] = static_cast<T>((camera.width - camera.cx) / camera.fx + margin_x);
  view.high[1] = static_cast<T>((camera.height - camera.cy) / camera.fy + margin_y);
  view.near_plane = static_cast<T>(near_plane);
  view.width = camera.width;
  view.height = camera.height;
  view.sh_degree = std::clamp(active_sh_degree, 0, cloud.sh_degree);
  view.sh_stride = cloud.rest_coefficients();
  view.antialiased = cloud.antialiased;
  return view;
}

inline SplatArrays splat_arrays(const SplatCloud& cloud) {
  return {cloud.position.data(),      cloud.sh0.data(),       cloud.sh_rest.data(),
          cloud.opacity_logit.data(), cloud.log_scale.data(), cloud.rotation.data()};
}

}  // namespace vane::splats
