// SPDX-License-Identifier: Apache-2.0
#pragma once
// Zip archives as PyTorch writes them, read from memory; never extracted to disk.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/byte_source.h"
#include "engine/base/limits.h"

namespace vane {

struct ZipEntry {
  std::string name;
  bool is_deflated = false;
  uint32_t crc = 0;
  /// Bytes in the archive and after inflating; equal for stored entries.
  uint64_t packed_size = 0, size = 0;
  uint64_t header_offset = 0, data_offset = 0;
};

/// The directory of one archive. The central directory is the truth and every local header must
/// agree with it; entries may not overlap, share a name, or expand beyond the limits.
/// Supported: zip64, methods "stored" and "deflate". Refused: encryption, several disks.
class ZipArchive {
 public:
  /// Reads and checks the whole directory. Throws Error{checkpoint} naming the entry and the byte.
  ZipArchive(std::shared_ptr<const ByteSource> source, const Limits& limits);

  /// In the order of the central directory.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;

  /// The content of `entry`: a view of the archive when stored, else an inflated buffer whose owner
  /// joins `owners`. The checksum is verified. Throws Error{checkpoint}.
  std::span<const std::byte> read(const ZipEntry& entry,
                                  std::vector<std::shared_ptr<const void>>& owners) const;

 private:
  std::shared_ptr<const ByteSource> source_;
  std::vector<ZipEntry> entries_;
  std::map<std::string_view, size_t> by_name_;
};

}  // namespace vane
