// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes that a tensor may be viewed over.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace vane {

/// `bytes` itself when its address is a multiple of `alignment` (at most 16), else a copy that is
/// and whose owner joins `owners`. Formats do not promise alignment, typed access needs it.
std::span<const std::byte> aligned_bytes(std::span<const std::byte> bytes, size_t alignment,
                                         std::vector<std::shared_ptr<const void>>& owners);

}  // namespace vane
