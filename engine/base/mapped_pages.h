// SPDX-License-Identifier: Apache-2.0
#pragma once
// Memory that a mapped file need not take any longer.

#include <cstddef>
#include <span>

namespace vane {

/// Takes the whole pages of `bytes` out of memory when they belong to a `MappedFile`; does nothing
/// otherwise. What they hold stays readable: the next reader gets them from the file again.
void release_mapped_pages(std::span<const std::byte> bytes);

}  // namespace vane
