// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <numeric>

#include "generators/language/splat_selection.h"

namespace vane {
namespace {

constexpr size_t kLeaf = 8;  // points that are compared one by one

// A k-d tree in place: a range of `order` halves at its middle along its longest side.
class Tree {
 public:
  explicit Tree(const std::vector<float>& points) : points_(points), order_(points.size() / 3) {
    std::iota(order_.begin(), order_.end(), 0);
    axis_.resize(order_.size());
    split(0, order_.size());
  }

  // (squared distance, index) of the nearest, worst first (a heap).
  using Heap = std::vector<std::pair<float, int32_t>>;
  void search(int32_t point, size_t count, Heap& heap) const {
    search(point, count, 0, order_.size(), heap);
  }

 private:
  float at(int32_t point, int axis) const {
    return points_[3 * static_cast<size_t>(point) + static_cast<size_t>(axis)];
  }

  void split(size_t begin, size_t end) {
    if (end - begin <= kLeaf) return;
    int longest = 0;
    float length = -1;
    for (int axis = 0; axis < 3; ++axis) {
      const auto [low, high] =
          std::minmax_element(order_.begin() + static_cast<ptrdiff_t>(begin),
                              order_.begin() + static_cast<ptrdiff_t>(end),
                              [&](int32_t a, int32_t b) { return at(a, axis) < at(b, axis); });
      if (at(*high, axis) - at(*low, axis) > length) {
        length = at(*high, axis) - at(*low, axis);
        longest = axis;
      }
    }
    const size_t middle = (begin + end) / 2;
    std::nth_element(order_.begin() + static_cast<ptrdiff_t>(begin),
                     order_.begin() + static_cast<ptrdiff_t>(middle),
                     order_.begin() + static_cast<ptrdiff_t>(end), [&](int32_t a, int32_t b) {
                       return std::pair(at(a, longest), a) < std::pair(at(b, longest), b);
                     });
    axis_[middle] = static_cast<int8_t>(longest);
    split(begin, middle);
    split(middle + 1, end);
  }

  void offer(int32_t point, int32_t other, size_t count, Heap& heap) const {
    if (other == point) return;
    float square = 0;
    for (int axis = 0; axis < 3; ++axis) {
      const float d = at(point, axis) - at(other, axis);
      square += d * d;
    }
    if (heap.size() == count) {
      if (std::pair(square, other) >= heap.front()) return;
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
    heap.emplace_back(square, other);
    std::push_heap(heap.begin(), heap.end());
  }

  void search(int32_t point, size_t count, size_t begin, size_t end, Heap& heap) const {
    if (end - begin <= kLeaf) {
      for (size_t i = begin; i < end; ++i) offer(point, order_[i], count, heap);
      return;
    }
    const size_t middle = (begin + end) / 2;
    const int axis = axis_[middle];
    const float d = at(point, axis) - at(order_[middle], axis);
    const bool is_left = d < 0;
    search(point, count, is_left ? begin : middle + 1, is_left ? middle : end, heap);
    offer(point, order_[middle], count, heap);
    if (heap.size() == count && d * d > heap.front().first) return;
    search(point, count, is_left ? middle + 1 : begin, is_left ? end : middle, heap);
  }

  const std::vector<float>& points_;
  std::vector<int32_t> order_;
  std::vector<int8_t> axis_;
};

}  // namespace

std::vector<int32_t> nearest_points(const std::vector<float>& points, int count) {
  const size_t total = points.size() / 3;
  const size_t row = total > 1 ? std::min(static_cast<size_t>(count), total - 1) : 0;
  std::vector<int32_t> result;
  if (row == 0) return result;
  result.reserve(total * row);
  const Tree tree(points);
  Tree::Heap heap;
  for (size_t i = 0; i < total; ++i) {
    heap.clear();
    tree.search(static_cast<int32_t>(i), row, heap);
    std::sort_heap(heap.begin(), heap.end());
    for (const auto& [square, other] : heap) result.push_back(other);
  }
  return result;
}

}  // namespace vane
