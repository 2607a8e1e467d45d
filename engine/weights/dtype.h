// SPDX-License-Identifier: Apache-2.0
#pragma once
// Element types by the name that a file gives them.

#include <optional>
#include <string_view>

#include "engine/weights/tensor_table.h"

namespace vane {

/// Inverse of `dtype_name`; nothing for names that Vane does not load.
std::optional<DType> dtype_from_name(std::string_view name);

}  // namespace vane
