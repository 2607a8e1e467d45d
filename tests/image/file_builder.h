// SPDX-License-Identifier: Apache-2.0
#pragma once
// Picture files put together by hand, right or wrong on purpose; independent of the codecs.

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vane::testing {

/// Bytes under construction.
struct FileBuilder {
  std::vector<std::byte> bytes;

  FileBuilder& text(std::string_view value) {
    for (char c : value) bytes.push_back(std::byte(c));
    return *this;
  }
  FileBuilder& be(uint64_t value, int size) {
    for (int i = size - 1; i >= 0; --i) bytes.push_back(std::byte(value >> (8 * i)));
    return *this;
  }
  FileBuilder& le(uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes.push_back(std::byte(value >> (8 * i)));
    return *this;
  }
  FileBuilder& fill(size_t count, uint8_t value) {
    bytes.insert(bytes.end(), count, std::byte(value));
    return *this;
  }
};

inline std::string deflated(std::string_view raw) {
  uLongf size = compressBound(raw.size());
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(raw.data()),
           raw.size());
  out.resize(size);
  return out;
}

/// A PNG chunk with a valid CRC.
inline void png_chunk(FileBuilder& file, std::string_view type, std::string_view data) {
  std::string body(type);
  body += data;
  file.be(data.size(), 4).text(body);
  file.be(::crc32(0, reinterpret_cast<const Bytef*>(body.data()), uInt(body.size())), 4);
}

inline FileBuilder png_start(uint32_t width, uint32_t height, int bits, int colour_type,
                             int interlace = 0) {
  FileBuilder file;
  file.text("\x89PNG\r\n\x1a\n");
  FileBuilder header;
  header.be(width, 4).be(height, 4).be(bits, 1).be(colour_type, 1).be(0, 2).be(interlace, 1);
  png_chunk(file, "IHDR",
            {reinterpret_cast<const char*>(header.bytes.data()), header.bytes.size()});
  return file;
}

inline std::vector<std::byte> png_finish(FileBuilder file, std::string_view scanlines) {
  png_chunk(file, "IDAT", deflated(scanlines));
  png_chunk(file, "IEND", "");
  return file.bytes;
}

/// Start of image and a frame header without tables or data. `marker` 0xC0 is baseline.
inline FileBuilder jpeg_start(uint16_t width, uint16_t height, int components, int marker = 0xC0,
                              int precision = 8, int sampling = 0x11) {
  FileBuilder file;
  file.be(0xFFD8, 2).be(0xFF00 | marker, 2).be(8 + 3 * components, 2).be(precision, 1);
  file.be(height, 2).be(width, 2).be(components, 1);
  for (int c = 0; c < components; ++c) file.be(c + 1, 1).be(sampling, 1).be(0, 1);
  return file;
}

/// A Huffman table with one code of one bit that stands for `symbol`.
inline void jpeg_one_code_table(FileBuilder& file, int table, int symbol) {
  file.be(0xFFC4, 2).be(20, 2).be(table, 1).be(1, 1).fill(15, 0).be(symbol, 1);
}

inline void jpeg_scan(FileBuilder& file, int components, int first = 0, int last = 63,
                      int approximation = 0) {
  file.be(0xFFDA, 2).be(6 + 2 * components, 2).be(components, 1);
  for (int c = 0; c < components; ++c) file.be(c + 1, 1).be(0, 1);
  file.be(first, 1).be(last, 1).be(approximation, 1);
}

struct TiffItem {
  uint16_t tag, type;
  uint32_t count, value;
};

/// A little-endian TIFF: `data` at byte 8, then one directory with these fields.
inline std::vector<std::byte> tiff_file(const std::vector<TiffItem>& fields, std::string_view data,
                                        uint32_t next = 0) {
  FileBuilder file;
  const uint32_t at = 8 + uint32_t(data.size() + data.size() % 2);
  file.text("II").le(42, 2).le(at, 4).text(data).fill(data.size() % 2, 0);
  file.le(fields.size(), 2);
  for (const TiffItem& f : fields) file.le(f.tag, 2).le(f.type, 2).le(f.count, 4).le(f.value, 4);
  file.le(next, 4);
  return file.bytes;
}

inline std::vector<std::byte> riff_webp(std::string_view chunks) {
  FileBuilder file;
  file.text("RIFF").le(chunks.size() + 4, 4).text("WEBP").text(chunks);
  return file.bytes;
}

inline std::string riff_chunk(std::string_view type, std::string_view data) {
  FileBuilder chunk;
  chunk.text(type).le(data.size(), 4).text(data).fill(data.size() % 2, 0);
  return {reinterpret_cast<const char*>(chunk.bytes.data()), chunk.bytes.size()};
}

}  // namespace vane::testing
