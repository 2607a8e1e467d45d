// SPDX-License-Identifier: Apache-2.0
#pragma once
// Order along Morton's curve: neighbours in space become neighbours in a file.

#include <cstdint>
#include <vector>

namespace vane {

/// Indices of the points of `position` [N,3] (finite) in that order over their bounding box, 21
/// bits an axis; points that fall together keep their order.
std::vector<uint32_t> morton_order(const std::vector<float>& position);

}  // namespace vane
