// SPDX-License-Identifier: Apache-2.0
#include "generators/language/scene_objects.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace vane {
namespace {

constexpr double kCellPixels = 2;  // side of a cell in pixels of the middle distance
constexpr int kLeastViews = 3;     // that show an object
constexpr double kLeastPart = 1.0 / 1000, kMostPart = 0.5;  // of the pixels of a view
constexpr double kLeastRise = 2.5;                // of an object, in tolerances of the support
constexpr double kHighPart = 0.1;                 // of its pixels, which must rise so far
constexpr int64_t kHalfRange = int64_t{1} << 20;  // cells from the middle that a key can name
constexpr double kConfirmed = 1.0 / 3;            // of the views that look at an object and show it
constexpr double kContact = 4;  // tolerances from a support within which a piece stands on it
constexpr int kSmooth = 2;      // times that stray pixels take the label around them

using Point = std::array<double, 3>;
using Key = uint64_t;

// Cells on a grid, sorted by their key.
class Grid {
 public:
  Grid(double side, const Point& middle) : side_(side), middle_(middle) {}

  /// False where a point is too far away to be named.
  bool key(const Point& point, Key& key) const {
    key = 0;
    for (size_t k = 0; k < 3; ++k) {
      const double cell = std::floor((point[k] - middle_[k]) / side_);
      if (!(std::abs(cell) < static_cast<double>(kHalfRange - 1))) return false;
      key = key << 21 | static_cast<Key>(static_cast<int64_t>(cell) + kHalfRange);
    }
    return true;
  }

  void fill(std::vector<std::pair<Key, int>>& hits) {
    std::sort(hits.begin(), hits.end());
    for (size_t i = 0; i < hits.size();) {
      size_t end = i;
      while (end < hits.size() && hits[end].first == hits[i].first) ++end;
      // One view's cell may be a stray point of its depth.
      if (hits[i].second != hits[end - 1].second) keys_.push_back(hits[i].first);
      i = end;
    }
    parent_.resize(keys_.size());
    std::iota(parent_.begin(), parent_.end(), size_t{0});
    for (size_t i = 0; i < keys_.size(); ++i) join_neighbours(i);
  }

  /// The number of the cell's piece, or -1.
  int64_t piece(Key key) {
    const int64_t at = find(key);
    return at < 0 ? -1 : static_cast<int64_t>(root(static_cast<size_t>(at)));
  }
  size_t cells() const { return keys_.size(); }

 private:
  static int64_t step(int64_t x, int64_t y, int64_t z) {
    return x * (int64_t{1} << 42) + y * (int64_t{1} << 21) + z;
  }
  int64_t find(Key key) const {
    const auto at = std::lower_bound(keys_.begin(), keys_.end(), key);
    return at != keys_.end() && *at == key ? at - keys_.begin() : -1;
  }
  size_t root(size_t i) {
    while (parent_[i] != i) {
      parent_[i] = parent_[parent_[i]];
      i = parent_[i];
    }
    return i;
  }
  void join_neighbours(size_t i) {
    for (int64_t x = -1; x <= 0; ++x) {
      for (int64_t y = -1; y <= 1; ++y) {
        // Keys of a column along z follow each other; those above this one look from their side.
        const Key first = keys_[i] + static_cast<Key>(step(x, y, -1));
        auto at = std::lower_bound(keys_.begin(), keys_.end(), first);
        for (; at != keys_.end() && *at - first <= 2 && *at < keys_[i]; ++at) {
          parent_[root(static_cast<size_t>(at - keys_.begin()))] = root(i);
        }
      }
    }
  }

  double side_;
  Point middle_;
  std::vector<Key> keys_;
  std::vector<size_t> parent_;
};

// Calls visit(view, pixel, point, width of a pixel there) for each that sees something.
template <class Visit>
void each_point(const std::vector<SceneSurface>& views, const Visit& visit) {
  for (size_t v = 0; v < views.size(); ++v) {
    const SceneSurface& view = views[v];
    for (size_t i = 0; i < view.depth.size(); ++i) {
      if (view.depth[i] <= 0) continue;
      const auto width = static_cast<size_t>(view.camera.width);
      visit(v, i, view.point(static_cast<int>(i % width), static_cast<int>(i / width)),
            pixel_width(view.camera, static_cast<double>(view.depth[i])));
    }
  }
}

// How far above the nearest support a point lies, in its tolerances; below 1 it is of the support.
struct Rise {
  int32_t support = -1;  // -1: there are none
  double tolerances = INFINITY;
};

Rise rise_of(const std::vector<SupportPlane>& supports, const Point& point, double pixel) {
  Rise rise;
  for (size_t i = 0; i < supports.size(); ++i) {
    const double height = supports[i].height(point) / (supports[i].tolerance * pixel);
    if (height < rise.tolerances) rise = {static_cast<int32_t>(i), height};
  }
  return rise;
}

struct Piece {
  std::vector<int64_t> pixels;  // a view
  int64_t high = 0, all = 0;
  int32_t ground = -1;  // the support that it touches
  Point sum{};
  double square_sum = 0;

