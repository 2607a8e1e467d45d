// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which of the values in a pickle are the weights.

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/limits.h"
#include "engine/weights/pickle_value.h"

namespace vane {

struct NamedTensor {
  std::string name;
  PickleId tensor = 0;
};

/// The tensors of the state dict below `root`, in file order, a common `module.` removed once.
///
/// Without `key`: the root when all its values are tensors, else the one dict of tensors under a
/// usual key (state_dict, model, params_ema, params, g_ema, generator, ema, module, G_ema), else
/// the tensors that lie in the root, else the one dict of tensors under another key. A pickled
/// module object counts as the dict of its parameters and buffers; of a tuple, as 3D Gaussian
/// Splatting saves its state, the tensors are named by their places ("0.1"). With `key`: what lies
/// under it; dots descend. Throws Error{checkpoint}: several candidates, none, a name that is no
/// string or appears twice, a value that only running the pickle could make.
std::vector<NamedTensor> select_state_dict(const PickleArena& arena, PickleId root,
                                           std::string_view key, const Limits& limits);

}  // namespace vane
