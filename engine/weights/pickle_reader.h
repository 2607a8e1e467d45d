// SPDX-License-Identifier: Apache-2.0
#pragma once
// A pickle interpreter that executes nothing: protocols 2 to 5, the opcodes and names that files
// of tensors use. Names that it does not know yield opaque values; an error follows only when a
// tensor that somebody asks for turns out to be one.

#include <cstdint>
#include <span>
#include <string>

#include "engine/base/limits.h"
#include "engine/weights/pickle_value.h"

namespace vane {

struct Pickle {
  PickleArena arena;
  PickleId root = PickleArena::kNone;
  /// Bytes up to and including STOP.
  uint64_t size = 0;
};

/// Reads one pickle from the start of `bytes`, which must outlive the result (strings are views).
/// `file` and `file_offset` locate `bytes` for messages. `allows_streams`: storages may be streams
/// of their own inside this pickle; their pickles may not nest further.
/// Throws Error{checkpoint} naming the opcode and its byte.
Pickle read_pickle(std::span<const std::byte> bytes, const Limits& limits, const std::string& file,
                   uint64_t file_offset = 0, bool allows_streams = true);

}  // namespace vane
