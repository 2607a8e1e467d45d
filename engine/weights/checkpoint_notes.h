// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a training checkpoint says beside its weights.

#include "engine/base/limits.h"
#include "engine/weights/pickled_tensors.h"

namespace vane {

/// Fills `table.beside` with the tensors of the root that are none of `found` (`latent_avg` of
/// StyleGAN files), and `table.metadata` with the plain values of the root's `opts` and `args`, a
/// dict or an argparse.Namespace: "opts.encoder_type" and so on; booleans as True and False.
/// Values of other kinds and names that are no UTF-8 text are left out. Call after
/// add_pickled_tensors.
void add_checkpoint_notes(const PickleArena& arena, PickleId root,
                          const std::vector<NamedTensor>& found, const StorageBytes& storage_bytes,
                          const Limits& limits, TensorTable& table);

}  // namespace vane
