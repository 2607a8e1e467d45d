// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <lcms2.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/image/codec.h"
#include "engine/image/colour_model.h"
#include "engine/image/exif.h"
#include "engine/image/metadata.h"
#include "engine/image/orientation.h"
#include "tests/image/test_images.h"

namespace vane {
namespace {

const std::string kFolder = std::string(VANE_TEST_DATA) + "/image/data/";

Image stored(const std::string& name) {
  DecodeOptions options;
  options.apply_orientation = false;
  return read_image(kFolder + "pictures/" + name, options);
}

// Oracle 5: Pillow's decoding of files that Pillow wrote (tests/oracles/record_pictures.py).
// Lossy JPEG and WebP are compared exactly too: both sides use the same integer transforms.
TEST(Pictures, DecodeToTheSamplesThatPillowSees) {
  std::ifstream list(kFolder + "pictures.txt");
  ASSERT_TRUE(list);
  int files = 0;
  for (std::string line; std::getline(list, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string name, crc;
    int width = 0, height = 0, channels = 0, depth = 0;
    fields >> name >> width >> height >> channels >> depth >> crc;
    SCOPED_TRACE(name);
    ++files;
    // Pillow turns TIFF files upright by itself, and no others.
    const Image image =
        name.ends_with(".tif") ? read_image(kFolder + "pictures/" + name) : stored(name);
    EXPECT_EQ(image.width, width);
    EXPECT_EQ(image.height, height);
    EXPECT_EQ(image.channels, channels);
    EXPECT_EQ(image.depth, depth);
    const auto bytes =
        depth == 16 ? std::as_bytes(std::span(image.u16)) : std::as_bytes(std::span(image.u8));
    EXPECT_EQ(crc32(bytes), std::stoul(crc, nullptr, 16));
  }
  EXPECT_GE(files, 40);
}

// Oracle 5: Pillow wrote the same ramp with each orientation tag. Oracle 1: where the four corners
// of the stored picture have to be seen (EXIF 2.3, 4.6.4, orientation).
TEST(Pictures, OrientationsPutTheStoredCornersWhereTheStandardSays) {
  // For orientation i + 1: the stored corner (x, y in {0, 1}) that is seen at the top left and the
  // one at the top right.
  const int top_left[8][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}, {0, 1}, {1, 1}, {1, 0}};
  const int top_right[8][2] = {{1, 0}, {0, 0}, {0, 1}, {1, 1}, {0, 1}, {0, 0}, {1, 0}, {1, 1}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    const std::string name = "orientation_" + std::to_string(orientation) + ".jpg";
    const Image before = stored(name);
    const Image after = read_image(kFolder + "pictures/" + name);
    EXPECT_EQ(before.metadata.orientation, orientation);
    EXPECT_EQ(after.metadata.orientation, orientation);
    EXPECT_EQ(after.width, orientation <= 4 ? 21 : 13);
    EXPECT_EQ(after.height, orientation <= 4 ? 13 : 21);
    const auto pixel = [](const Image& image, int right, int bottom) {
      const int x = right * (image.width - 1), y = bottom * (image.height - 1);
      const uint8_t* p = image.u8.data() + (y * image.width + x) * 3;
      return std::array<int, 3>{p[0], p[1], p[2]};
    };
    const int i = orientation - 1;
    EXPECT_EQ(pixel(after, 0, 0), pixel(before, top_left[i][0], top_left[i][1]));
    EXPECT_EQ(pixel(after, 1, 0), pixel(before, top_right[i][0], top_right[i][1]));
  }
}

// Oracle 3 (law): turning back restores the samples, for every depth and channel count.
TEST(Pictures, InverseOrientationsUndo) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (int channels = 1; channels <= 4; ++channels) {
      for (int depth : {8, 16}) {
        const Image image = testing::noise_image(37, 70, channels, depth, 3);
        const Image turned = oriented(image, orientation);
        const Image back = oriented(turned, inverse_orientation(orientation));
        EXPECT_EQ(back.width, 37);
        EXPECT_EQ(back.u8, image.u8);
        EXPECT_EQ(back.u16, image.u16);
      }
    }
  }
}

std::vector<uint8_t> profile() {
  const auto file = MappedFile::open(kFolder + "pictures/profile.icc", 1 << 20, 4);
  const auto* begin = reinterpret_cast<const uint8_t*>(file->view().data());
  return {begin, begin + file->size()};
}

bool contains(const std::vector<uint8_t>& bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end();
}

