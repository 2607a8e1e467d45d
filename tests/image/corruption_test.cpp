// SPDX-License-Identifier: Apache-2.0
// Oracle for all cases: robustness sheet 9.1. Small valid files, changed in every place; the result
// is a picture that is consistent with itself or Error{input}. Both outcomes are counted: a reader
// that accepts or refuses everything fails.
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "tests/image/file_builder.h"
#include "tests/image/test_images.h"

namespace vane {
namespace {

using Bytes = std::vector<std::byte>;

struct Count {
  int accepted = 0, refused = 0;
};

void decode_changed(const Bytes& file, Count& count) {
  const double start = testing::cpu_seconds();
  try {
    const Image image = decode_image(MemorySource(file));
    ++count.accepted;
    const size_t held = image.depth == 16 ? image.u16.size() : image.u8.size();
    ASSERT_EQ(held, image.sample_count());
    ASSERT_TRUE(image.width > 0 && image.height > 0);
    ASSERT_TRUE(image.depth == 8 ? image.u16.empty() : image.u8.empty());
    ASSERT_GE(image.metadata.orientation, 1);
    ASSERT_LE(image.metadata.orientation, 8);
  } catch (const Error& error) {
    ++count.refused;
    ASSERT_EQ(error.code(), ErrorCode::input) << error.what();
  }
  ASSERT_LT(testing::cpu_seconds() - start, 2.0);
}

Bytes small_file(const char* format) {
  EncodeOptions options;
  options.recipe = "{}";
  Image image = testing::smooth_image(9, 5, 3);
  // A block with an orientation, so that the EXIF reader is part of the game.
  image.metadata.exif = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3,
                         0,   1,   0,  0, 0, 1, 0, 0, 0, 0, 0,    0, 0};
  return encode_image(image, format, options);
}

struct Pinned {
  const char* format;
  int cut_accepted;         // truncated files that still give a picture
  double flipped_accepted;  // share of files with one flipped bit that do
};

class Corruption : public ::testing::TestWithParam<Pinned> {};

TEST_P(Corruption, EveryTruncationIsRefused) {
  const Bytes file = small_file(GetParam().format);
  ASSERT_LE(file.size(), 2048u);
  Count count;
  for (size_t size = 0; size < file.size(); ++size) {
    decode_changed(Bytes(file.begin(), file.begin() + std::ptrdiff_t(size)), count);
  }
  EXPECT_EQ(count.accepted, GetParam().cut_accepted);
  EXPECT_EQ(count.accepted + count.refused, int(file.size()));
}

TEST_P(Corruption, EveryFlippedBitGivesAPictureOrAnError) {
  Bytes file = small_file(GetParam().format);
  Count count;
  for (size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      file[at] ^= std::byte(1 << bit);
      decode_changed(file, count);
      file[at] ^= std::byte(1 << bit);
    }
  }
  // The encoders' bytes depend on the versions of their libraries, hence the tolerance.
  const double share = double(count.accepted) / (count.accepted + count.refused);
  EXPECT_NEAR(share, GetParam().flipped_accepted, 0.05);
}

TEST_P(Corruption, EveryOverwrittenFieldGivesAPictureOrAnError) {
  const Bytes file = small_file(GetParam().format);
  Count count;
  for (const size_t width : {size_t{2}, size_t{4}, size_t{8}}) {
    const uint64_t top = width == 8 ? UINT64_MAX : (uint64_t{1} << (8 * width)) - 1;
    const uint64_t values[] = {
        0, 1, top >> 1, (top >> 1) + 1, top, file.size() - 1, file.size(), file.size() + 1};
    for (size_t at = 0; at + width <= file.size(); at += width) {
      for (const uint64_t value : values) {
        for (const bool is_little : {true, false}) {
          Bytes changed = file;
          for (size_t i = 0; i < width; ++i) {
            const size_t shift = 8 * (is_little ? i : width - 1 - i);
            changed[at + i] = std::byte(value >> shift);
          }
          decode_changed(changed, count);
        }
      }
    }
  }
  EXPECT_GT(count.refused, 0);
  EXPECT_GT(count.accepted, 0);
}

TEST_P(Corruption, AppendedAndSplicedBytesGiveAPictureOrAnError) {
  const Bytes file = small_file(GetParam().format);
  Count count;
  Bytes longer = file;
  longer.push_back(std::byte{0});
  decode_changed(longer, count);
  for (const char* other : {"png", "jpeg", "tiff", "webp"}) {
    const Bytes second = small_file(other);
    for (const size_t at : {file.size() / 4, file.size() / 2, file.size()}) {
      Bytes spliced(file.begin(), file.begin() + std::ptrdiff_t(at));
      spliced.insert(spliced.end(), second.begin() + std::ptrdiff_t(std::min(at, second.size())),
                     second.end());
      decode_changed(spliced, count);
    }
  }
  EXPECT_GT(count.accepted, 0);
}

// PNG: flips in the EXIF and recipe chunks drop those. JPEG: most bytes are tables and samples that
// no checksum covers. A TIFF ends with values that the pixels do not depend on.
INSTANTIATE_TEST_SUITE_P(Formats, Corruption,
                         ::testing::Values(Pinned{"png", 0, 402.0 / 1112},
                                           Pinned{"jpeg", 0, 4277.0 / 5600},
                                           Pinned{"tiff", 0, 420.0 / 1680},
                                           Pinned{"webp", 0, 704.0 / 1120}),
                         [](const auto& format) { return std::string(format.param.format); });

// Oracle 1: every byte of a bare PNG is covered by its signature, a CRC or the checks of the walk,
// so no flipped bit may pass.
TEST(CorruptionPng, NoFlippedBitOfABarePngPasses) {
  Bytes file = testing::png_finish(testing::png_start(3, 2, 8, 0), std::string("\0abc\0def", 8));
  Count count;
  for (size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      file[at] ^= std::byte(1 << bit);
      decode_changed(file, count);
      file[at] ^= std::byte(1 << bit);
    }
  }
  EXPECT_EQ(count.accepted, 0);
  EXPECT_EQ(count.refused, int(file.size()) * 8);
}

}  // namespace
}  // namespace vane
