// SPDX-License-Identifier: Apache-2.0
#include "tests/splats/splat_scenes.h"

#include <cmath>

namespace vane::testing {

SplatCloud random_cloud(int n, int sh_degree, uint64_t seed) {
  Rng rng(seed);
  SplatCloud cloud;
  cloud.sh_degree = sh_degree;
  for (int i = 0; i < n; ++i) {
    const float z = rng.uniform(1.5f, 6.f);
    cloud.position.push_back(rng.uniform(-0.7f, 0.7f) * z);
    cloud.position.push_back(rng.uniform(-0.7f, 0.7f) * z);
    cloud.position.push_back(z);
    for (int k = 0; k < 3; ++k) cloud.sh0.push_back(rng.uniform(-1.5f, 1.5f));
    for (int k = 0; k < 3 * cloud.rest_coefficients(); ++k) {
      cloud.sh_rest.push_back(0.3f * rng.normal());
    }
    cloud.opacity_logit.push_back(rng.uniform(-4.f, 4.f));
    for (int k = 0; k < 3; ++k) cloud.log_scale.push_back(rng.uniform(-4.5f, -0.5f));
    for (int k = 0; k < 4; ++k) cloud.rotation.push_back(rng.normal());
  }
  return cloud;
}

void add_ball(SplatCloud& cloud, std::array<float, 3> position, float scale, float opacity,
              std::array<float, 3> rgb) {
  for (size_t k = 0; k < 3; ++k) {
    cloud.position.push_back(position[k]);
    cloud.sh0.push_back((rgb[k] - 0.5f) / 0.28209479177387814f);
    cloud.log_scale.push_back(std::log(scale));
  }
  cloud.sh_rest.resize(cloud.sh_rest.size() + 3 * static_cast<size_t>(cloud.rest_coefficients()));
  cloud.opacity_logit.push_back(std::log(opacity / (1 - opacity)));
  cloud.rotation.insert(cloud.rotation.end(), {1, 0, 0, 0});
}

Camera straight_camera(int width, int height, double focal) {
  Camera camera;
  camera.width = width;
  camera.height = height;
  camera.fx = camera.fy = focal;
  camera.cx = 0.5 * width;
  camera.cy = 0.5 * height;
  return camera;
}

Camera odd_camera(int width, int height) {
  Camera camera = straight_camera(width, height, 0.9 * width);
  camera.fy = 1.2 * camera.fx;
  camera.cx = 0.37 * width;
  camera.cy = 0.61 * height;
  // About y by 0.2, then about x by -0.1.
  const double cy = std::cos(0.2), sy = std::sin(0.2), cx = std::cos(-0.1), sx = std::sin(-0.1);
  camera.world_to_camera = {cy,       0,  sy,       -0.5,  //
                            sx * sy,  cx, -sx * cy, 0.2,   //
                            -cx * sy, sx, cx * cy,  0.6};
  camera.background = {0.2f, 0.5f, 0.9f};
  return camera;
}

}  // namespace vane::testing