// Oracle 5: what Pillow put into the files.
TEST(Pictures, MetadataIsReadFromEveryFormat) {
  const std::pair<const char*, int> files[] = {{"jpg", 6}, {"png", 8}, {"tif", 3}, {"webp", 5}};
  for (const auto& [extension, orientation] : files) {
    SCOPED_TRACE(extension);
    const ImageMetadata metadata = stored(std::string("metadata.") + extension).metadata;
    EXPECT_EQ(metadata.orientation, orientation);
    EXPECT_EQ(exif_orientation(metadata.exif), orientation);
    EXPECT_EQ(metadata.icc, profile());
    EXPECT_TRUE(contains(metadata.exif, "Vane"));
    EXPECT_TRUE(contains(metadata.exif, "2026:11:25 01:02:03"));
    // Pillow writes no exposure directory into TIFF files.
    EXPECT_EQ(contains(metadata.exif, "2026:11:24 00:00:00"), orientation != 3);
  }
  EXPECT_TRUE(contains(stored("metadata.jpg").metadata.xmp, "tiff:Orientation=\"6\""));
  EXPECT_TRUE(contains(stored("metadata.webp").metadata.xmp, "tiff:Orientation=\"6\""));
}

// Oracle 3 (law): metadata survives any chain of formats, with the orientation of the new pixels.
TEST(Pictures, MetadataTravelsBetweenAllFormats) {
  for (const char* from : {"metadata.jpg", "metadata.png", "metadata.tif", "metadata.webp"}) {
    Image image = read_image(kFolder + "pictures/" + from);
    image.metadata.iptc = {0x1c, 0x02, 0x05, 0x00, 0x03, 'a', 'b', 'c', 0x1c};
    for (const char* to : {"jpeg", "png", "tiff", "webp"}) {
      SCOPED_TRACE(std::string(from) + " to " + to);
      const Image back = decode_image(MemorySource(encode_image(image, to)));
      EXPECT_EQ(back.width, image.width);
      EXPECT_EQ(back.metadata.orientation, 1);
      EXPECT_EQ(back.metadata.icc, profile());
      EXPECT_TRUE(contains(back.metadata.exif, "2026:11:25 01:02:03"));
      EXPECT_EQ(contains(back.metadata.exif, "2026:11:24 00:00:00"),
                contains(image.metadata.exif, "2026:11:24 00:00:00"));
      EXPECT_EQ(contains(back.metadata.xmp, "tiff:Orientation=\"1\""), !image.metadata.xmp.empty());
      const bool holds_iptc = std::string_view(to) == "jpeg" || std::string_view(to) == "tiff";
      EXPECT_EQ(back.metadata.iptc == image.metadata.iptc, holds_iptc);
      EncodeOptions bare;
      bare.keep_metadata = false;
      const ImageMetadata none = decode_image(MemorySource(encode_image(image, to, bare))).metadata;
      EXPECT_TRUE(none.icc.empty() && none.xmp.empty() && none.iptc.empty());
      EXPECT_FALSE(contains(none.exif, "2026"));
    }
  }
}

TEST(Pictures, StoredOrderKeepsItsOrientationTag) {
  const Image image = stored("metadata.jpg");
  EncodeOptions options;
  options.orientation = image.metadata.orientation;
  for (const char* format : {"jpeg", "png", "tiff", "webp"}) {
    EXPECT_EQ(decode_image(MemorySource(encode_image(image, format, options))).metadata.orientation,
              6)
        << format;
  }
}

// Oracle 1: an EXIF block made by hand, in both byte orders, with a thumbnail at its end.
TEST(Pictures, ExifForNewPixelsHasTheirSizeAndNoOldThumbnail) {
  for (const bool is_little : {true, false}) {
    std::vector<uint8_t> block;
    const auto put = [&](uint32_t value, int bytes) {
      for (int i = 0; i < bytes; ++i) {
        block.push_back(uint8_t(value >> (8 * (is_little ? i : bytes - 1 - i))));
      }
    };
    const auto entry = [&](uint16_t tag, uint16_t type, uint32_t value) {
      put(tag, 2);
      put(type, 2);
      put(1, 4);
      put(value, type == 3 ? 2 : 4);
      if (type == 3) put(0, 2);
    };
    block = {uint8_t(is_little ? 'I' : 'M'), uint8_t(is_little ? 'I' : 'M')};
    put(42, 2);
    put(8, 4);
    put(2, 2);
    entry(0x0112, 3, 6);
    entry(0x8769, 4, 38);
    put(68, 4);  // the thumbnail directory
    ASSERT_EQ(block.size(), 38u);
    put(2, 2);
    entry(0xA002, 3, 1234);
    entry(0xA003, 4, 5678);
    put(0, 4);
    ASSERT_EQ(block.size(), 68u);
    put(2, 2);
    entry(0x0201, 4, 98);
    entry(0x0202, 4, 3);
    put(0, 4);
    ASSERT_EQ(block.size(), 98u);
    block.insert(block.end(), {'o', 'l', 'd'});
    EXPECT_EQ(exif_orientation(block), 6);
    const auto fresh = exif_for_pixels(block, 1, 640, 70000);
    EXPECT_EQ(exif_orientation(fresh), 1);
    EXPECT_FALSE(contains(fresh, "old"));
    ASSERT_EQ(fresh.size(), 98u);
    const TiffReader reader(fresh);
    EXPECT_EQ(reader.number(34, 4), 0u);
    EXPECT_EQ(reader.number(48, 2), 640u);
    EXPECT_EQ(reader.number(60, 4), 70000u);
  }
}

