// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/zip_archive.h"

#include <zlib.h>

#include <algorithm>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/weights/zip_directory.h"

namespace vane {
namespace {

// zlib counts in 32 bits, so long runs pass in pieces of this size.
constexpr size_t kPiece = size_t{1} << 30;

class Inflater {
 public:
  Inflater() { ready_ = ::inflateInit2(&stream_, -MAX_WBITS) == Z_OK; }  // negative: no zlib header
  ~Inflater() {
    if (ready_) ::inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Whether `packed` is one deflate stream that fills `out` exactly and ends with its last byte.
  bool fill(std::span<const std::byte> packed, std::span<std::byte> out) {
    if (!ready_) return false;
    // One byte beyond `out` catches a stream that is longer than declared.
    std::byte excess{};
    std::span<std::byte> rooms[] = {out, {&excess, 1}};
    size_t room = 0;
    int status = Z_OK;
    while (status == Z_OK) {
      if (stream_.avail_in == 0) {
        const auto piece = packed.first(std::min(packed.size(), kPiece));
        // zlib does not write through next_in but declares it writable.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
        packed = packed.subspan(piece.size());
      }
      while (stream_.avail_out == 0 && room < 2) {
        const auto piece = rooms[room].first(std::min(rooms[room].size(), kPiece));
        stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream_.avail_out = static_cast<uInt>(piece.size());
        rooms[room] = rooms[room].subspan(piece.size());
        if (rooms[room].empty()) ++room;
      }
      status = ::inflate(&stream_, Z_NO_FLUSH);
    }
    return status == Z_STREAM_END && stream_.total_out == out.size() && stream_.avail_in == 0 &&
           packed.empty();
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

ZipArchive::ZipArchive(std::shared_ptr<const ByteSource> source, const Limits& limits)
    : source_(std::move(source)), entries_(read_zip_directory(*source_, limits)) {
  for (size_t i = 0; i < entries_.size(); ++i) by_name_.emplace(entries_[i].name, i);
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

std::span<const std::byte> ZipArchive::read(
    const ZipEntry& entry, std::vector<std::shared_ptr<const void>>& owners) const {
  std::span<const std::byte> content = source_->view().subspan(
      static_cast<size_t>(entry.data_offset), static_cast<size_t>(entry.packed_size));
  if (entry.is_deflated) {
    auto buffer = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(entry.size));
    if (!Inflater().fill(content, *buffer)) {
      throw Error(ErrorCode::checkpoint, "zip entry does not inflate to its declared size")
          .in_file(source_->name())
          .at_key(entry.name)
          .at_byte(entry.data_offset);
    }
    content = *buffer;
    owners.push_back(std::move(buffer));
  }
#ifndef VANE_FUZZ_SKIPS_CRC
  if (crc32(content) != entry.crc) {
    throw Error(ErrorCode::checkpoint, "zip entry does not match its checksum")
        .in_file(source_->name())
        .at_key(entry.name)
        .at_byte(entry.data_offset)
        .with_hint("the file is damaged; fetch it again");
  }
#endif
  return content;
}

}  // namespace vane
