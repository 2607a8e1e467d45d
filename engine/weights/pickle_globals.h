// SPDX-License-Identifier: Apache-2.0
#pragma once
// The names that a pickle of tensors may use, and what each stands for.

#include <string>
#include <string_view>

#include "engine/weights/pickle_value.h"

namespace vane {

/// The role of `module.name`; unknown names are opaque. Nothing is looked up or imported.
PickleGlobal pickle_global(std::string_view module, std::string_view name);

/// Whether `name` makes a tensor, but of a kind that Vane does not load.
bool is_other_tensor(std::string_view name);

/// Why an opaque value made by `name` cannot become a tensor.
std::string opaque_reason(std::string_view name);

}  // namespace vane
