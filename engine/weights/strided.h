// SPDX-License-Identifier: Apache-2.0
#pragma once
// Strided tensors: views of a storage that need not be in row-major order.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/weights/tensor_table.h"

namespace vane {

/// Strides, in elements, of a contiguous tensor; a side of 0 counts as 1, as in PyTorch.
std::vector<int64_t> row_major_strides(std::span<const int64_t> shape);

/// The elements of `tensor` in row-major order, whatever its strides.
std::vector<std::byte> row_major_bytes(const TensorRecord& tensor);

}  // namespace vane
