// SPDX-License-Identifier: Apache-2.0
#pragma once
// Compressed bytes of scene files, read into rooms whose size is known beforehand.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/limits.h"

namespace vane {

/// Throws Error{input} when `decoded` bytes are more than 256 MiB and more than scene.ratio times
/// the file's: before anything is decoded.
void check_ratio(uint64_t decoded, uint64_t file_bytes, const Limits& limits);

bool is_gzip(std::span<const std::byte> file);

/// Reads one gzip stream from front to back.
class GzipReader {
 public:
  /// `file` must outlive the reader.
  explicit GzipReader(std::span<const std::byte> file);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  /// Fills `out`. Throws Error{input} when the stream is damaged or ends before.
  void read(std::span<std::byte> out);
  /// Throws Error{input} unless the stream ends here, with the file and with its checksum right.
  void finish();

 private:
  struct Stream;
  size_t inflate_some(std::span<std::byte> out);
  std::unique_ptr<Stream> stream_;
};

/// `bytes` as one gzip stream; the same bytes give the same stream with the same zlib.
std::vector<std::byte> gzip_bytes(std::span<const std::byte> bytes);

/// Fills `out` from a Zstandard stream (RFC 8878). Throws Error{input} when it is damaged or holds
/// another number of bytes.
void read_zstd(std::span<const std::byte> packed, std::span<std::byte> out);

}  // namespace vane
