// SPDX-License-Identifier: Apache-2.0
#pragma once
// Elements of any type as double, decoded independently of the code under test.

#include <vector>

#include "engine/weights/tensor_table.h"

namespace vane {

/// Row-major elements; a complex element gives its real and its imaginary part.
std::vector<double> element_values(const TensorRecord& tensor);

}  // namespace vane
