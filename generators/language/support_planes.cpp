// SPDX-License-Identifier: Apache-2.0
#include "generators/language/support_planes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace vane {
namespace {

constexpr size_t kSample = 20000;   // points that planes are voted for by
constexpr int kHypotheses = 400;    // planes that are tried each time
constexpr int kMostPlanes = 8;      // of one scene, supports or not
constexpr int kRefinements = 4;     // least squares, each on what lies on the last
constexpr double kReach = 1.0 / 6;  // how far apart the three points lie, of the picture's width
constexpr double kNear = 1.5;       // pixels within which a point votes for a plane
constexpr double kLeastShare = 1.0 / 12, kLargeShare = 0.25, kMostBehind = 0.05;
constexpr double kCamerasInFront = 0.9;
constexpr double kSpread = 6;  // pixels within which the residuals of a plane are measured
constexpr double kLeastTolerance = 0.6, kMostTolerance = 5;
constexpr double kSigmas = 3, kMadToSigma = 1.4826;

using Point = std::array<double, 3>;

Point minus(const Point& a, const Point& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
double dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Point cross(const Point& a, const Point& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

struct Seen {
  Point at;
  double pixel;  // width of a pixel there
  int view, column, row;
};

std::vector<Seen> sample_of(const std::vector<SceneSurface>& views) {
  size_t pixels = 0;
  for (const SceneSurface& view : views) pixels += view.depth.size();
  // An odd step walks through all columns of pictures with even sides.
  const size_t step = pixels / kSample | 1;
  std::vector<Seen> sample;
  size_t at = 0;
  for (size_t v = 0; v < views.size(); ++v) {
    const SceneSurface& view = views[v];
    for (; at < view.depth.size(); at += step) {
      if (view.depth[at] <= 0) continue;
      const auto column = static_cast<int>(at % static_cast<size_t>(view.camera.width));
      const auto row = static_cast<int>(at / static_cast<size_t>(view.camera.width));
      sample.push_back({view.point(column, row),
                        pixel_width(view.camera, static_cast<double>(view.depth[at])),
                        static_cast<int>(v), column, row});
    }
    at -= view.depth.size();
  }
  return sample;
}

// Another pixel of the same view, not far away; false where the view sees nothing there.
bool neighbour(const SceneSurface& view, const Seen& seen, Rng& rng, Point& point) {
  const auto reach = static_cast<float>(kReach * view.camera.width);
  const int column = seen.column + static_cast<int>(rng.uniform(-reach, reach));
  const int row = seen.row + static_cast<int>(rng.uniform(-reach, reach));
  if (column < 0 || row < 0 || column >= view.camera.width || row >= view.camera.height) {
    return false;
  }
  if (view.depth[static_cast<size_t>(row) * static_cast<size_t>(view.camera.width) +
                 static_cast<size_t>(column)] <= 0) {
    return false;
  }
  point = view.point(column, row);
  return true;
}

bool plane_through(const Point& a, const Point& b, const Point& c, SupportPlane& plane) {
  Point n = cross(minus(b, a), minus(c, a));
  const double length = std::sqrt(dot(n, n));
  if (!(length > 0)) return false;
  for (double& x : n) x /= length;
  plane.normal = n;
  plane.offset = dot(n, a);
  return true;
}

// The direction in which the points spread least: inverse iteration on their covariance would do,
// but the cyclic Jacobi method needs no start and fails nowhere.
Point least_spread(double m[3][3]) {
  double v[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  constexpr int kSweeps = 30;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (int p = 0; p < 2; ++p) {
      for (int q = p + 1; q < 3; ++q) {
        if (m[p][q] == 0) continue;
        const double angle = 0.5 * std::atan2(2 * m[p][q], m[q][q] - m[p][p]);
        const double c = std::cos(angle), s = std::sin(angle);
        for (auto& row : v) {
          const double a = row[p], b = row[q];
          row[p] = c * a - s * b;
          row[q] = s * a + c * b;
        }
        for (int k = 0; k < 3; ++k) {
          const double a = m[k][p], b = m[k][q];
          m[k][p] = c * a - s * b;
          m[k][q] = s * a + c * b;
        }
        for (int k = 0; k < 3; ++k) {
          const double a = m[p][k], b = m[q][k];
          m[p][k] = c * a - s * b;
          m[q][k] = s * a + c * b;
        }
      }
    }
  }
  int least = 0;
  for (int k = 1; k < 3; ++k) {
    if (m[k][k] < m[least][least]) least = k;
  }
  return {v[0][least], v[1][least], v[2][least]};
}

class Search {
 public:
  Search(const std::vector<SceneSurface>& views, Rng rng)
      : views_(views), rng_(rng), sample_(sample_of(views)), left_(sample_.size(), true) {
    for (const SceneSurface& view : views) eyes_.push_back(view.camera.centre());
  }

  std::vector<SupportPlane> run() {
    std::vector<SupportPlane> planes;
    for (int i = 0; i < kMostPlanes; ++i) {
      SupportPlane plane;
      if (!best_plane(plane)) break;
      for (int k = 0; k < kRefinements; ++k) refine(plane);
      turn_to_cameras(plane);
      measure(plane);
      if (plane.share < kLeastShare) break;
      if (is_support(plane)) planes.push_back(plane);
      for (size_t k = 0; k < sample_.size(); ++k) {
        if (distance(plane, sample_[k]) < std::min(plane.tolerance, kMostTolerance)) {
          left_[k] = false;
        }
      }
    }
    std::stable_sort(planes.begin(), planes.end(),
                     [](const auto& a, const auto& b) { return a.share > b.share; });
    return planes;
  }

 private:
  // In pixels.
  static double distance(const SupportPlane& plane, const Seen& seen) {
    return std::abs(plane.height(seen.at)) / seen.pixel;
  }

  bool best_plane(SupportPlane& best) {
    if (sample_.empty()) return false;
    size_t most = 0;
    for (int i = 0; i < kHypotheses; ++i) {
      const size_t at = rng_.below(static_cast<uint32_t>(sample_.size()));
      Point b, c;
      const SceneSurface& view = views_[static_cast<size_t>(sample_[at].view)];
      const bool is_there =
          neighbour(view, sample_[at], rng_, b) && neighbour(view, sample_[at], rng_, c);
      SupportPlane plane;
      if (!left_[at] || !is_there || !plane_through(sample_[at].at, b, c, plane)) continue;
      size_t votes = 0;
      for (size_t k = 0; k < sample_.size(); ++k) {
        votes += left_[k] && distance(plane, sample_[k]) < kNear;
      }
      if (votes <= most) continue;
      most = votes;
      best = plane;
    }
    return most > 2;
  }

  // Least squares in pixels: far points count less, as they are known less well.
  void refine(SupportPlane& plane) const {
    Point mean{};
    double total = 0;
    const auto each = [&](const auto& visit) {
      for (size_t k = 0; k < sample_.size(); ++k) {
        if (!left_[k] || distance(plane, sample_[k]) >= kNear) continue;
        visit(sample_[k].at, 1 / (sample_[k].pixel * sample_[k].pixel));
      }
    };
    each([&](const Point& at, double weight) {
      for (size_t i = 0; i < 3; ++i) mean[i] += weight * at[i];
      total += weight;
    });
    if (!(total > 0)) return;
    for (double& x : mean) x /= total;
    double covariance[3][3] = {};
    each([&](const Point& at, double weight) {
      const Point d = minus(at, mean);
      for (size_t i = 0; i < 3; ++i) {
        for (size_t j = 0; j < 3; ++j) covariance[i][j] += weight / total * d[i] * d[j];
      }
    });
    plane.normal = least_spread(covariance);
    plane.offset = dot(plane.normal, mean);
  }

  double cameras_in_front(const SupportPlane& plane) const {
    double front = 0;
    for (const Point& eye : eyes_) front += plane.height(eye) > 0;
    return front / static_cast<double>(eyes_.size());
  }

  void turn_to_cameras(SupportPlane& plane) const {
    if (cameras_in_front(plane) >= 0.5) return;
    for (double& x : plane.normal) x = -x;
    plane.offset = -plane.offset;
  }

  void measure(SupportPlane& plane) const {
    std::vector<double> residuals;
    for (size_t k = 0; k < sample_.size(); ++k) {
      const double d = distance(plane, sample_[k]);
      if (left_[k] && d < kSpread) residuals.push_back(d);
    }
    if (residuals.empty()) return;
    const auto middle = residuals.begin() + static_cast<ptrdiff_t>(residuals.size() / 2);
    std::nth_element(residuals.begin(), middle, residuals.end());
    plane.tolerance = std::max(kSigmas * kMadToSigma * *middle, kLeastTolerance);
    size_t on = 0;
    for (size_t k = 0; k < sample_.size(); ++k) {
      on += left_[k] && distance(plane, sample_[k]) < plane.tolerance;
    }
    plane.share = static_cast<double>(on) / static_cast<double>(sample_.size());
  }

  bool is_support(const SupportPlane& plane) const {
    // What lies near a plane through something round is spread evenly.
    if (plane.tolerance > kMostTolerance) return false;
    if (cameras_in_front(plane) < kCamerasInFront) return false;
    if (plane.share >= kLargeShare) return true;
    size_t behind = 0;
    for (const Seen& seen : sample_) {
      behind += plane.height(seen.at) < -plane.tolerance * seen.pixel;
    }
    return static_cast<double>(behind) <= kMostBehind * static_cast<double>(sample_.size());
  }

  const std::vector<SceneSurface>& views_;
  Rng rng_;
  std::vector<Seen> sample_;
  std::vector<bool> left_;
  std::vector<Point> eyes_;
};

}  // namespace

double pixel_width(const Camera& camera, double depth) {
  return depth / std::sqrt(camera.fx * camera.fy);
}

std::vector<SupportPlane> support_planes(const std::vector<SceneSurface>& views, Rng rng) {
  return Search(views, rng).run();
}

}  // namespace vane
