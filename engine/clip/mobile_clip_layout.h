// SPDX-License-Identifier: Apache-2.0
#pragma once
// The key layout of Apple's MobileCLIP files (clip sheet 1.6).

#include <string>
#include <string_view>

#include "engine/weights/tensor_table.h"

namespace vane {

/// Appends the tensors of `source` to `target` under their open_clip names: the image tower as timm
/// spells it, with a head bias of zeros, which timm's layer has and Apple's projection lacks.
/// Throws Error{checkpoint} naming the model for MobileCLIP-S0 and -B, whose towers are not built.
void add_mobile_clip(const TensorTable& source, TensorTable& target);

/// The name that a tensor with this open_clip name has in Apple's files.
std::string name_in_mobile_clip(std::string_view open_clip_name);

}  // namespace vane