  Point middle() const {
    Point point = sum;
    for (double& x : point) x /= static_cast<double>(all);
    return point;
  }
  // Mean squared distance from the middle.
  double spread_square() const {
    const Point at = middle();
    return square_sum / static_cast<double>(all) - at[0] * at[0] - at[1] * at[1] - at[2] * at[2];
  }

  void add(const Piece& other) {
    for (size_t v = 0; v < pixels.size(); ++v) pixels[v] += other.pixels[v];
    high += other.high;
    all += other.all;
    for (size_t k = 0; k < 3; ++k) sum[k] += other.sum[k];
  }
};

bool is_in_frame(const Camera& camera, const Point& point) {
  const Point at = camera.to_camera(point);
  if (!(at[2] > 0)) return false;
  const double x = camera.fx * at[0] / at[2] + camera.cx;
  const double y = camera.fy * at[1] / at[2] + camera.cy;
  return x >= 0 && y >= 0 && x < camera.width && y < camera.height;
}

bool is_object(const Piece& piece, const std::vector<SceneSurface>& views) {
  const Point middle = piece.middle();
  int seen = 0, large = 0, looking = 0;
  for (size_t v = 0; v < views.size(); ++v) {
    const auto area = static_cast<double>(views[v].depth.size());
    const auto pixels = static_cast<double>(piece.pixels[v]);
    seen += pixels >= kLeastPart * area;
    large += pixels >= kMostPart * area;
    looking += is_in_frame(views[v].camera, middle);
  }
  const auto all = static_cast<int>(views.size());
  return seen >= std::min(kLeastViews, all) && seen >= kConfirmed * looking && 2 * large <= seen &&
         static_cast<double>(piece.high) >= kHighPart * static_cast<double>(piece.all);
}

// Nothing floats: what touches no support is of the piece below it, the one on a support that has
// its middle nearest to it along that support and no farther than the floating piece spreads. The
// shade of a lamp hides the pole that carries it. Returns the piece that each piece joins, or
// itself.
std::vector<int32_t> carriers(const std::vector<Piece>& pieces,
                              const std::vector<SupportPlane>& supports) {
  std::vector<int32_t> carrier(pieces.size());
  std::iota(carrier.begin(), carrier.end(), 0);
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].ground >= 0) continue;
    const Point middle = pieces[i].middle();
    double nearest = pieces[i].spread_square();
    for (size_t k = 0; k < pieces.size(); ++k) {
      if (pieces[k].ground < 0) continue;
      const Point below = pieces[k].middle();
      const Point& normal = supports[static_cast<size_t>(pieces[k].ground)].normal;
      double square = 0, height = 0;
      for (size_t c = 0; c < 3; ++c) {
        square += (middle[c] - below[c]) * (middle[c] - below[c]);
        height += (middle[c] - below[c]) * normal[c];
      }
      if (height <= 0 || square - height * height >= nearest) continue;
      nearest = square - height * height;
      carrier[i] = static_cast<int32_t>(k);
    }
  }
  return carrier;
}

// Pixels without a label, and those of which hardly any neighbour has the same, take the label of
// most of their eight neighbours.
void smooth(const SceneSurface& view, std::vector<int32_t>& labels) {
  const int width = view.camera.width, height = view.camera.height;
  for (int round = 0; round < kSmooth; ++round) {
    const std::vector<int32_t> before = labels;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const size_t at =
            static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
        std::array<int32_t, 8> near{};
        int count = 0, same = 0;
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -1; dx <= 1; ++dx) {
            if ((dx == 0 && dy == 0) || x + dx < 0 || y + dy < 0 || x + dx >= width ||
                y + dy >= height) {
              continue;
            }
            const int32_t label = before[static_cast<size_t>(y + dy) * static_cast<size_t>(width) +
                                         static_cast<size_t>(x + dx)];
            same += label == before[at];
            near[static_cast<size_t>(count++)] = label;
          }
        }
        if (same > 2) continue;
        int best = 0;
        for (int i = 0; i < count; ++i) {
          const int32_t label = near[static_cast<size_t>(i)];
          const auto votes =
              static_cast<int>(std::count(near.begin(), near.begin() + count, label));
          if (votes <= best) continue;
          best = votes;
          labels[at] = label;
        }
      }
    }
  }
}

}  // namespace

