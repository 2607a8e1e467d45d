// SPDX-License-Identifier: Apache-2.0
// Oracle: the light that tests/support/dng.h put through its mosaic, and the curve of sRGB in
// closed form. The sensor has the primaries of sRGB, so developing has nothing to do but white
// balance, demosaicing, the curve and the turn.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/exif.h"
#include "engine/image/raw_picture.h"
#include "tests/support/dng.h"

namespace vane {
namespace {

using testing::dng_file;
using testing::DngScene;
using testing::TiffItem;

double srgb(double linear) {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

/// Ramps of another slope in each channel; below half of the sensor's range everywhere.
DngScene ramps() {
  DngScene scene;
  scene.light = [](uint32_t x, uint32_t y, int channel) {
    return 0.05 + (channel == 0 ? 0.3 * x / 96 : channel == 1 ? 0.3 * y / 64 : 0.1);
  };
  return scene;
}

/// Largest difference of an interior sample from the light that made it, of 1.
double worst_error(const Image& image, const DngScene& scene) {
  double worst = 0;
  for (uint32_t y = 4; y + 4 < scene.height; ++y) {
    for (uint32_t x = 4; x + 4 < scene.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double found = image.u16[(size_t{y} * scene.width + x) * 3 + size_t(c)] / 65535.0;
        worst = std::max(worst, std::abs(found - srgb(scene.light(x, y, c))));
      }
    }
  }
  return worst;
}

Image developed(const DngScene& scene) { return decode_image(MemorySource(dng_file(scene))); }

TEST(Raw, DevelopsToTheLightThatTheSensorSaw) {
  const DngScene scene = ramps();
  const Image image = developed(scene);
  EXPECT_EQ(image.format, "raw");
  ASSERT_EQ(image.width, 96);
  ASSERT_EQ(image.height, 64);
  ASSERT_EQ(image.channels, 3);
  ASSERT_EQ(image.depth, 16);
  EXPECT_LT(worst_error(image, scene), 0.004);
}

TEST(Raw, UndoesWhatTheCameraCalledNeutral) {
  DngScene scene = ramps();
  scene.neutral[0] = 0.5;
  scene.neutral[2] = 0.7;
  EXPECT_LT(worst_error(developed(scene), scene), 0.006);
  scene.light = [](uint32_t, uint32_t, int) { return 0.2; };
  EXPECT_LT(worst_error(developed(scene), scene), 0.002);  // grey is grey
}

TEST(Raw, BlackAndWhiteLevelsSpanTheRange) {
  for (const uint16_t black : {uint16_t{0}, uint16_t{1024}}) {
    DngScene scene = ramps();
    scene.black = black;
    scene.white = 16383;
    EXPECT_LT(worst_error(developed(scene), scene), 0.004) << black;
  }
  // A sensor at its end is white.
  DngScene scene;
  scene.light = [](uint32_t x, uint32_t, int) { return x < 48 ? 1.0 : 0.1; };
  const Image image = developed(scene);
  for (int c = 0; c < 3; ++c) EXPECT_GT(image.u16[(32 * 96 + 20) * 3 + c], 65000);
}

TEST(Raw, IsUprightWithTagOneForEveryOrientationOfACamera) {
  const DngScene upright = ramps();
  for (const uint16_t orientation : {1, 3, 6, 8}) {
    SCOPED_TRACE(orientation);
    DngScene scene = ramps();
    scene.orientation = orientation;
    const auto file = dng_file(scene);
    for (const bool turn : {true, false}) {
      DecodeOptions options;
      options.apply_orientation = turn;
      const Image image = decode_image(MemorySource(file), options);
      const bool is_turned = orientation >= 6;
      ASSERT_EQ(image.width, is_turned ? 64 : 96);
      EXPECT_EQ(image.metadata.orientation, 1);
      EXPECT_EQ(exif_orientation(image.metadata.exif), 1);
      // Where the stored pixel (20, 10) is seen (EXIF 2.3, 4.6.4).
      const int x = orientation == 1 ? 20 : orientation == 3 ? 75 : orientation == 6 ? 53 : 10;
      const int y = orientation == 1 ? 10 : orientation == 3 ? 53 : orientation == 6 ? 20 : 75;
      for (int c = 0; c < 3; ++c) {
        EXPECT_NEAR(image.u16[size_t(y * image.width + x) * 3 + size_t(c)] / 65535.0,
                    srgb(upright.light(20, 10, c)), 0.004);
      }
    }
  }
}

TEST(Raw, CarriesTheCamerasExifIntoEveryFormat) {
  DngScene scene = ramps();
  scene.orientation = 6;
  const Image image = developed(scene);
  for (const char* format : {"tiff", "jpeg", "png", "webp"}) {
    SCOPED_TRACE(format);
    const Image back = decode_image(MemorySource(encode_image(image, format)));
    EXPECT_EQ(back.metadata.orientation, 1);
    const ExifFields fields = exif_fields(back.metadata.exif);
    const auto has = [](const std::vector<TiffField>& in, uint16_t tag, std::string_view value) {
      for (const TiffField& field : in) {
        if (field.tag == tag) {
          return std::string_view(reinterpret_cast<const char*>(field.value.data()),
                                  field.value.size()) == value;
        }
      }
      return false;
    };
    using namespace std::string_view_literals;
    EXPECT_TRUE(has(fields.picture, 0x010F, "Vane\0"sv));
    EXPECT_TRUE(has(fields.picture, 0x0110, "Test One\0"sv));
    EXPECT_TRUE(has(fields.exposure, 0x9003, "2026:11:24 12:34:56\0"sv));
    EXPECT_TRUE(has(fields.exposure, 0x829A, "\x28\0\0\0\x10\x27\0\0"sv));  // 40 / 10000 s
    EXPECT_TRUE(has(fields.exposure, 0x8827, "\xc8\0"sv));
    EXPECT_TRUE(has(fields.exposure, 0xA002, "\x40\0\0\0"sv));  // as upright: 64 wide
    EXPECT_TRUE(has(fields.gps, 1, "N\0"sv));
    EXPECT_EQ(fields.gps.size(), 4u);
  }
}

TEST(Raw, IsToldByContentAndOrdinaryTiffIsNot) {
  EXPECT_TRUE(is_raw_file(dng_file({})));
  const auto tiff = encode_image(developed({}), "tiff");
  EXPECT_FALSE(is_raw_file(tiff));
  EXPECT_TRUE(is_raw_name("a/b.NEF"));
  EXPECT_TRUE(is_raw_name("x.dng"));
  EXPECT_FALSE(is_raw_name("x.tif"));
  EXPECT_FALSE(is_picture_name("x.dng"));  // nothing writes it
  EXPECT_THROW(format_for_path("x.dng"), Error);
}

TEST(Raw, HeaderAgreesWithTheDevelopedPicture) {
  DngScene scene;
  scene.orientation = 8;
  const MemorySource file(dng_file(scene));
  const ImageHeader header = read_image_header(file);
  EXPECT_EQ(header.format, "raw");
  EXPECT_EQ(header.width, 64u);
  EXPECT_EQ(header.height, 96u);
  EXPECT_EQ(header.channels, 3);
  EXPECT_EQ(header.depth, 16);
}

std::string refusal(const std::vector<std::byte>& file, const Limits& limits = {}) {
  DecodeOptions options;
  options.limits = limits;
  try {
    decode_image(MemorySource(file), options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "was read";
  return {};
}

TiffItem& item(std::vector<TiffItem>& fields, uint16_t tag) {
  return *std::find_if(fields.begin(), fields.end(),
                       [&](const TiffItem& field) { return field.tag == tag; });
}

TEST(Raw, LimitsHoldBeforeAnythingIsDecoded) {
  Limits limits;
  limits.image_pixels = 96 * 64 - 1;
  EXPECT_NE(refusal(dng_file({}), limits).find("image.pixels"), std::string::npos);
  limits = {};
  limits.image_file_bytes = 1000;
  EXPECT_NE(refusal(dng_file({}), limits).find("image.file_bytes"), std::string::npos);
  DngScene huge;
  huge.change = [](std::vector<TiffItem>& fields) {
    item(fields, 256).value = item(fields, 257).value = item(fields, 278).value = 60'000;
  };
  EXPECT_NE(refusal(dng_file(huge)).find("image.pixels"), std::string::npos);
  DngScene large;
  large.change = [](std::vector<TiffItem>& fields) {
    item(fields, 256).value = item(fields, 257).value = item(fields, 278).value = 5'000;
  };
  EXPECT_NE(refusal(dng_file(large)).find("truncated raw file"), std::string::npos);
}

TEST(Raw, LyingFilesAreRefused) {
  // Empty, of 99 bits, of an unknown compression, cut off (the directory stands at the end, so a
  // file that is cut there loses it), elsewhere.
  const std::pair<uint16_t, uint32_t> lies[] = {{256, 0},    {257, 0},      {258, 99},
                                                {259, 9999}, {273, 12'000}, {273, 0x7FFFFFFF}};
  for (const auto& [tag, value] : lies) {
    DngScene scene = ramps();
    scene.change = [&, t = tag, v = value](std::vector<TiffItem>& fields) {
      item(fields, t).value = v;
    };
    SCOPED_TRACE(tag);
    EXPECT_FALSE(refusal(dng_file(scene)).empty());
  }
}

// Every cut and a change in every place of what is not samples: a picture or an error, never a
// crash. LibRaw takes minutes for all bits of all bytes, hence the steps.
TEST(Raw, DamageGivesAPictureOrAnError) {
  DngScene scene = ramps();
  scene.width = 32;
  scene.height = 24;
  const std::vector<std::byte> whole = dng_file(scene);
  const size_t samples_end = 8 + 32 * 24 * 2;
  int read = 0, refused = 0;
  const auto attempt = [&](const std::vector<std::byte>& file) {
    try {
      const Image image = decode_image(MemorySource(file));
      const size_t held = image.depth == 16 ? image.u16.size() : image.u8.size();
      ASSERT_EQ(held, image.sample_count());
      ++read;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::input) << error.what();
      ++refused;
    }
  };
  for (size_t size = 0; size < whole.size(); size += 37) {
    attempt({whole.begin(), whole.begin() + std::ptrdiff_t(size)});
  }
  EXPECT_EQ(read, 0);
  std::vector<std::byte> changed = whole;
  for (size_t at = 0; at < whole.size(); at += at < 8 || at >= samples_end ? 1 : 501) {
    for (const int value : {0x00, 0x7F, 0xFF}) {
      changed[at] = std::byte(value);
      attempt(changed);
    }
    changed[at] = whole[at];
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace vane
