// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/splat_cloud.h"

#include <algorithm>

namespace vane {
namespace {

/// The rows named of an array with `width` numbers a row.
std::vector<float> gathered(const std::vector<float>& from, size_t width,
                            const std::vector<int64_t>& indices) {
  std::vector<float> out(indices.size() * width);
  auto to = out.begin();
  for (const int64_t index : indices) {
    to = std::copy_n(from.begin() + index * static_cast<int64_t>(width), width, to);
  }
  return out;
}

}  // namespace

void SplatCloud::resize(int64_t n) {
  const auto rows = static_cast<size_t>(n);
  position.resize(rows * 3);
  sh0.resize(rows * 3);
  sh_rest.resize(rows * 3 * static_cast<size_t>(rest_coefficients()));
  opacity_logit.resize(rows);
  log_scale.resize(rows * 3);
  rotation.resize(rows * 4);
}

SplatCloud SplatCloud::rows(const std::vector<int64_t>& indices) const {
  SplatCloud out;
  out.sh_degree = sh_degree;
  out.antialiased = antialiased;
  out.position = gathered(position, 3, indices);
  out.sh0 = gathered(sh0, 3, indices);
  out.sh_rest = gathered(sh_rest, 3 * static_cast<size_t>(rest_coefficients()), indices);
  out.opacity_logit = gathered(opacity_logit, 1, indices);
  out.log_scale = gathered(log_scale, 3, indices);
  out.rotation = gathered(rotation, 4, indices);
  return out;
}

}  // namespace vane
