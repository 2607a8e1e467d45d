// SPDX-License-Identifier: Apache-2.0
#include "engine/image/resize.h"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "tests/image/test_images.h"

namespace vane {
namespace {

// Oracle 5: checksums (and small outputs) recorded from Pillow by tests/oracles/record_resize.py.
TEST(Resize, EqualsPillowByteForByteOnTheRecordedSizes) {
  std::ifstream file(std::string(VANE_TEST_DATA) + "/image/data/resize_pillow.txt");
  ASSERT_TRUE(file);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    int width = 0, height = 0, channels = 0, out_width = 0, out_height = 0;
    std::string filter, crc, hex;
    fields >> width >> height >> channels >> filter >> out_width >> out_height >> crc >> hex;
    ++number;
    const Image in = testing::noise_image(width, height, channels, 8, uint64_t(number));
    const Image out =
        resize_u8(in, out_width, out_height,
                  filter == "bicubic" ? ResizeFilter::bicubic : ResizeFilter::bilinear);
    ASSERT_EQ(out.u8.size(), out.sample_count());
    if (!hex.empty()) {
      EXPECT_EQ(testing::hex(out.u8), hex) << line;
    }
    EXPECT_EQ(crc32(std::as_bytes(std::span(out.u8))), std::stoul(crc, nullptr, 16)) << line;
  }
  EXPECT_GE(number, 300);
}

Image ramp_64x48() {
  Image image;
  image.width = 64;
  image.height = 48;
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 64; ++x) {
      image.u8.push_back(uint8_t(4 * x));
      image.u8.push_back(uint8_t(5 * y));
      image.u8.push_back(uint8_t(x * y));
    }
  }
  return image;
}

// Oracle 5: the test picture of the CLIP sheet, section 4.1.
TEST(Resize, GivesTheValuesOfTheClipSheet) {
  const Image out = resize_u8(ramp_64x48(), 21, 16);
  const auto pixel = [&](int x, int y) {
    const uint8_t* p = out.u8.data() + (y * 21 + x) * 3;
    return std::array<int, 3>{p[0], p[1], p[2]};
  };
  EXPECT_EQ(pixel(0, 0), (std::array<int, 3>{4, 5, 1}));
  EXPECT_EQ(pixel(1, 0), (std::array<int, 3>{16, 5, 4}));
  EXPECT_EQ(pixel(2, 0), (std::array<int, 3>{28, 5, 7}));
  EXPECT_EQ(pixel(3, 0), (std::array<int, 3>{41, 5, 11}));
  EXPECT_EQ(pixel(10, 7), (std::array<int, 3>{126, 110, 180}));
  EXPECT_EQ(pixel(20, 15), (std::array<int, 3>{248, 230, 127}));
  EXPECT_EQ(std::accumulate(out.u8.begin(), out.u8.end(), 0), 120699);
}

// Oracle 3 (law): weights sum to one, so a constant picture stays constant at every size.
TEST(Resize, KeepsAConstantPicture) {
  Image image;
  image.width = 130;
  image.height = 77;
  image.u8.assign(image.sample_count(), 201);
  for (const auto& [w, h] : {std::pair{7, 3}, {131, 78}, {1, 1}, {300, 1}}) {
    const Image out = resize_u8(image, w, h);
    EXPECT_EQ(out.u8, std::vector<uint8_t>(size_t(w) * h * 3, 201));
  }
}

TEST(Resize, RefusesSixteenBitAndEmptyTargets) {
  EXPECT_THROW(resize_u8(testing::noise_image(4, 4, 3, 16, 1), 2, 2), Error);
  EXPECT_THROW(resize_u8(testing::noise_image(4, 4, 3, 8, 1), 0, 2), Error);
  EXPECT_THROW(resize_u8(Image{}, 2, 2), Error);
}

