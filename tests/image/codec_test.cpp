// SPDX-License-Identifier: Apache-2.0
#include "engine/image/codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "engine/base/error.h"
#include "tests/image/test_images.h"

namespace vane {
namespace {

Image decoded(const std::vector<std::byte>& bytes, const DecodeOptions& options = {}) {
  return decode_image(MemorySource(bytes), options);
}

double mean_difference(const Image& a, const Image& b) {
  if (a.u8.size() != b.u8.size()) return 1e9;
  double sum = 0;
  for (size_t i = 0; i < a.u8.size(); ++i) sum += std::abs(int(a.u8[i]) - int(b.u8[i]));
  return sum / double(a.u8.size());
}

struct Lossless {
  const char* format;
  EncodeOptions options;
  std::vector<int> depths;
};

std::vector<Lossless> lossless_formats() {
  EncodeOptions webp;
  webp.webp_quality = 100;
  return {{"png", {}, {8, 16}}, {"tiff", {}, {8, 16}}, {"webp", webp, {8}}};
}

// Oracle 3 (law): a lossless format gives back the samples, for every channel count and for sizes
// that end inside a byte, a block and a strip.
TEST(Codec, LosslessFormatsReturnTheSameSamples) {
  for (const Lossless& format : lossless_formats()) {
    for (int depth : format.depths) {
      for (int channels = 1; channels <= 4; ++channels) {
        for (const auto& [width, height] : {std::pair{1, 1}, {1, 37}, {41, 1}, {7, 5}, {64, 33}}) {
          const Image image = testing::noise_image(width, height, channels, depth, 11);
          const Image back = decoded(encode_image(image, format.format, format.options));
          SCOPED_TRACE(std::string(format.format) + " " + std::to_string(width) + "x" +
                       std::to_string(height) + " c" + std::to_string(channels) + " d" +
                       std::to_string(depth));
          ASSERT_EQ(back.width, width);
          ASSERT_EQ(back.height, height);
          EXPECT_EQ(back.depth, depth);
          EXPECT_EQ(back.format, format.format);
          // WebP has no grey: it comes back as equal red, green and blue.
          if (back.channels == channels) {
            EXPECT_EQ(back.u8, image.u8);
            EXPECT_EQ(back.u16, image.u16);
            continue;
          }
          ASSERT_STREQ(format.format, "webp");
          ASSERT_EQ(back.channels, channels + 2);
          for (size_t i = 0; i < size_t(width) * height; ++i) {
            for (int c = 0; c < back.channels; ++c) {
              const int from = c < 3 ? 0 : 1;
              EXPECT_EQ(back.u8[i * back.channels + c], image.u8[i * channels + from]);
            }
          }
        }
      }
    }
  }
}

// Oracle 3 (law): quality bounds the loss on smooth pictures; a channel swap or row slip would be
// tens of levels off.
TEST(Codec, LossyFormatsStayClose) {
  for (const char* format : {"jpeg", "webp"}) {
    for (int channels : {1, 3}) {
      for (const auto& [width, height] : {std::pair{1, 1}, {1, 40}, {40, 1}, {33, 17}, {100, 80}}) {
        const Image image = testing::smooth_image(width, height, channels);
        Image back = decoded(encode_image(image, format));
        ASSERT_EQ(back.width, width);
        ASSERT_EQ(back.height, height);
        if (channels == 1 && back.channels == 3) back = decoded(encode_image(back, "png"));
        if (back.channels != channels) continue;
        EXPECT_LT(mean_difference(image, back), 2.5) << format << width << "x" << height;
      }
    }
  }
}

// Oracle 1: 4:2:0 halves the chroma planes, so the file shrinks and hard colour edges blur.
TEST(Codec, FullChromaKeepsColourEdges) {
  Image image;
  image.width = image.height = 32;
  for (int i = 0; i < 32 * 32; ++i) {
    for (int c = 0; c < 3; ++c) image.u8.push_back((i % 2 == 0) == (c == 0) ? 200 : 40);
  }
  EncodeOptions full, half;
  half.jpeg_full_chroma = false;
  EXPECT_LT(mean_difference(image, decoded(encode_image(image, "jpeg", full))), 5);
  EXPECT_GT(mean_difference(image, decoded(encode_image(image, "jpeg", half))), 20);
}

// Oracle 1: 16-bit values become their nearest 8-bit ones and alpha goes.
TEST(Codec, JpegTakesSixteenBitAndAlphaByReducingThem) {
  Image image;
  image.width = image.height = 16;
  image.channels = 4;
  image.depth = 16;
  for (int i = 0; i < 256; ++i) {
    for (uint16_t v :
         {uint16_t(150 * 257 + 100), uint16_t(150 * 257), uint16_t(150 * 257), uint16_t(9)}) {
      image.u16.push_back(v);
    }
  }
  const Image back = decoded(encode_image(image, "jpeg"));
  ASSERT_EQ(back.channels, 3);
  ASSERT_EQ(back.depth, 8);
  for (uint8_t v : back.u8) EXPECT_NEAR(v, 150, 1);
}

TEST(Codec, HeaderAgreesWithTheDecodedPicture) {
  for (const char* format : {"png", "jpeg", "tiff", "webp"}) {
    for (int channels : {3, 4}) {
      const MemorySource source(encode_image(testing::smooth_image(23, 9, channels), format));
      const ImageHeader header = read_image_header(source);
      const Image image = decode_image(source);
      EXPECT_EQ(header.format, format);
      EXPECT_EQ(header.width, 23u);
      EXPECT_EQ(header.height, 9u);
      EXPECT_EQ(header.channels, image.channels) << format;
      EXPECT_EQ(header.depth, image.depth);
    }
  }
}

TEST(Codec, FormatComesFromTheContentNotTheName) {
  const auto folder = std::filesystem::temp_directory_path() / "vane_codec_test";
  std::filesystem::create_directories(folder);
  const Image image = testing::noise_image(5, 4, 3, 8, 2);
  write_image(folder / "a.png", image);
  std::filesystem::rename(folder / "a.png", folder / "a.jpg");
  const Image back = read_image(folder / "a.jpg");
  EXPECT_EQ(back.format, "png");
  EXPECT_EQ(back.u8, image.u8);
  std::filesystem::remove_all(folder);
}

TEST(Codec, OutputNamesChooseTheFormat) {
  EXPECT_EQ(format_for_path("a/b.PNG"), "png");
  EXPECT_EQ(format_for_path("b.jpeg"), "jpeg");
  EXPECT_EQ(format_for_path("b.Jpg"), "jpeg");
  EXPECT_EQ(format_for_path("b.tif"), "tiff");
  EXPECT_EQ(format_for_path("b.webp"), "webp");
  for (const char* name : {"b", "b.bmp", "png"}) {
    try {
      format_for_path(name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
    }
  }
}

TEST(Codec, RecipesTravelWithoutChangingThePixels) {
  const Image image = testing::noise_image(20, 10, 3, 8, 4);
  std::string recipe = R"({"command":"edit","to":"a warm, bright photo – ☀"})";
  for (const bool is_long : {false, true}) {
    // Longer than one JPEG segment, to be split and joined.
    if (is_long) recipe += std::string(150'000, 'x');
    for (const char* format : {"png", "jpeg", "tiff", "webp"}) {
      EncodeOptions with;
      with.recipe = recipe;
      const auto bytes = encode_image(image, format, with);
      EXPECT_EQ(read_recipe(MemorySource(bytes)), recipe) << format;
      const auto plain = encode_image(image, format);
      EXPECT_EQ(read_recipe(MemorySource(plain)), std::nullopt) << format;
      EXPECT_EQ(decoded(bytes).u8, decoded(plain).u8) << format;
    }
  }
}

}  // namespace
}  // namespace vane
