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
constexpr int64_t kLeap = 8;    // cells over which a floating piece finds what carries it
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
  /// The same of a cell by its place in the order of keys, below cells().
  size_t piece_of_cell(size_t cell) { return root(cell); }
  size_t cells() const { return keys_.size(); }

  /// Calls visit(cell, squared distance in cells) for each within `reach` of another.
  template <class Visit>
  void each_near(size_t cell, int64_t reach, const Visit& visit) const {
    for (int64_t x = -reach; x <= reach; ++x) {
      for (int64_t y = -reach; y <= reach; ++y) {
        // Keys of a column along z follow each other.
        const Key first = keys_[cell] + static_cast<Key>(step(x, y, -reach));
        auto at = std::lower_bound(keys_.begin(), keys_.end(), first);
        for (; at != keys_.end() && *at - first <= static_cast<Key>(2 * reach); ++at) {
          const int64_t z = static_cast<int64_t>(*at - first) - reach;
          visit(static_cast<size_t>(at - keys_.begin()), x * x + y * y + z * z);
        }
      }
    }
  }

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
    each_near(i, 1, [&](size_t other, int64_t) {
      if (other < i) parent_[root(other)] = root(i);
    });
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

// The support on which, or behind which, a point lies, or -1; `rise`: how far above the nearest, in
// its tolerances.
int32_t support_of(const std::vector<SupportPlane>& supports, const Point& point, double pixel,
                   double& rise) {
  rise = INFINITY;
  int32_t nearest = -1;
  for (size_t i = 0; i < supports.size(); ++i) {
    const double height = supports[i].height(point) / (supports[i].tolerance * pixel);
    if (height >= rise) continue;
    rise = height;
    nearest = static_cast<int32_t>(i);
  }
  return rise < 1 ? nearest : -1;
}

struct Piece {
  std::vector<int64_t> pixels;  // a view
  int64_t high = 0, low = 0, all = 0;
  Point sum{};

  void add(const Piece& other) {
    for (size_t v = 0; v < pixels.size(); ++v) pixels[v] += other.pixels[v];
    high += other.high;
    low += other.low;
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
  Point middle = piece.sum;
  for (double& x : middle) x /= static_cast<double>(piece.all);
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

// Nothing floats: what touches no support is of the piece nearest to it that does, if that is near.
// The shade of a lamp hides the pole that carries it. Returns the piece that each piece joins, or
// itself.
std::vector<int32_t> carriers(Grid& grid, const std::vector<int32_t>& number,
                              const std::vector<Piece>& pieces) {
  std::vector<int32_t> carrier(pieces.size());
  std::iota(carrier.begin(), carrier.end(), 0);
  std::vector<int64_t> nearest(pieces.size(), kLeap * kLeap + 1);
  const auto piece_at = [&](size_t cell) { return number[grid.piece_of_cell(cell)]; };
  for (size_t cell = 0; cell < grid.cells(); ++cell) {
    const int32_t piece = piece_at(cell);
    if (piece < 0 || pieces[static_cast<size_t>(piece)].low > 0) continue;
    grid.each_near(cell, kLeap, [&](size_t other, int64_t square) {
      const int32_t below = piece_at(other);
      if (below < 0 || pieces[static_cast<size_t>(below)].low == 0) return;
      if (square >= nearest[static_cast<size_t>(piece)]) return;
      nearest[static_cast<size_t>(piece)] = square;
      carrier[static_cast<size_t>(piece)] = below;
    });
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
      double rise = 0;
      const int32_t support = support_of(result.supports, point, pixel, rise);
      if (support >= 0) {
        result.labels[v][i] = support;
      } else {
        visit(v, i, point, pixel, rise);
      }
    });
  };
  std::vector<double> widths;
  Point middle{};
  each_left_over([&](size_t, size_t, const Point& point, double pixel, double) {
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
  each_left_over([&](size_t v, size_t, const Point& point, double, double) {
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
  each_left_over([&](size_t v, size_t i, const Point& point, double, double rise) {
    Key key = 0;
    const int64_t root = grid.key(point, key) ? grid.piece(key) : -1;
    if (root < 0) return;
    int32_t& mine = number[static_cast<size_t>(root)];
    if (mine < 0) {
      mine = static_cast<int32_t>(pieces.size());
      pieces.push_back({std::vector<int64_t>(views.size(), 0), 0, 0, 0, {}});
    }
    Piece& piece = pieces[static_cast<size_t>(mine)];
    ++piece.pixels[v];
    ++piece.all;
    piece.high += rise >= kLeastRise;
    piece.low += rise < kContact;
    for (size_t k = 0; k < 3; ++k) piece.sum[k] += point[k];
    piece_of[v][i] = mine;
  });
  std::vector<int32_t> object(pieces.size(), -1);
  const std::vector<int32_t> carrier = carriers(grid, number, pieces);
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