// Oracle 1: samples are named by their position, so a wrong offset shows.
TEST(Crop, TakesExactlyTheRectangleAtBothDepths) {
  for (int depth : {8, 16}) {
    const Image image = testing::noise_image(9, 7, 4, depth, 5);
    const Image part = crop(image, 2, 3, 5, 4);
    ASSERT_EQ(part.width, 5);
    ASSERT_EQ(part.height, 4);
    for (int y = 0; y < 4; ++y) {
      for (int i = 0; i < 20; ++i) {
        const size_t from = size_t((y + 3) * 9 + 2) * 4 + i, to = size_t(y) * 20 + i;
        if (depth == 8) {
          EXPECT_EQ(part.u8[to], image.u8[from]);
        } else {
          EXPECT_EQ(part.u16[to], image.u16[from]);
        }
      }
    }
  }
}

TEST(Crop, RefusesRectanglesThatLeaveThePicture) {
  const Image image = testing::noise_image(9, 7, 3, 8, 5);
  EXPECT_THROW(crop(image, -1, 0, 2, 2), Error);
  EXPECT_THROW(crop(image, 8, 0, 2, 2), Error);
  EXPECT_THROW(crop(image, 0, 6, 1, 2), Error);
  EXPECT_THROW(crop(image, 0, 0, 0, 2), Error);
  EXPECT_THROW(crop(image, 2147483647, 0, 2147483647, 1), Error);
  EXPECT_NO_THROW(crop(image, 0, 0, 9, 7));
}

// Oracle 1: rounding of v/257 computed by hand.
TEST(ToRgb8, ScalesSixteenBitWithRoundingAndDropsAlpha) {
  Image image;
  image.width = 3;
  image.height = 1;
  image.channels = 2;
  image.depth = 16;
  image.u16 = {0, 9, 128, 9, 129, 9};
  EXPECT_EQ(to_rgb8(image).u8, (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 1, 1, 1}));
  image.u16 = {65535, 0, 65406, 0, 257 * 77, 0};
  EXPECT_EQ(to_rgb8(image).u8, (std::vector<uint8_t>{255, 255, 255, 254, 254, 254, 77, 77, 77}));
}

TEST(ToRgb8, ReplicatesGreyAndKeepsRgb) {
  Image grey = testing::noise_image(2, 1, 1, 8, 3);
  const Image out = to_rgb8(grey);
  EXPECT_EQ(out.channels, 3);
  EXPECT_EQ(out.u8, (std::vector<uint8_t>{grey.u8[0], grey.u8[0], grey.u8[0], grey.u8[1],
                                          grey.u8[1], grey.u8[1]}));
  const Image rgba = testing::noise_image(5, 4, 4, 8, 3);
  EXPECT_EQ(to_rgb8(rgba).u8[3], rgba.u8[4]);
}

// Oracle 1: means of 2 x 2 blocks computed by hand.
TEST(Thumbnail, AveragesBlocks) {
  Image image;
  image.width = 4;
  image.height = 2;
  image.channels = 1;
  image.u8 = {0, 10, 200, 200, 20, 30, 200, 201};
  const Image out = thumbnail(image, 2);
  ASSERT_EQ(out.width, 2);
  ASSERT_EQ(out.height, 1);
  EXPECT_EQ(out.u8, (std::vector<uint8_t>{15, 200}));
}

// Oracle 1: an invisible red pixel must not tint its visible grey neighbour.
TEST(Thumbnail, WeighsColourByAlpha) {
  Image image;
  image.width = 2;
  image.height = 1;
  image.channels = 4;
  image.u8 = {255, 0, 0, 0, 80, 80, 80, 200};
  EXPECT_EQ(thumbnail(image, 1).u8, (std::vector<uint8_t>{80, 80, 80, 100}));
}

TEST(Thumbnail, KeepsProportionsAndNeverReachesZero) {
  const Image strip = thumbnail(testing::noise_image(1000, 3, 3, 16, 9), 100);
  EXPECT_EQ(strip.width, 100);
  EXPECT_EQ(strip.height, 1);
  EXPECT_EQ(strip.u16.size(), 300u);
  const Image small = testing::noise_image(8, 8, 3, 8, 9);
  EXPECT_EQ(thumbnail(small, 100).u8, small.u8);
}

}  // namespace
}  // namespace vane
