// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/aligned_bytes.h"

#include <cstdint>

namespace vane {

std::span<const std::byte> aligned_bytes(std::span<const std::byte> bytes, size_t alignment,
                                         std::vector<std::shared_ptr<const void>>& owners) {
  if (bytes.empty()) return {};  // no address at all, since there is nothing to align
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignment == 0) return bytes;
  // operator new aligns for every fundamental type.
  auto copy = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  owners.push_back(copy);
  return *copy;
}

}  // namespace vane
