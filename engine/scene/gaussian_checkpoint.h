// SPDX-License-Identifier: Apache-2.0
#pragma once
// chkpnt30000.pth: the state that 3D Gaussian Splatting (Kerbl et al. 2023, released train.py) and
// LangSplat (Qin et al. 2024) save, a tuple of tensors and the iteration.

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/splat_cloud.h"

namespace vane {

struct GaussianCheckpoint {
  SplatCloud cloud;
  /// [N,3] of a LangSplat model, not unit; empty for one without.
  std::vector<float> language;
};

/// Whether the file is a tuple with positions and rotations; other checkpoints have the same
/// ending. Never throws.
bool is_gaussian_checkpoint(const std::filesystem::path& file, const Limits& limits = {});

/// Reads the tuple of 12 values, or of 13 with language features after the opacities; nothing in
/// the file is executed. The optimiser's state is left aside. Throws Error{input} naming the file
/// for another kind of checkpoint, other shapes and numbers that are not finite; Error{checkpoint}
/// for a damaged file.
GaussianCheckpoint read_gaussian_checkpoint(const std::filesystem::path& file,
                                            const Limits& limits = {});

/// Writes it as torch.save does, with an optimiser that has no state yet: the published programs
/// draw and query it, and train on from `iteration`. The file appears whole or not at all.
void write_gaussian_checkpoint(const std::filesystem::path& file,
                               const GaussianCheckpoint& checkpoint, int64_t iteration);

}  // namespace vane
