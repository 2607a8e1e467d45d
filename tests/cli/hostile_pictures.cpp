// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <cstring>

#include "engine/image/codec.h"
#include "tests/cli/hostile_files.h"
#include "tests/image/file_builder.h"
#include "tests/image/test_images.h"
#include "tests/support/dng.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;
using Files = std::vector<HostileFile>;
using Bytes = std::vector<std::byte>;

std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A zlib stream of `megabytes` MiB of zeros. A full flush ends on a byte and forgets what came
// before, so one block can be repeated; the checksum of zeros is 1 + n * 2^16 (RFC 1950).
std::string zlib_zeros(uint64_t megabytes) {
  const std::string zeros(1 << 20, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string block(deflateBound(&stream, zeros.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(block.data());
  stream.avail_out = static_cast<uInt>(block.size());
  deflate(&stream, Z_FULL_FLUSH);
  block.resize(stream.total_out);
  deflateEnd(&stream);
  std::string out("\x78\xda", 2);
  for (uint64_t i = 0; i < megabytes; ++i) out += block;
  FileBuilder end;
  end.be(0x0300, 2).be(((megabytes << 20) % 65521) << 16 | 1, 4);
  return out + text_of(end.bytes);
}

// A picture whose data is `data` and may end early.
std::string png(uint32_t width, uint32_t height, int bits, int colour, const std::string& data) {
  FileBuilder file = png_start(width, height, bits, colour);
  png_chunk(file, "IDAT", data);
  png_chunk(file, "IEND", "");
  return text_of(file.bytes);
}

// A picture of one pixel with one more chunk before its data.
std::string png_with(std::string_view type, std::string_view chunk) {
  FileBuilder file = png_start(1, 1, 8, 0);
  png_chunk(file, type, chunk);
  return text_of(png_finish(file, std::string("\0\x07", 2)));
}

std::string encoded(const std::string& format) {
  return text_of(encode_image(noise_image(96, 64, 3, 8, 5), format));
}

class Catalogue {
 public:
  void add(std::string name, std::string says, std::function<std::string()> bytes) {
    files.push_back({std::move(name), std::move(says), std::move(bytes)});
  }
  void add(std::string name, std::string says, std::string bytes) {
    add(std::move(name), std::move(says), [bytes = std::move(bytes)] { return bytes; });
  }
  Files files;
};

void add_png(Catalogue& all) {
  const std::string whole = encoded("png"), row(4, '\0');
  all.add("cut.png", "truncated PNG", whole.substr(0, whole.size() / 2));
  std::string flipped = whole;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
  all.add("flipped.png", "damaged PNG", flipped);
  all.add("zeros-16000.png", "--limit image.ratio",
          [] { return png(16000, 16000, 8, 2, zlib_zeros(733)); });
  all.add("lying-header.png", "--limit image.pixels", png(32768, 32767, 16, 2, "x"));
  all.add("long-side.png", "--limit image.side", png(2147483647, 1, 8, 2, "x"));
  all.add("little-data.png", "cannot come from 1 bytes", png(9000, 9000, 8, 2, "x"));
  all.add("no-size.png", "empty picture", png(0, 5, 8, 2, "x"));
  all.add("no-such-type.png", "does not exist", png(1, 1, 3, 2, "x"));
  all.add("no-palette.png", "palette is missing", png(1, 1, 8, 3, deflated(row)));
  FileBuilder palette = png_start(1, 1, 8, 3);
  png_chunk(palette, "PLTE", std::string(6, 'a'));
  all.add("beyond-palette.png", "beyond the palette",
          text_of(png_finish(palette, std::string("\0\x02", 2))));
  FileBuilder none = png_start(1, 1, 8, 2);
  png_chunk(none, "IEND", "");
  all.add("no-data.png", "no image data", text_of(none.bytes));
}

FileBuilder jpeg_with_tables(int width, int height, int components, int marker = 0xC0) {
  FileBuilder file =
      jpeg_start(static_cast<uint16_t>(width), static_cast<uint16_t>(height), components, marker);
  file.be(0xFFDB, 2).be(67, 2).be(0, 1).fill(64, 1);
  jpeg_one_code_table(file, 0x00, 0);
  jpeg_one_code_table(file, 0x10, 0);
  return file;
}

std::string jpeg(FileBuilder file, size_t data) {
  return text_of(file.fill(data, 0).be(0xFFD9, 2).bytes);
}

// A JPEG whose first segment is `segment` (marker E0 + n).
std::string jpeg_with_segment(int marker, const std::string& segment) {
  const std::string whole = encoded("jpeg");
  FileBuilder file;
  file.be(0xFFD8, 2).be(0xFF00 | marker, 2).be(segment.size() + 2, 2).text(segment);
  return text_of(file.bytes) + whole.substr(2);
}

std::string scans(int side, int count, int data) {
  FileBuilder file = jpeg_with_tables(side, side, 1, 0xC2);
  for (int i = 0; i < count; ++i) {
    jpeg_scan(file, 1, 0, 0);
    file.fill(static_cast<size_t>(data), 0);
  }
  return jpeg(file, 10);
}

void add_jpeg(Catalogue& all) {
  const std::string whole = encoded("jpeg");
  all.add("cut.jpg", "cut off", whole.substr(0, whole.size() / 2));
  all.add("cut-and-ended.jpg", "damaged JPEG", whole.substr(0, whole.size() / 2) + "\xff\xd9");
  FileBuilder huge = jpeg_with_tables(65500, 65500, 3);
  jpeg_scan(huge, 3);
  all.add("huge.jpg", "--limit image.pixels", jpeg(huge, 10));
  FileBuilder large = jpeg_with_tables(9000, 9000, 3);
  jpeg_scan(large, 3);
  all.add("little-data.jpg", "cannot hold", jpeg(large, 1000));
  all.add("scans-10000.jpg", "--limit image.jpeg_scans", scans(64, 10'000, 0));
  all.add("scans-large.jpg", "34 scans", [] { return scans(16000, 400, 10'000); });
  all.add("lossless.jpg", "lossless", text_of(jpeg_start(8, 8, 3, 0xC3).bytes));
  all.add("twelve-bits.jpg", "12 bits", text_of(jpeg_start(8, 8, 3, 0xC1, 12).bytes));
  all.add("two-components.jpg", "2 components", text_of(jpeg_start(8, 8, 2).bytes));
  FileBuilder tables = jpeg_start(8, 8, 1);
  jpeg_scan(tables, 1);
  all.add("no-tables.jpg", "Huffman tables are missing", jpeg(tables, 10));
  all.add("no-frame.jpg", "ends before the frame header", "\xff\xd8\xff\xd9");
}

std::vector<TiffItem> tiff_fields(uint32_t width, uint32_t height, uint32_t compression = 1) {
  return {{256, 4, 1, width},       {257, 4, 1, height}, {258, 3, 1, 8},
          {259, 3, 1, compression}, {262, 3, 1, 1},      {273, 4, 1, 8},
          {277, 3, 1, 1},           {278, 4, 1, height}, {279, 4, 1, 8}};
}

void add_tiff(Catalogue& all) {
  const auto add = [&](std::string name, std::string says, const std::vector<TiffItem>& fields,
                       uint32_t next = 0) {
    all.add(name + ".tif", std::move(says), text_of(tiff_file(fields, "abcdefgh", next)));
  };
  const auto with = [](TiffItem change) {
    auto fields = tiff_fields(4, 2);
    for (TiffItem& field : fields) field = field.tag == change.tag ? change : field;
    return fields;
  };
  const std::string whole = encoded("tiff");
  all.add("cut.tif", "does not lie inside the file", whole.substr(0, whole.size() / 2));
  add("loop", "form a loop", tiff_fields(4, 2), 16);
  add("strips-2^31", "0 offsets and 1 sizes", with({273, 4, 0x80000000, 8}));
  add("strip-beyond", "does not lie inside the file", with({279, 4, 1, 5000}));
  add("no-rows", "strips of 0 rows", with({278, 4, 1, 0}));
  add("samples-64", "64 samples a pixel", with({277, 3, 1, 64}));
  add("bits-12", "12 bits", with({258, 3, 1, 12}));
  add("compression", "compression 34661", with({259, 3, 1, 34661}));
  add("huge", "--limit image.pixels", tiff_fields(65500, 65500, 8));
  add("little-data", "truncated TIFF", tiff_fields(9000, 9000, 8));
  all.add("zeros-16000.tif", "--limit image.ratio", [] {
    const std::string data = zlib_zeros(489);
    auto fields = tiff_fields(16000, 16000, 8);
    fields[2].value = 16;  // bits
    fields.back().value = static_cast<uint32_t>(data.size());
    return text_of(tiff_file(fields, data));
  });
}

void add_webp(Catalogue& all) {
  const std::string whole = encoded("webp"), inner = whole.substr(12);
  const auto add = [&](std::string name, std::string says, std::string_view chunks) {
    all.add(name + ".webp", std::move(says), text_of(riff_webp(chunks)));
  };
  all.add("cut.webp", "shorter than its header says", whole.substr(0, whole.size() / 2));
  std::string shortened = whole.substr(0, whole.size() / 2 / 2 * 2);
  shortened = text_of(riff_webp(shortened.substr(12)));
  all.add("cut-inside.webp", "a chunk goes beyond the end", shortened);
  add("canvas", "sizes of canvas", riff_chunk("VP8X", std::string(10, '\x05')) + inner);
  add("animated", "animated", riff_chunk("VP8X", std::string("\x02") + std::string(9, '\0')));
  add("huge", "--limit image.ratio",
      riff_chunk("VP8L", std::string("\x2f\xff\xff\xff\x0f\0\0\0\0\0\0\0", 12)));
  add("no-picture", "no picture data", riff_chunk("JUNK", "xxxxxxxxxx"));
  add("no-key-frame", "key frame", riff_chunk("VP8 ", std::string(20, 'x')));
}

void add_raw(Catalogue& all) {
  const auto with = [](std::initializer_list<std::pair<uint16_t, uint32_t>> values) {
    DngScene scene;
    scene.change = [&](std::vector<TiffItem>& fields) {
      for (TiffItem& field : fields) {
        for (const auto& [tag, value] : values)
          field.value = field.tag == tag ? value : field.value;
      }
    };
    return text_of(dng_file(scene));
  };
  // A plain TIFF reader would take the directory at the end of a whole one for damaged.
  all.add("huge.dng", "--limit image.pixels", with({{256, 60'000}, {257, 60'000}}));
  all.add("little-data.dng", "cannot come from", with({{256, 5000}, {257, 5000}}));
  all.add("cut.dng", "damaged samples of a raw file", with({{273, 12'000}}));
  all.add("no-width.dng", "damaged raw file: ", with({{256, 0}}));
  all.add("head.cr3", "damaged raw file",
          std::string("\0\0\0\x18"
                      "ftypcrx ",
                      12));
}

void add_others(Catalogue& all) {
  all.add("empty.png", "is empty", "");
  all.add("words.jpg", "not a picture", "hello, world");
  all.add("moving.gif", "GIF", "GIF89a......");
  all.add("old.bmp", "BMP", "BM..........");
  all.add("new.avif", "AVIF", "....ftypavif");
  all.add("part.exr", "OpenEXR", "\x76\x2f\x31\x01....");
  all.files.push_back({"folder.png", "is a folder", {}, [](const fs::path& folder) {
                         fs::create_directory(folder / "folder.png");
                       }});
  all.files.push_back({"pipe.png", "is not a regular file", {}, [](const fs::path& folder) {
                         ::mkfifo((folder / "pipe.png").c_str(), 0600);
                       }});
}

// A TIFF directory inside EXIF whose sub-directory and successor are itself.
std::string exif_loop() {
  const auto loop = tiff_file({{0x8769, 4, 1, 8}, {0x8825, 4, 1, 8}, {274, 3, 1, 1}}, "", 8);
  return std::string("Exif\0\0", 6) + text_of(loop);
}

std::string exif_many() {
  std::vector<TiffItem> fields(5000, TiffItem{0x8769, 4, 1, 8});
  return std::string("Exif\0\0", 6) + text_of(tiff_file(fields, ""));
}

}  // namespace

std::vector<HostileFile> hostile_pictures() {
  Catalogue all;
  add_png(all);
  add_jpeg(all);
  add_tiff(all);
  add_webp(all);
  add_raw(all);
  add_others(all);
  return all.files;
}

std::vector<HostileFile> harmless_pictures() {
  Catalogue all;
  all.add("profile-bomb.png", "",
          [] { return png_with("iCCP", std::string("n\0\0", 3) + zlib_zeros(2048)); });
  all.add("text-bomb.png", "",
          [] { return png_with("iTXt", std::string("vane\0\1\0\0\0", 9) + zlib_zeros(2048)); });
  all.add("ztxt-bomb.png", "",
          [] { return png_with("zTXt", std::string("k\0\0", 3) + zlib_zeros(2048)); });
  all.add("many-chunks.png", "", [] {
    FileBuilder file = png_start(1, 1, 8, 0);
    for (int i = 0; i < 65'535; ++i) png_chunk(file, "tEXt", "");
    return text_of(png_finish(file, std::string("\0\x07", 2)));
  });
  all.add("exif-loop.jpg", "", jpeg_with_segment(0xE1, exif_loop()));
  all.add("exif-many.jpg", "", jpeg_with_segment(0xE1, exif_many()));
  return all.files;
}

}  // namespace vane::testing
