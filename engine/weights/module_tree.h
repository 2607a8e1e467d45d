// SPDX-License-Identifier: Apache-2.0
#pragma once
// Parameters and buffers of a pickled module object, read as data.

#include <vector>

#include "engine/base/limits.h"
#include "engine/weights/pickle_value.h"
#include "engine/weights/state_dict.h"

namespace vane {

/// Whether `object` was pickled with a dict as its state, as modules are; the modules of NVLabs'
/// StyleGAN (torch_utils.persistence) keep theirs in an argument.
bool is_module(const PickleArena& arena, PickleId object);

/// Tensors of a module and its children, names joined by '.'. Two layouts:
/// TorchScript objects hold tensors and children as attributes; `torch.nn.Module` objects hold the
/// dicts `_parameters`, `_buffers` and `_modules`.
/// Throws Error{checkpoint}: children nested in a cycle, too many of them, or a tensor of a kind
/// that is not supported.
std::vector<NamedTensor> module_tensors(const PickleArena& arena, PickleId module,
                                        const Limits& limits);

}  // namespace vane
