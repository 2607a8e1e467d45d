// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every table that a reader returns must satisfy, whatever the file said.

#include "engine/weights/tensor_table.h"

namespace vane {

/// The first broken promise, or "" : every element lies inside `bytes`, bytes are aligned to the
/// element size and readable, names are found, the hash can be computed.
std::string table_fault(const TensorTable& table);

}  // namespace vane
