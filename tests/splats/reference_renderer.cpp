// SPDX-License-Identifier: Apache-2.0
#include "tests/splats/reference_renderer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace vane::testing {
namespace {

using Matrix = std::array<std::array<double, 3>, 3>;
using Vector = std::array<double, 3>;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      for (size_t k = 0; k < 3; ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

Matrix transposed(const Matrix& a) {
  Matrix t{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) t[i][j] = a[j][i];
  }
  return t;
}

// Rodrigues-free: the matrix that v -> q v q* is, from products of quaternions.
Matrix turn_of(const float* q) {
  const double n = std::sqrt(double(q[0]) * q[0] + double(q[1]) * q[1] + double(q[2]) * q[2] +
                             double(q[3]) * q[3]);
  const double w = q[0] / n;
  const Vector a{q[1] / n, q[2] / n, q[3] / n};
  Matrix m{};
  for (size_t axis = 0; axis < 3; ++axis) {
    Vector v{};
    v[axis] = 1;
    const auto cross = [](const Vector& p, const Vector& r) {
      return Vector{p[1] * r[2] - p[2] * r[1], p[2] * r[0] - p[0] * r[2],
                    p[0] * r[1] - p[1] * r[0]};
    };
    const Vector once = cross(a, v), twice = cross(a, once);
    for (size_t k = 0; k < 3; ++k) m[k][axis] = v[k] + 2 * (w * once[k] + twice[k]);
  }
  return m;
}

double harmonic(int index, const Vector& d) {
  const double x = d[0], y = d[1], z = d[2], pi = 3.14159265358979323846;
  // Normalisations as they stand in tables of real spherical harmonics.
  switch (index) {
    case 0:
      return 0.5 * std::sqrt(1 / pi);
    case 1:
      return -std::sqrt(3 / (4 * pi)) * y;
    case 2:
      return std::sqrt(3 / (4 * pi)) * z;
    case 3:
      return -std::sqrt(3 / (4 * pi)) * x;
    case 4:
      return 0.5 * std::sqrt(15 / pi) * x * y;
    case 5:
      return -0.5 * std::sqrt(15 / pi) * y * z;
    case 6:
      return 0.25 * std::sqrt(5 / pi) * (3 * z * z - 1);
    case 7:
      return -0.5 * std::sqrt(15 / pi) * x * z;
    case 8:
      return 0.25 * std::sqrt(15 / pi) * (x * x - y * y);
    case 9:
      return -0.25 * std::sqrt(35 / (2 * pi)) * y * (3 * x * x - y * y);
    case 10:
      return 0.5 * std::sqrt(105 / pi) * x * y * z;
    case 11:
      return -0.25 * std::sqrt(21 / (2 * pi)) * y * (5 * z * z - 1);
    case 12:
      return 0.25 * std::sqrt(7 / pi) * z * (5 * z * z - 3);
    case 13:
      return -0.25 * std::sqrt(21 / (2 * pi)) * x * (5 * z * z - 1);
    case 14:
      return 0.25 * std::sqrt(105 / pi) * z * (x * x - y * y);
    default:
      return -0.25 * std::sqrt(35 / (2 * pi)) * x * (x * x - 3 * y * y);
  }
}

struct Seen {
  size_t row;
  double u, v, z, a, b, c, opacity;  // (a b; b c) is the inverse covariance
  Vector rgb;
};

bool see(const SplatCloud& cloud, const Camera& camera, int degree, size_t i, Seen& seen) {
  const auto& m = camera.world_to_camera;
  Matrix world{};
  Vector t{}, mean{}, centre{};
  for (size_t k = 0; k < 3; ++k) mean[k] = cloud.position[3 * i + k];
  for (size_t k = 0; k < 3; ++k) {
    t[k] = m[4 * k + 3];
    for (size_t j = 0; j < 3; ++j) {
      world[k][j] = m[4 * k + j];
      t[k] += world[k][j] * mean[j];
    }
  }
  for (size_t j = 0; j < 3; ++j) {
    for (size_t k = 0; k < 3; ++k) centre[j] -= world[k][j] * m[4 * k + 3];
  }
  if (t[2] <= double(0.2f)) return false;

  const Matrix turn = turn_of(cloud.rotation.data() + 4 * i);
  Matrix stretch{};
  for (size_t k = 0; k < 3; ++k) {
    stretch[k][k] = std::exp(2 * double(cloud.log_scale[3 * i + k]));
  }
  const Matrix sigma = product(product(turn, stretch), transposed(turn));
  const double left = camera.cx / camera.fx, right = (camera.width - camera.cx) / camera.fx,
               up = camera.cy / camera.fy, down = (camera.height - camera.cy) / camera.fy;
  const double x =
      t[2] * std::clamp(t[0] / t[2], -left - 0.15 * (left + right), right + 0.15 * (left + right));
  const double y =
      t[2] * std::clamp(t[1] / t[2], -up - 0.15 * (up + down), down + 0.15 * (up + down));
  Matrix jacobian{};
  jacobian[0] = {camera.fx / t[2], 0, -camera.fx * x / (t[2] * t[2])};
  jacobian[1] = {0, camera.fy / t[2], -camera.fy * y / (t[2] * t[2])};
  const Matrix to_image = product(jacobian, world);
  const Matrix flat = product(product(to_image, sigma), transposed(to_image));
  const double xx = flat[0][0] + 0.3, xy = flat[0][1], yy = flat[1][1] + 0.3;
  const double det = xx * yy - xy * xy;
  seen.row = i;
  seen.u = camera.fx * t[0] / t[2] + camera.cx;
  seen.v = camera.fy * t[1] / t[2] + camera.cy;
  seen.z = t[2];
  seen.a = yy / det;
  seen.b = -xy / det;
  seen.c = xx / det;
  seen.opacity = 1 / (1 + std::exp(-double(cloud.opacity_logit[i])));
  if (cloud.antialiased) {
    const double bare = flat[0][0] * flat[1][1] - xy * xy;
    seen.opacity *= std::sqrt(std::max(bare / det, 0.005 * 0.005));
  }
  Vector d{};
  double length = 0;
  for (size_t k = 0; k < 3; ++k) {
    d[k] = mean[k] - centre[k];
    length += d[k] * d[k];
  }
  for (double& k : d) k /= std::sqrt(length);
  for (size_t c = 0; c < 3; ++c) {
    double value = 0.5 + harmonic(0, d) * cloud.sh0[3 * i + c];
    for (int k = 1; k < (degree + 1) * (degree + 1); ++k) {
      const auto rest = static_cast<size_t>(cloud.rest_coefficients());
      value += harmonic(k, d) * cloud.sh_rest[3 * (rest * i + static_cast<size_t>(k - 1)) + c];
    }
    seen.rgb[c] = std::max(0.0, value);
  }
  return true;
}

bool near(double value, double threshold) { return std::abs(value - threshold) < 3e-5 * threshold; }

}  // namespace

