// SPDX-License-Identifier: Apache-2.0
#include "engine/regions/graph_segmentation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "engine/base/error.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

constexpr double kBlurReach = 4;  // standard deviations, as in the authors' program

// Planes of float, row by row.
struct Planes {
  int width = 0, height = 0;
  std::array<std::vector<float>, 3> channel;
};

std::vector<float> half_kernel(double sigma) {
  const auto reach = static_cast<size_t>(std::ceil(sigma * kBlurReach)) + 1;
  std::vector<float> kernel(reach);
  double sum = 0;
  for (size_t i = 0; i < reach; ++i) {
    const double x = static_cast<double>(i) / std::max(sigma, 1e-9);
    kernel[i] = static_cast<float>(std::exp(-0.5 * x * x));
    sum += kernel[i] * (i == 0 ? 1 : 2);
  }
  for (float& weight : kernel) weight = static_cast<float>(weight / sum);
  return kernel;
}

// One row or column with the border repeated, into `out`; samples lie `step` apart.
void blur_line(const float* line, float* out, int count, int step, const std::vector<float>& kernel,
               std::vector<float>& padded) {
  const int reach = static_cast<int>(kernel.size()) - 1;
  padded.resize(static_cast<size_t>(count + 2 * reach));
  for (int i = -reach; i < count + reach; ++i) {
    padded[static_cast<size_t>(i + reach)] =
        line[static_cast<ptrdiff_t>(std::clamp(i, 0, count - 1)) * step];
  }
  for (int i = 0; i < count; ++i) {
    const float* middle = padded.data() + i + reach;
    float sum = kernel[0] * middle[0];
    for (int k = 1; k <= reach; ++k) {
      sum += kernel[static_cast<size_t>(k)] * (middle[-k] + middle[k]);
    }
    out[static_cast<ptrdiff_t>(i) * step] = sum;
  }
}

Planes blurred(const Image& image, double sigma) {
  const Image rgb = to_rgb8(image);
  Planes planes{rgb.width, rgb.height, {}};
  const size_t pixels = static_cast<size_t>(rgb.width) * static_cast<size_t>(rgb.height);
  const std::vector<float> kernel = half_kernel(sigma);
  std::vector<float> between(pixels), padded;
  for (size_t c = 0; c < 3; ++c) {
    std::vector<float>& plane = planes.channel[c];
    plane.resize(pixels);
    for (size_t i = 0; i < pixels; ++i) plane[i] = rgb.u8[3 * i + c];
    if (sigma <= 0) continue;
    for (int y = 0; y < rgb.height; ++y) {
      const ptrdiff_t at = static_cast<ptrdiff_t>(y) * rgb.width;
      blur_line(plane.data() + at, between.data() + at, rgb.width, 1, kernel, padded);
    }
    for (int x = 0; x < rgb.width; ++x) {
      blur_line(between.data() + x, plane.data() + x, rgb.height, rgb.width, kernel, padded);
    }
  }
  return planes;
}

struct Edge {
  float weight;
  int32_t a, b;
};

std::vector<Edge> edges_of(const Planes& planes) {
  const int width = planes.width, height = planes.height;
  std::vector<Edge> edges;
  edges.reserve(static_cast<size_t>(width) * static_cast<size_t>(height) * 4);
  const auto join = [&](int32_t a, int32_t b) {
    float sum = 0;
    for (const std::vector<float>& plane : planes.channel) {
      const float d = plane[static_cast<size_t>(a)] - plane[static_cast<size_t>(b)];
      sum += d * d;
    }
    edges.push_back({std::sqrt(sum), a, b});
  };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int32_t here = y * width + x;
      if (x + 1 < width) join(here, here + 1);
      if (y + 1 < height) join(here, here + width);
      if (x + 1 < width && y + 1 < height) join(here, here + width + 1);
      if (x + 1 < width && y > 0) join(here, here - width + 1);
    }
  }
  return edges;
}

// By weight, stable: floats of one sign order as their bits do, so three passes of 11 bits do.
void sort_by_weight(std::vector<Edge>& edges) {
  constexpr int kBits = 11, kPasses = 3;
  constexpr uint32_t kMask = (1u << kBits) - 1;
  std::vector<Edge> other(edges.size());
  for (int pass = 0; pass < kPasses; ++pass) {
    const int shift = pass * kBits;
    std::array<size_t, kMask + 1> first{};
    for (const Edge& edge : edges) ++first[(std::bit_cast<uint32_t>(edge.weight) >> shift) & kMask];
    size_t sum = 0;
    for (size_t& entry : first) sum += std::exchange(entry, sum);
    for (const Edge& edge : edges) {
      other[first[(std::bit_cast<uint32_t>(edge.weight) >> shift) & kMask]++] = edge;
    }
    edges.swap(other);
  }
}

