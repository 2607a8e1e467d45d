// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/packed_streams.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <string>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr uint64_t kRatioFrom = 256ull << 20;
constexpr int kGzipWindow = 16 + MAX_WBITS;  // 16: with the header of gzip
constexpr size_t kPiece = size_t{1} << 30;   // zlib counts in 32 bits

Error fault(std::string message) { return Error(ErrorCode::input, std::move(message)); }

}  // namespace

void check_ratio(uint64_t decoded, uint64_t file_bytes, const Limits& limits) {
  const uint64_t ratio = decoded / std::max<uint64_t>(file_bytes, 1);
  if (decoded <= kRatioFrom || ratio <= limits.scene_ratio) return;
  throw fault(fmt::format("would unpack to {}, {} times the size of the file; scene.ratio is {}: "
                          "this may be a decompression bomb",
                          byte_size_text(decoded), ratio, limits.scene_ratio))
      .with_hint(fmt::format("if the file is trusted, raise --limit scene.ratio={}", ratio + 1));
}

bool is_gzip(std::span<const std::byte> file) {
  return file.size() >= 2 && file[0] == std::byte{0x1f} && file[1] == std::byte{0x8b};
}

struct GzipReader::Stream {
  z_stream z{};
  std::span<const std::byte> file;
  uint64_t consumed = 0;
  bool ended = false;
};

GzipReader::GzipReader(std::span<const std::byte> file) : stream_(std::make_unique<Stream>()) {
  stream_->file = file;
  if (::inflateInit2(&stream_->z, kGzipWindow) != Z_OK) {
    throw Error(ErrorCode::resource, "not enough memory to unpack the file");
  }
}

GzipReader::~GzipReader() { ::inflateEnd(&stream_->z); }

/// Unpacks up to out.size() bytes and returns how many; fewer only at the end of the stream.
size_t GzipReader::inflate_some(std::span<std::byte> out) {
  z_stream& z = stream_->z;
  size_t filled = 0;
  while (!stream_->ended && filled < out.size()) {
    const auto rest = stream_->file.subspan(static_cast<size_t>(stream_->consumed));
    const size_t in_piece = std::min(rest.size(), kPiece);
    const size_t out_piece = std::min(out.size() - filled, kPiece);
    // zlib does not write through next_in but declares it writable.
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest.data()));
    z.avail_in = static_cast<uInt>(in_piece);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
    z.avail_out = static_cast<uInt>(out_piece);
    const int status = ::inflate(&z, Z_NO_FLUSH);
    stream_->consumed += in_piece - z.avail_in;
    filled += out_piece - z.avail_out;
    stream_->ended = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END) {
      throw fault(status == Z_BUF_ERROR ? "the gzip stream ends too early"
                                        : "the gzip stream is damaged")
          .at_byte(stream_->consumed)
          .with_hint("the file may be cut off; fetch it again");
    }
  }
  return filled;
}

void GzipReader::read(std::span<std::byte> out) {
  if (inflate_some(out) == out.size()) return;
  throw fault("unpacks to fewer bytes than its header needs").at_byte(stream_->consumed);
}

void GzipReader::finish() {
  std::byte excess{};
  if (inflate_some({&excess, 1}) != 0) {
    throw fault("unpacks to more bytes than its header needs").at_byte(stream_->consumed);
  }
  if (stream_->consumed != stream_->file.size()) {
    throw fault("has bytes behind the gzip stream").at_byte(stream_->consumed);
  }
}

std::vector<std::byte> gzip_bytes(std::span<const std::byte> bytes) {
  z_stream z{};
  if (::deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 9, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw Error(ErrorCode::resource, "not enough memory to pack the file");
  }
  std::vector<std::byte> out, piece(size_t{1} << 18);
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (z.avail_in == 0 && !bytes.empty()) {
      const size_t taken = std::min(bytes.size(), kPiece);
      z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
      z.avail_in = static_cast<uInt>(taken);
      bytes = bytes.subspan(taken);
    }
    z.next_out = reinterpret_cast<Bytef*>(piece.data());
    z.avail_out = static_cast<uInt>(piece.size());
    status = ::deflate(&z, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    out.insert(out.end(), piece.begin(), piece.end() - static_cast<std::ptrdiff_t>(z.avail_out));
  }
  ::deflateEnd(&z);
  return out;
}

void read_zstd(std::span<const std::byte> packed, std::span<std::byte> out) {
  const size_t size = ::ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  if (::ZSTD_isError(size)) {
    throw fault(
        fmt::format("a Zstandard stream cannot be unpacked: {}", ::ZSTD_getErrorName(size)));
  }
  if (size != out.size()) {
    throw fault(fmt::format("a Zstandard stream holds {} bytes, {} are needed", size, out.size()));
  }
}

}  // namespace vane
