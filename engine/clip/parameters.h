// SPDX-License-Identifier: Apache-2.0
#pragma once
// How towers show their parameters: one listing serves loading, initialising, saving and training.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/tensor/fwd.h"

namespace vane {

/// Called once for every tensor of a tower, in a fixed order, with its open_clip name, the slot
/// that holds it and the shape that it must have. A visitor may replace the tensor.
using ParameterVisitor =
    std::function<void(const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape)>;

/// True for the running statistics of batch normalisation: part of a state dict, never trained.
bool is_buffer(const std::string& name);

}  // namespace vane
