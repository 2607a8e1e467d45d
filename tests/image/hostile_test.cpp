// SPDX-License-Identifier: Apache-2.0
// Oracle for all cases: the rules of the robustness sheet, sections 1, 3 and 9.1. A refusal has to
// be Error{input} that says what is wrong, before memory or time is spent.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <functional>

#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "tests/image/file_builder.h"
#include "tests/image/test_images.h"

namespace vane {
namespace {

using testing::FileBuilder;
using testing::TiffItem;
using Bytes = std::vector<std::byte>;

long peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// Decodes, expecting Error{input} with `text` in its message or hint, fast and small.
void expect_refused(const Bytes& file, const std::string& text, const DecodeOptions& options = {}) {
  const long before = peak_megabytes();
  const double start = testing::cpu_seconds();
  try {
    decode_image(MemorySource(file, "hostile"), options);
    ADD_FAILURE() << "accepted; expected: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input) << error.what();
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    EXPECT_EQ(error.file(), "hostile");
  }
  EXPECT_LT(testing::cpu_seconds() - start, 2.0) << text;
  EXPECT_LT(peak_megabytes() - before, 500) << text;
}

Bytes append_scan_data(FileBuilder file, size_t bytes) {
  file.fill(bytes, 0);
  file.be(0xFFD9, 2);
  return file.bytes;
}

FileBuilder jpeg_with_tables(uint16_t width, uint16_t height, int components, int marker = 0xC0) {
  FileBuilder file = testing::jpeg_start(width, height, components, marker);
  file.be(0xFFDB, 2).be(67, 2).be(0, 1).fill(64, 1);
  testing::jpeg_one_code_table(file, 0x00, 0);
  testing::jpeg_one_code_table(file, 0x10, 0);
  return file;
}

TEST(HostilePng, HugeHeadersNameTheLimit) {
  const auto header = [](uint32_t w, uint32_t h, int bits, size_t data) {
    FileBuilder file = testing::png_start(w, h, bits, 2);
    testing::png_chunk(file, "IDAT", std::string(data, 'x'));
    testing::png_chunk(file, "IEND", "");
    return file.bytes;
  };
  expect_refused(header(65500, 65500, 8, 100), "--limit image.pixels=4290250000");
  expect_refused(header(2147483647, 1, 8, 100), "--limit image.side=2147483647");
  expect_refused(header(32768, 32767, 16, 100), "--limit image.pixels");
  expect_refused(header(23170, 11586, 16, 20'000'000), "--limit image.pixels");
  // Within all limits, 1.5 GiB when decoded: refused at its first row, before memory is spent.
  expect_refused(header(23170, 11585, 16, 20'000'000), "damaged PNG");
  expect_refused(header(16000, 16000, 8, 746'000), "--limit image.ratio");
  expect_refused(header(9000, 9000, 8, 100), "truncated PNG");
  expect_refused(header(0, 5, 8, 100), "empty picture");
  DecodeOptions tight;
  tight.limits.image_file_bytes = 50;
  expect_refused(header(5, 5, 8, 100), "--limit image.file_bytes", tight);
  tight = {};
  tight.limits.image_decoded_bytes = 100;
  expect_refused(header(50, 5, 8, 100), "--limit image.decoded_bytes=750", tight);
}

TEST(HostilePng, BrokenStructuresAreNamed) {
  const std::string row(4, '\0');
  FileBuilder file = testing::png_start(1, 1, 8, 2);
  testing::png_chunk(file, "IDAT", testing::deflated(row));
  expect_refused(file.bytes, "IEND is missing");
  file.be(0xFFFFFFFF, 4).text("IDATxxxxxxxx");
  expect_refused(file.bytes, "beyond the end");
  file = testing::png_start(1, 1, 8, 2);
  testing::png_chunk(file,
                     "I\x01"
                     "AT",
                     "");
  expect_refused(file.bytes, "four letters");
  expect_refused(testing::png_finish(testing::png_start(1, 1, 3, 2), row), "does not exist");
  expect_refused(testing::png_finish(testing::png_start(1, 1, 8, 5), row), "does not exist");
  expect_refused(testing::png_finish(testing::png_start(1, 1, 8, 2, 7), row), "interlace");
  expect_refused(testing::png_finish(testing::png_start(1, 1, 8, 3), row), "palette is missing");
  file = testing::png_start(1, 1, 8, 2);
  testing::png_chunk(file, "IEND", "");
  expect_refused(file.bytes, "no image data");
  Bytes crc = testing::png_finish(testing::png_start(1, 1, 8, 2), row);
  crc[crc.size() - 13] ^= std::byte{1};  // last byte of the CRC of IDAT
  expect_refused(crc, "damaged PNG");
  expect_refused(testing::png_finish(testing::png_start(1, 2, 8, 2), row), "damaged PNG");
}

TEST(HostilePng, PaletteAndTransparencyBeyondTheirEndsAreRefused) {
  FileBuilder file = testing::png_start(1, 1, 8, 3);
  testing::png_chunk(file, "PLTE", std::string(6, 'a'));
  expect_refused(testing::png_finish(file, std::string("\0\x02", 2)), "beyond the palette");
  EXPECT_EQ(decode_image(MemorySource(testing::png_finish(file, std::string("\0\x01", 2)))).u8,
            std::vector<uint8_t>(3, 'a'));
  testing::png_chunk(file, "tRNS", "abc");
  expect_refused(testing::png_finish(file, std::string("\0\0", 2)), "3 transparencies");
}

TEST(HostilePng, OddButLegalFilesAreRead) {
  FileBuilder many = testing::png_start(1, 1, 8, 0);
  for (int i = 0; i < 65'535; ++i) testing::png_chunk(many, "tEXt", "");
  EXPECT_EQ(decode_image(MemorySource(testing::png_finish(many, std::string("\0\x07", 2)))).u8[0],
            7);
  FileBuilder text = testing::png_start(1, 1, 8, 0);
  testing::png_chunk(text, "iTXt", std::string("k\0\0\0\0\0", 6) + std::string(10 << 20, 'x'));
  EXPECT_EQ(decode_image(MemorySource(testing::png_finish(text, std::string("\0\x07", 2)))).u8[0],
            7);
  FileBuilder bomb = testing::png_start(1, 1, 8, 0);
  testing::png_chunk(bomb, "iCCP",
                     std::string("n\0\0", 3) + testing::deflated(std::string(64 << 20, '\0')));
  const Image image =
      decode_image(MemorySource(testing::png_finish(bomb, std::string("\0\x07", 2))));
  EXPECT_TRUE(image.metadata.icc.empty());
}

// Oracle 1: scanlines of each pass written by hand (PNG 8.2), 3 x 3 grey.
TEST(HostilePng, InterlacedPassesAreSpreadOut) {
  const Image one = decode_image(MemorySource(testing::png_finish(
      testing::png_start(1, 1, 16, 4, 1), std::string("\0\x01\x02\x03\x04", 5))));
  EXPECT_EQ(one.u16, (std::vector<uint16_t>{0x0102, 0x0304}));
  // Passes 1 (0,0); 4 (2,0); 5 (0,2)(2,2); 6 (1,0) and (1,2); 7 row 1.
  const std::string passes(
      "\0\x01"
      "\0\x03"
      "\0\x07\x09"
      "\0\x02"
      "\0\x08"
      "\0\x04\x05\x06",
      15);
  const Image nine =
      decode_image(MemorySource(testing::png_finish(testing::png_start(3, 3, 8, 0, 1), passes)));
  EXPECT_EQ(nine.u8, (std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(HostileJpeg, HugeHeadersAndScanBombsAreRefusedBeforeDecoding) {
  FileBuilder file = jpeg_with_tables(65500, 65500, 3);
  testing::jpeg_scan(file, 3);
  expect_refused(append_scan_data(file, 10), "--limit image.pixels=4290250000");
  file = jpeg_with_tables(9000, 9000, 3);
  testing::jpeg_scan(file, 3);
  expect_refused(append_scan_data(file, 1000), "cannot hold 9000 x 9000");
  file = jpeg_with_tables(64, 64, 1, 0xC2);
  for (int i = 0; i < 10'000; ++i) testing::jpeg_scan(file, 1, 0, 0);
  expect_refused(append_scan_data(file, 100), "--limit image.jpeg_scans");
  file = jpeg_with_tables(16000, 16000, 1, 0xC2);
  for (int i = 0; i < 400; ++i) testing::jpeg_scan(file, 1, 0, 0);
  expect_refused(append_scan_data(file, 5'000'000), "--limit image.pixels");
}

TEST(HostileJpeg, UnsupportedProcessesAreNamed) {
  expect_refused(testing::jpeg_start(8, 8, 3, 0xC3).bytes, "lossless");
  expect_refused(testing::jpeg_start(8, 8, 3, 0xC5).bytes, "hierarchical");
  expect_refused(testing::jpeg_start(8, 8, 3, 0xC1, 12).bytes, "12 bits");
  expect_refused(testing::jpeg_start(8, 8, 2).bytes, "2 components");
}

TEST(HostileJpeg, BrokenStructuresAreNamed) {
  expect_refused(testing::jpeg_start(8, 8, 3, 0xC0, 8, 0x01).bytes, "sampling factors");
  FileBuilder twice = testing::jpeg_start(8, 8, 1);
  twice.be(0xFFC0, 2).be(11, 2).be(8, 1).be(8, 2).be(8, 2).be(1, 1).be(0x011100, 3);
  expect_refused(twice.bytes, "second frame");
  FileBuilder length;
  length.be(0xFFD8FFE0, 4).be(1, 2);
  expect_refused(length.bytes, "impossible length");
  FileBuilder early;
  early.be(0xFFD8, 2);
  testing::jpeg_scan(early, 1);
  expect_refused(early.bytes, "before the frame header");
  FileBuilder tables = testing::jpeg_start(8, 8, 1);
  testing::jpeg_scan(tables, 1);
  expect_refused(append_scan_data(tables, 10), "Huffman tables are missing");
  FileBuilder empty = jpeg_with_tables(0, 8, 1);
  testing::jpeg_scan(empty, 1);
  expect_refused(append_scan_data(empty, 10), "empty picture");
  FileBuilder cut = jpeg_with_tables(8, 8, 1);
  expect_refused(cut.bytes, "before the picture");
}

TEST(HostileJpeg, DamagedDataIsRefusedUnlessTolerated) {
  const Bytes whole = encode_image(testing::smooth_image(320, 200, 3), "jpeg");
  const Image right = decode_image(MemorySource(whole));
  DecodeOptions tolerant;
  tolerant.tolerate_damage = true;
  const Bytes half(whole.begin(), whole.begin() + std::ptrdiff_t(whole.size() / 2));
  expect_refused(half, "cut off");
  Image image = decode_image(MemorySource(half), tolerant);
  ASSERT_EQ(image.sample_count(), right.sample_count());
  EXPECT_TRUE(std::equal(image.u8.begin(), image.u8.begin() + 320 * 3 * 16, right.u8.begin()));
  EXPECT_NE(image.u8, right.u8);
  Bytes ended = half;
  ended.insert(ended.end(), {std::byte{0xFF}, std::byte{0xD9}});
  expect_refused(ended, "damaged JPEG");
  EXPECT_NO_THROW(decode_image(MemorySource(ended), tolerant));
  Bytes garbage = whole;
  for (int i = 0; i < 6; ++i) {  // restart markers where none belong
    garbage[garbage.size() / 2 + 2 * i] = std::byte{0xFF};
    garbage[garbage.size() / 2 + 2 * i + 1] = std::byte(0xD0 + (i * 5) % 8);
  }
  expect_refused(garbage, "damaged JPEG");
}

std::vector<TiffItem> tiff_fields(uint32_t width, uint32_t height, uint32_t strip_bytes) {
  return {{256, 4, 1, width}, {257, 4, 1, height}, {258, 3, 1, 8},
          {259, 3, 1, 1},     {262, 3, 1, 1},      {273, 4, 1, 8},
          {277, 3, 1, 1},     {278, 4, 1, height}, {279, 4, 1, strip_bytes}};
}

Bytes tiff_with(std::vector<TiffItem> fields, const TiffItem& change, uint32_t next = 0) {
  bool found = false;
  for (TiffItem& field : fields) {
    if (field.tag != change.tag) continue;
    field = change;
    found = true;
  }
  if (!found) fields.push_back(change);
  return testing::tiff_file(fields, "abcdefgh", next);
}

TEST(HostileTiff, TheValidFileOfTheseCasesIsRead) {
  const Image image =
      decode_image(MemorySource(testing::tiff_file(tiff_fields(4, 2, 8), "abcdefgh")));
  EXPECT_EQ(image.u8, (std::vector<uint8_t>{'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}));
}

TEST(HostileTiff, LyingFieldsAreRefused) {
  const auto fields = tiff_fields(4, 2, 8);
  expect_refused(tiff_with(fields, {256, 4, 1, 4}, 16), "form a loop");
  expect_refused(tiff_with(fields, {256, 4, 1, 4}, 0x7fffffff), "does not lie inside");
  expect_refused(tiff_with(fields, {273, 4, 0x80000000, 8}), "0 offsets");
  expect_refused(tiff_with(fields, {279, 4, 1, 5000}), "does not lie inside");
  expect_refused(tiff_with(fields, {273, 4, 1, 0xfffffff0}), "does not lie inside");
  expect_refused(tiff_with(fields, {279, 4, 1, 7}), "2 rows of 4");
  expect_refused(tiff_with(fields, {277, 3, 1, 64}), "64 samples a pixel");
  expect_refused(tiff_with(fields, {277, 3, 1, 0}), "0 samples a pixel");
  expect_refused(tiff_with(fields, {258, 3, 1, 32}), "32 bits");
  expect_refused(tiff_with(fields, {258, 3, 1, 12}), "12 bits");
  expect_refused(tiff_with(fields, {339, 3, 1, 3}), "floating-point");
  expect_refused(tiff_with(fields, {259, 3, 1, 6}), "old-style JPEG");
  expect_refused(tiff_with(fields, {259, 3, 1, 34661}), "compression 34661");
  expect_refused(tiff_with(fields, {262, 3, 1, 32844}), "colour model 32844");
  expect_refused(tiff_with(fields, {262, 3, 1, 2}), "cannot hold colour model 2");
  expect_refused(tiff_with(fields, {284, 3, 1, 9}), "planar configuration");
  expect_refused(tiff_with(fields, {278, 4, 1, 0}), "strips of 0 rows");
  expect_refused(tiff_with(fields, {257, 4, 1, 0}), "size of 4 x 0");
  expect_refused(tiff_with(fields, {256, 4, 1, 0x40000000}), "rows of 1073741824");
}

TEST(HostileTiff, TilesOfImpossibleSizesAreRefused) {
  const auto tiled = [](uint32_t width, uint32_t height) {
    auto fields = tiff_fields(4, 2, 8);
    std::erase_if(fields, [](const TiffItem& f) { return f.tag == 273 || f.tag == 279; });
    fields.insert(fields.end(),
                  {{322, 4, 1, width}, {323, 4, 1, height}, {324, 4, 1, 8}, {325, 4, 1, 8}});
    return testing::tiff_file(fields, "abcdefgh");
  };
  expect_refused(tiled(0, 16), "tiles of 0 x 16");
  expect_refused(tiled(16, 0), "tiles of 16 x 0");
  expect_refused(tiled(0x80000000, 16), "tiles of 2147483648");
  expect_refused(tiled(16, 16), "16 rows of 16");
}

TEST(HostileTiff, BombsAreRefused) {
  auto fields = tiff_fields(9000, 9000, 8);
  expect_refused(tiff_with(fields, {259, 3, 1, 8}), "truncated TIFF");
  expect_refused(tiff_with(fields, {259, 3, 1, 5}), "truncated TIFF");
  expect_refused(tiff_with(fields, {259, 3, 1, 32773}), "truncated TIFF");
  fields = tiff_fields(65500, 65500, 8);
  expect_refused(tiff_with(fields, {259, 3, 1, 8}), "--limit image.pixels");
  fields = tiff_fields(16000, 16000, 8);
  std::vector<TiffItem> many(600, {65000, 3, 1, 1});
  expect_refused(testing::tiff_file(many, ""), "does not lie inside");
  fields = tiff_fields(4, 2, 8);
  std::erase_if(fields, [](const TiffItem& f) { return f.tag == 262; });
  expect_refused(testing::tiff_file(fields, "abcdefgh"), "PhotometricInterpretation is missing");
}

TEST(HostileWebp, BrokenContainersAreNamed) {
  using testing::riff_chunk;
  using testing::riff_webp;
  const std::string huge(
      "\x2f\xff\xff\xff\x0f"
      "\0\0\0\0\0\0\0",
      12);  // 16384 x 16384
  expect_refused(riff_webp(riff_chunk("VP8L", huge)), "--limit image.ratio");
  const std::string big(
      "\x2f\x0f\xff\x0f\x00"
      "\0\0\0\0\0\0\0",
      12);
  expect_refused(riff_webp(riff_chunk("VP8L", big)), "WebP");
  expect_refused(riff_webp(riff_chunk("VP8 ", std::string(20, 'x'))), "key frame");
  expect_refused(riff_webp(riff_chunk("VP8L", "x")), "VP8L");
  expect_refused(riff_webp(riff_chunk("JUNK", "xxxxxxxxxx")), "no picture data");
  expect_refused(riff_webp(riff_chunk("VP8X", std::string("\x02") + std::string(9, '\0'))),
                 "animated");
  expect_refused(riff_webp(riff_chunk("VP8X", "abc") + "padding!"), "too short");
  Bytes lying = riff_webp(riff_chunk("VP8L", huge));
  lying[16] = std::byte{200};
  expect_refused(lying, "beyond the end");
  lying[4] = std::byte{255};
  expect_refused(lying, "shorter than its header says");
  const Bytes good = encode_image(testing::smooth_image(8, 8, 3), "webp");
  const std::string inner(reinterpret_cast<const char*>(good.data()) + 12, good.size() - 12);
  expect_refused(riff_webp(riff_chunk("VP8X", std::string(10, '\x05')) + inner), "sizes of canvas");
}

TEST(HostileFile, OtherTypesAreNamed) {
  const auto file = [](std::string_view text) { return FileBuilder().text(text).bytes; };
  expect_refused({}, "is empty");
  expect_refused(file("GIF89a......"), "GIF");
  expect_refused(file("BM.........."), "BMP");
  expect_refused(file("....ftypavif"), "AVIF");
  expect_refused(file("hello, world"), "not a picture");
  expect_refused(file("\x89PNG"), "not a picture");
}

TEST(HostileFile, RaisedLimitsLetALargePictureThrough) {
  DecodeOptions tight;
  tight.limits.image_pixels = 99;
  const Bytes file = encode_image(testing::smooth_image(10, 10, 3), "png");
  expect_refused(file, "--limit image.pixels=100", tight);
  tight.limits.image_pixels = 100;
  EXPECT_NO_THROW(decode_image(MemorySource(file), tight));
}

}  // namespace
}  // namespace vane