ReferencePicture reference_render(const SplatCloud& cloud, const Camera& camera,
                                  int active_sh_degree, bool with_weights) {
  std::vector<Seen> seen;
  for (size_t i = 0; i < static_cast<size_t>(cloud.size()); ++i) {
    Seen one{};
    if (see(cloud, camera, std::min(active_sh_degree, cloud.sh_degree), i, one)) {
      seen.push_back(one);
    }
  }
  std::stable_sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) {
    return static_cast<float>(a.z) < static_cast<float>(b.z);
  });
  const auto pixels = static_cast<size_t>(camera.width) * static_cast<size_t>(camera.height);
  const auto size = static_cast<size_t>(cloud.size());
  ReferencePicture out;
  out.rgb.resize(3 * pixels);
  out.alpha.resize(pixels);
  out.depth.resize(pixels);
  out.certain.assign(pixels, 1);
  if (with_weights) out.weights.resize(pixels * size);
  for (size_t p = 0; p < pixels; ++p) {
    const double px = static_cast<double>(p % static_cast<size_t>(camera.width)) + 0.5;
    const double py = static_cast<double>(p / static_cast<size_t>(camera.width)) + 0.5;
    double transmittance = 1;
    for (const Seen& s : seen) {
      const double dx = px - s.u, dy = py - s.v;
      const double power = -0.5 * (s.a * dx * dx + 2 * s.b * dx * dy + s.c * dy * dy);
      const double alpha = std::min(0.99, s.opacity * std::exp(power));
      if (near(alpha, 1 / 255.0)) out.certain[p] = 0;
      if (alpha < 1 / 255.0) continue;
      if (near(transmittance * (1 - alpha), 1e-4)) out.certain[p] = 0;
      if (transmittance * (1 - alpha) < 1e-4) break;
      const double weight = alpha * transmittance;
      for (size_t c = 0; c < 3; ++c) out.rgb[3 * p + c] += weight * s.rgb[c];
      out.depth[p] += weight * s.z;
      if (with_weights) out.weights[p * size + s.row] = weight;
      transmittance *= 1 - alpha;
    }
    out.alpha[p] = 1 - transmittance;
    for (size_t c = 0; c < 3; ++c) {
      out.rgb[3 * p + c] += transmittance * double(camera.background[c]);
    }
  }
  return out;
}

}  // namespace vane::testing