SceneObjects scene_objects(const std::vector<SceneSurface>& views, Rng rng) {
  SceneObjects result;
  result.supports = support_planes(views, rng);
  for (const SceneSurface& view : views) result.labels.emplace_back(view.depth.size(), -1);
  // Three rows a pixel would be much memory: what is left over is walked through again instead.
  const auto each_left_over = [&](const auto& visit) {
    each_point(views, [&](size_t v, size_t i, const Point& point, double pixel) {
      const Rise rise = rise_of(result.supports, point, pixel);
      if (rise.tolerances < 1) {
        result.labels[v][i] = rise.support;
      } else {
        visit(v, i, point, pixel, rise);
      }
    });
  };
  std::vector<double> widths;
  Point middle{};
  each_left_over([&](size_t, size_t, const Point& point, double pixel, const Rise&) {
    widths.push_back(pixel);
    for (size_t k = 0; k < 3; ++k) middle[k] += point[k];
  });
  if (widths.empty()) return result;
  for (double& x : middle) x /= static_cast<double>(widths.size());
  const auto half = widths.begin() + static_cast<ptrdiff_t>(widths.size() / 2);
  std::nth_element(widths.begin(), half, widths.end());
  Grid grid(kCellPixels * *half, middle);
  std::vector<std::pair<Key, int>> hits;
  size_t first = 0;  // of the view that is being walked through; its keys are kept once
  const auto end_view = [&] {
    const auto begin = hits.begin() + static_cast<ptrdiff_t>(first);
    std::sort(begin, hits.end());
    hits.erase(std::unique(begin, hits.end()), hits.end());
    first = hits.size();
  };
  each_left_over([&](size_t v, size_t, const Point& point, double, const Rise&) {
    if (first < hits.size() && hits.back().second != static_cast<int>(v)) end_view();
    Key key = 0;
    if (grid.key(point, key)) hits.emplace_back(key, static_cast<int>(v));
  });
  end_view();
  grid.fill(hits);
  std::vector<int32_t> number(grid.cells(), -1);
  std::vector<Piece> pieces;
  std::vector<std::vector<int32_t>> piece_of;
  for (const SceneSurface& view : views) piece_of.emplace_back(view.depth.size(), -1);
  each_left_over([&](size_t v, size_t i, const Point& point, double, const Rise& rise) {
    Key key = 0;
    const int64_t root = grid.key(point, key) ? grid.piece(key) : -1;
    if (root < 0) return;
    int32_t& mine = number[static_cast<size_t>(root)];
    if (mine < 0) {
      mine = static_cast<int32_t>(pieces.size());
      pieces.push_back({std::vector<int64_t>(views.size(), 0), 0, 0, -1, {}, 0});
    }
    Piece& piece = pieces[static_cast<size_t>(mine)];
    ++piece.pixels[v];
    ++piece.all;
    piece.high += rise.tolerances >= kLeastRise;
    if (rise.tolerances < kContact) piece.ground = rise.support;
    for (size_t k = 0; k < 3; ++k) {
      piece.sum[k] += point[k];
      piece.square_sum += point[k] * point[k];
    }
    piece_of[v][i] = mine;
  });
  std::vector<int32_t> object(pieces.size(), -1);
  const std::vector<int32_t> carrier = carriers(pieces, result.supports);
  for (size_t i = 0; i < pieces.size(); ++i) {
    const auto into = static_cast<size_t>(carrier[i]);
    if (into != i) pieces[into].add(pieces[i]);
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (static_cast<size_t>(carrier[i]) == i && is_object(pieces[i], views)) {
      object[i] = static_cast<int32_t>(result.supports.size()) + result.objects++;
    }
  }
  for (size_t i = 0; i < pieces.size(); ++i) object[i] = object[static_cast<size_t>(carrier[i])];
  for (size_t v = 0; v < views.size(); ++v) {
    for (size_t i = 0; i < piece_of[v].size(); ++i) {
      if (piece_of[v][i] >= 0) result.labels[v][i] = object[static_cast<size_t>(piece_of[v][i])];
    }
    smooth(views[v], result.labels[v]);
  }
  return result;
}

}  // namespace vane