class Forest {
 public:
  explicit Forest(size_t count) : parent_(count), size_(count, 1), inside_(count, 0.f) {
    for (size_t i = 0; i < count; ++i) parent_[i] = static_cast<int32_t>(i);
  }
  int32_t root(int32_t x) {
    while (parent_[index(x)] != x) {
      parent_[index(x)] = parent_[index(parent_[index(x)])];
      x = parent_[index(x)];
    }
    return x;
  }
  // Edges come in order of weight, so the one that joins is the largest inside.
  void join(int32_t a, int32_t b, float weight) {
    if (size_[index(a)] < size_[index(b)]) std::swap(a, b);
    parent_[index(b)] = a;
    size_[index(a)] += size_[index(b)];
    inside_[index(a)] = std::max({weight, inside_[index(a)], inside_[index(b)]});
  }
  int32_t size(int32_t root) const { return size_[index(root)]; }
  // What a boundary of the region must exceed to be kept.
  double tolerance(int32_t root, double scale) const {
    return static_cast<double>(inside_[index(root)]) + scale / size_[index(root)];
  }

 private:
  static size_t index(int32_t x) { return static_cast<size_t>(x); }
  std::vector<int32_t> parent_, size_;
  std::vector<float> inside_;
};

void merge_level(Forest& forest, const std::vector<Edge>& edges, const GraphLevel& level) {
  for (const Edge& edge : edges) {
    const int32_t a = forest.root(edge.a), b = forest.root(edge.b);
    if (a == b) continue;
    if (edge.weight <=
        std::min(forest.tolerance(a, level.scale), forest.tolerance(b, level.scale))) {
      forest.join(a, b, edge.weight);
    }
  }
  for (const Edge& edge : edges) {
    const int32_t a = forest.root(edge.a), b = forest.root(edge.b);
    if (a != b && std::min(forest.size(a), forest.size(b)) < level.min_size) {
      forest.join(a, b, edge.weight);
    }
  }
}

RegionMap numbered(Forest& forest, int width, int height) {
  RegionMap map{width, height, 0, {}};
  const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
  std::vector<int32_t> number(pixels, -1);
  map.labels.resize(pixels);
  for (size_t i = 0; i < pixels; ++i) {
    int32_t& label = number[static_cast<size_t>(forest.root(static_cast<int32_t>(i)))];
    if (label < 0) label = map.count++;
    map.labels[i] = label;
  }
  return map;
}

// Moves each region of `fine` whole into the region of `coarse` that covers most of it.
RegionMap nested(const RegionMap& fine, const RegionMap& coarse) {
  const auto count = static_cast<size_t>(fine.count);
  std::vector<std::vector<std::pair<int32_t, int32_t>>> covered(count);  // (coarse region, pixels)
  for (size_t i = 0; i < fine.labels.size(); ++i) {
    auto& list = covered[static_cast<size_t>(fine.labels[i])];
    const auto found = std::find_if(list.begin(), list.end(), [&](const auto& entry) {
      return entry.first == coarse.labels[i];
    });
    if (found == list.end()) {
      list.emplace_back(coarse.labels[i], 1);
    } else {
      ++found->second;
    }
  }
  std::vector<int32_t> parent(count), number(static_cast<size_t>(coarse.count), -1);
  for (size_t region = 0; region < count; ++region) {
    parent[region] =
        std::max_element(covered[region].begin(), covered[region].end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; })
            ->first;
  }
  RegionMap map{fine.width, fine.height, 0, fine.labels};
  for (int32_t& label : map.labels) {
    int32_t& mine = number[static_cast<size_t>(parent[static_cast<size_t>(label)])];
    if (mine < 0) mine = map.count++;
    label = mine;
  }
  return map;
}

}  // namespace

std::vector<RegionMap> graph_segmentation(const Image& image,
                                          const GraphSegmentationOptions& options) {
  if (image.width < 1 || image.height < 1) {
    throw Error(ErrorCode::usage, "an empty picture has no regions");
  }
  if (options.levels.empty()) throw Error(ErrorCode::usage, "segmentation needs a level");
  for (const GraphLevel& level : options.levels) {
    if (!(level.scale >= 0) || level.min_size < 0) {
      throw Error(ErrorCode::usage, "scale and smallest size of a level must not be negative");
    }
  }
  const Planes planes = blurred(image, options.sigma);
  std::vector<Edge> edges = edges_of(planes);
  sort_by_weight(edges);
  std::vector<RegionMap> maps;
  for (const GraphLevel& level : options.levels) {
    Forest forest(static_cast<size_t>(image.width) * static_cast<size_t>(image.height));
    merge_level(forest, edges, level);
    const RegionMap map = numbered(forest, image.width, image.height);
    maps.push_back(maps.empty() ? map : nested(maps.back(), map));
  }
  return maps;
}

}  // namespace vane
