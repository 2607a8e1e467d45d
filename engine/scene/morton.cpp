// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/morton.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace vane {
namespace {

constexpr int kBits = 21;

/// The bits of `value` with two zeros before each.
uint64_t spread(uint64_t value) {
  value = (value | (value << 32)) & 0x001f00000000ffffull;
  value = (value | (value << 16)) & 0x001f0000ff0000ffull;
  value = (value | (value << 8)) & 0x100f00f00f00f00full;
  value = (value | (value << 4)) & 0x10c30c30c30c30c3ull;
  return (value | (value << 2)) & 0x1249249249249249ull;
}

}  // namespace

std::vector<uint32_t> morton_order(const std::vector<float>& position) {
  const size_t count = position.size() / 3;
  std::array<float, 3> low{}, high{};
  for (size_t i = 0; i < position.size(); ++i) {
    const size_t axis = i % 3;
    low[axis] = i < 3 ? position[i] : std::min(low[axis], position[i]);
    high[axis] = i < 3 ? position[i] : std::max(high[axis], position[i]);
  }
  std::vector<uint64_t> keys(count);
  for (size_t i = 0; i < count; ++i) {
    for (size_t axis = 0; axis < 3; ++axis) {
      const double extent = double{high[axis]} - low[axis];
      const double unit = extent > 0 ? (double{position[3 * i + axis]} - low[axis]) / extent : 0;
      const auto cell = static_cast<uint64_t>(unit * ((1 << kBits) - 1));
      keys[i] |= spread(cell) << (2 - axis);
    }
  }
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return keys[a] != keys[b] ? keys[a] < keys[b] : a < b; });
  return order;
}

}  // namespace vane
