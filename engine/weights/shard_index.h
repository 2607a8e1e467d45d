// SPDX-License-Identifier: Apache-2.0
#pragma once
// The index of a sharded checkpoint: which file holds which tensor.

#include <map>
#include <string>
#include <string_view>

#include "engine/base/limits.h"

namespace vane {

/// Parses `{"weight_map": {tensor: file, …}}`. Every file is a bare name: no separator, no "..".
/// Throws Error{checkpoint}.
std::map<std::string, std::string> parse_shard_index(std::string_view text,
                                                     const Limits& limits = {});

}  // namespace vane
