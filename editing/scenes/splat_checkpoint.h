// SPDX-License-Identifier: Apache-2.0
#pragma once
// The state of a fit as a file, from which it continues bit for bit. No torch.

#include <filesystem>
#include <string>

#include "editing/scenes/splat_trainer.h"
#include "engine/base/limits.h"

namespace vane {

/// A safetensors file that appears whole or not at all. `run` identifies what is fitted and how.
void write_splat_checkpoint(const std::filesystem::path& file, const SplatTrainingState& state,
                            const std::string& run);

/// Throws Error{checkpoint} for a file that is damaged, incomplete or of another run.
SplatTrainingState read_splat_checkpoint(const std::filesystem::path& file, const std::string& run,
                                         const Limits& limits);

}  // namespace vane