TEST(Pictures, DamagedExifIsOrientationOneAndNotWritten) {
  EXPECT_EQ(exif_orientation({}), 1);
  const std::vector<uint8_t> garbage(64, 0x49);
  EXPECT_EQ(exif_orientation(garbage), 1);
  EXPECT_TRUE(exif_for_pixels(garbage, 1, 5, 5).empty());
}

/// A CMYK profile for which every mixture of inks is the same grey of L* = 50.
std::vector<uint8_t> grey_ink_profile() {
  const cmsHPROFILE made = cmsCreateProfilePlaceholder(nullptr);
  cmsSetProfileVersion(made, 4.2);
  cmsSetDeviceClass(made, cmsSigOutputClass);
  cmsSetColorSpace(made, cmsSigCmykData);
  cmsSetPCS(made, cmsSigLabData);
  std::vector<cmsUInt16Number> grid;
  for (int i = 0; i < 16; ++i) grid.insert(grid.end(), {0x8000, 0x8080, 0x8080});
  cmsPipeline* pipeline = cmsPipelineAlloc(nullptr, 4, 3);
  // The format wants curves on both sides of the grid; these change nothing.
  cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(nullptr, 4, nullptr));
  cmsPipelineInsertStage(pipeline, cmsAT_END,
                         cmsStageAllocCLut16bit(nullptr, 2, 4, 3, grid.data()));
  cmsPipelineInsertStage(pipeline, cmsAT_END, cmsStageAllocToneCurves(nullptr, 3, nullptr));
  cmsWriteTag(made, cmsSigAToB0Tag, pipeline);
  cmsUInt32Number size = 0;
  cmsSaveProfileToMem(made, nullptr, &size);
  std::vector<uint8_t> bytes(size);
  cmsSaveProfileToMem(made, bytes.data(), &size);
  cmsPipelineFree(pipeline);
  cmsCloseProfile(made);
  return bytes;
}

// Oracle 1: the profile says that all inks give one neutral grey, 119 in sRGB; the formula would
// give cyan, brown and black.
TEST(Pictures, CmykProfilesDecideTheColour) {
  const std::vector<uint8_t> inks = {255, 0, 0, 0, 0, 51, 102, 128, 9, 9, 9, 255};
  const std::vector<uint8_t> rgb = cmyk_to_rgb(inks, 3, grey_ink_profile());
  ASSERT_EQ(rgb.size(), 9u);
  for (uint8_t value : rgb) EXPECT_NEAR(value, 119, 2);
}

// Oracle 1: (255 - ink)(255 - black) / 255, worked out by hand.
TEST(Pictures, CmykWithoutProfileFollowsTheFormula) {
  const std::vector<uint8_t> inks = {0, 0, 0, 0, 255, 0, 0, 0, 0, 51, 102, 128, 9, 9, 9, 255};
  const std::vector<uint8_t> rgb = {255, 255, 255, 0, 255, 255, 127, 102, 76, 0, 0, 0};
  EXPECT_EQ(cmyk_to_rgb(inks, 4, {}), rgb);
  EXPECT_EQ(cmyk_to_rgb(inks, 4, profile()), rgb);  // an RGB profile says nothing about inks
  EXPECT_EQ(cmyk_to_rgb(inks, 4, std::vector<uint8_t>(200, 7)), rgb);
}

TEST(Pictures, ConvertedColourModelsAreMarked) {
  for (const char* name : {"cmyk.jpg", "cmyk.tif", "palette.tif", "palette_4.png"}) {
    EXPECT_TRUE(stored(name).converted) << name;
  }
  for (const char* name : {"plain.tif", "grey.png", "baseline_420.jpg", "jpeg.tif"}) {
    EXPECT_FALSE(stored(name).converted) << name;
  }
}

TEST(Pictures, AnimatedWebpIsRefusedByName) {
  try {
    stored("animated.webp");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
    EXPECT_NE(error.message().find("animated"), std::string::npos);
  }
}

}  // namespace
}  // namespace vane
