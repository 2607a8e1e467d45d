// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files of tuned generators: what `vane invert --method pti` writes beside a latent and `vane
// generate --tuned` reads. Differences only, so that the generator itself is not passed on.

#include <filesystem>
#include <map>
#include <string>

#include "engine/base/limits.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

/// `tuned` is a clone of `original`. Tensors are stored as float16 differences in units of
/// TunableTensor::scale; those that are equal are left out. `facts` go into the metadata with
/// "kind": "tuning" and "generator": the content hash of the original.
void save_tuning(const std::filesystem::path& path, const StyleGenerator& original,
                 const StyleGenerator& tuned, std::map<std::string, std::string> facts = {});

/// Adds the differences to `generator`, which must be the original. Returns the facts. Throws
/// Error{checkpoint}: made for a generator of other weights, no tuning at all, tensors left over,
/// of another shape or not finite.
std::map<std::string, std::string> load_tuning(const std::filesystem::path& path,
                                               StyleGenerator& generator,
                                               const Limits& limits = {});

}  // namespace vane
