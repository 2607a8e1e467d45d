// SPDX-License-Identifier: Apache-2.0
#pragma once
// Changes single values of a PLY file and leaves every other byte as it is. No torch.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/limits.h"

namespace vane {

/// Copies `source` to `target` with `values` [rows, properties] in the named float properties of
/// the named rows of its vertices. The target appears whole or not at all. Throws Error{input} when
/// the file is not binary little-endian or a property is not float32, Error{usage} for a row that
/// it does not have.
void patch_ply_rows(const std::filesystem::path& source, const std::vector<int64_t>& rows,
                    const std::vector<std::string>& properties, const std::vector<float>& values,
                    const std::filesystem::path& target, const Limits& limits);

}  // namespace vane
