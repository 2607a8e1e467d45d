// SPDX-License-Identifier: Apache-2.0
#pragma once
// A photograph's file in memory, with what tells it from another version of itself.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "engine/base/byte_source.h"
#include "engine/base/limits.h"

namespace vane {

/// Two files of one path are taken for the same when all of this is.
struct FileIdentity {
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  /// xxh64 of the bytes.
  uint64_t hash = 0;
};

struct PhotoSource {
  std::unique_ptr<MemorySource> bytes;
  FileIdentity identity;
};

/// Reads the whole file, so that nothing that happens to it later reaches the result.
/// Throws Error{input}: no regular file, unreadable, over `limits.image_file_bytes`, or cut short
/// meanwhile.
PhotoSource read_photo_source(const std::filesystem::path& path, const Limits& limits);

/// Of a file that is too large to be read at once (a video). Throws Error{input}.
FileIdentity mapped_identity(const std::filesystem::path& path);

/// Size and time without the hash; size 0 and time 0 when the file cannot be looked at.
FileIdentity file_stamp(const std::filesystem::path& path);

/// Gives `target` the times of access and change of `source`. Best effort: not every file system
/// keeps them.
void copy_file_times(const std::filesystem::path& source, const std::filesystem::path& target);

}  // namespace vane
