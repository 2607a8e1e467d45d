// SPDX-License-Identifier: Apache-2.0
// Layouts that only libtiff writes. Oracle for all cases: the samples that were given to libtiff,
// which shares no code with our reader's unpacking.
#include <gtest/gtest.h>
#include <tiffio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "tests/image/file_builder.h"
#include "tests/image/test_images.h"

namespace vane {
namespace {

struct Layout {
  const char* mode = "w";  // "wb" big-endian, "w8" BigTIFF
  int compression = COMPRESSION_NONE;
  bool is_planar = false;
  int tile = 0, rows_per_strip = 3;
  int alpha = EXTRASAMPLE_UNASSALPHA;
  int photometric = -1;
};

class TiffLayouts : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            ("vane_tiff_" + std::to_string(::getpid()) + ".tif");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Image written_and_read(const Image& image, const Layout& layout) {
    TIFF* tiff = TIFFOpen(path_.c_str(), layout.mode);
    const int samples = layout.is_planar ? 1 : image.channels;
    const int planes = layout.is_planar ? image.channels : 1;
    const int photometric = layout.photometric >= 0
                                ? layout.photometric
                                : (image.is_grey() ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, image.width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, image.height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, image.depth);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, image.channels);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, layout.compression);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG,
                 layout.is_planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    if (image.has_alpha() && photometric != PHOTOMETRIC_SEPARATED) {
      const auto kind = uint16_t(layout.alpha);
      TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &kind);
    }
    const int bytes = image.depth / 8;
    const int width = layout.tile ? layout.tile : image.width;
    const int height = layout.tile ? layout.tile : layout.rows_per_strip;
    if (layout.tile) {
      TIFFSetField(tiff, TIFFTAG_TILEWIDTH, width);
      TIFFSetField(tiff, TIFFTAG_TILELENGTH, height);
    } else {
      TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, height);
    }
    uint32_t number = 0;
    for (int plane = 0; plane < planes; ++plane) {
      for (int y0 = 0; y0 < image.height; y0 += height) {
        for (int x0 = 0; x0 < image.width; x0 += width, ++number) {
          const int rows = layout.tile ? height : std::min(height, image.height - y0);
          std::vector<uint8_t> chunk(size_t(width) * rows * samples * bytes);
          for (int y = 0; y < rows && y0 + y < image.height; ++y) {
            for (int x = 0; x < width && x0 + x < image.width; ++x) {
              for (int s = 0; s < samples; ++s) {
                const size_t from =
                    (size_t(y0 + y) * image.width + x0 + x) * image.channels + plane + s;
                uint8_t* to = chunk.data() + ((size_t(y) * width + x) * samples + s) * bytes;
                if (bytes == 2) {
                  std::memcpy(to, &image.u16[from], 2);
                } else {
                  *to = image.u8[from];
                }
              }
            }
          }
          if (layout.tile) {
            TIFFWriteEncodedTile(tiff, number, chunk.data(), tmsize_t(chunk.size()));
          } else {
            TIFFWriteEncodedStrip(tiff, number, chunk.data(), tmsize_t(chunk.size()));
          }
        }
      }
    }
    TIFFClose(tiff);
    return read_image(path_);
  }

  std::filesystem::path path_;
};

TEST_F(TiffLayouts, OneLargeUncompressedStripIsRead) {
  // What Pillow writes by default.
  for (const bool is_planar : {false, true}) {
    const Image image = testing::noise_image(200, 140, 3, 8, 6);
    Layout layout;
    layout.rows_per_strip = image.height;
    layout.is_planar = is_planar;
    EXPECT_TRUE(written_and_read(image, layout).u8 == image.u8);
  }
}

TEST_F(TiffLayouts, StripsTilesPlanesAndByteOrdersAreTheSamePicture) {
  for (const char* mode : {"wl", "wb", "w8", "wb8"}) {
    for (int compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE}) {
      for (bool is_planar : {false, true}) {
        for (int tile : {0, 16}) {
          for (int channels = 1; channels <= 4; ++channels) {
            for (int depth : {8, 16}) {
              SCOPED_TRACE(std::string(mode) + " compression " + std::to_string(compression) +
                           (is_planar ? " planar" : "") + " tile " + std::to_string(tile) +
                           " channels " + std::to_string(channels) + " depth " +
                           std::to_string(depth));
              const Image image = testing::noise_image(37, 21, channels, depth, 5);
              Layout layout;
              layout.mode = mode;
              layout.compression = compression;
              layout.is_planar = is_planar;
              layout.tile = tile;
              const Image back = written_and_read(image, layout);
              ASSERT_EQ(back.channels, channels);
              ASSERT_EQ(back.u8, image.u8);
              ASSERT_EQ(back.u16, image.u16);
            }
          }
        }
      }
    }
  }
}

TEST_F(TiffLayouts, PremultipliedAlphaBecomesStraight) {
  Image image;
  image.width = 3;
  image.height = 1;
  image.channels = 4;
  image.u8 = {50, 100, 128, 128, 9, 9, 9, 0, 1, 2, 3, 255};
  Layout layout;
  layout.alpha = EXTRASAMPLE_ASSOCALPHA;
  EXPECT_EQ(written_and_read(image, layout).u8,
            (std::vector<uint8_t>{100, 199, 255, 128, 0, 0, 0, 0, 1, 2, 3, 255}));
}

TEST_F(TiffLayouts, UnspecifiedExtraSamplesAreDropped) {
  const Image image = testing::noise_image(4, 3, 4, 8, 1);
  Layout layout;
  layout.alpha = EXTRASAMPLE_UNSPECIFIED;
  const Image back = written_and_read(image, layout);
  ASSERT_EQ(back.channels, 3);
  EXPECT_EQ(back.u8[3], image.u8[4]);
}

TEST_F(TiffLayouts, WhiteIsZeroIsInverted) {
  for (int depth : {8, 16}) {
    Image image = testing::noise_image(5, 4, 1, depth, 1);
    Layout layout;
    layout.photometric = PHOTOMETRIC_MINISWHITE;
    const Image back = written_and_read(image, layout);
    for (size_t i = 0; i < image.sample_count(); ++i) {
      if (depth == 8) {
        EXPECT_EQ(back.u8[i], 255 - image.u8[i]);
      } else {
        EXPECT_EQ(back.u16[i], 65535 - image.u16[i]);
      }
    }
  }
}

// Oracle 1: samples packed by hand; v * 255 / (2^bits - 1).
TEST(TiffBits, SmallSamplesFillTheWholeRange) {
  const auto file = [](uint32_t bits, std::string_view data) {
    return testing::tiff_file({{256, 4, 1, 5},
                               {257, 4, 1, 1},
                               {258, 3, 1, bits},
                               {262, 3, 1, 1},
                               {273, 4, 1, 8},
                               {279, 4, 1, uint32_t(data.size())}},
                              data);
  };
  const auto decoded = [](const std::vector<std::byte>& bytes) {
    return decode_image(MemorySource(bytes)).u8;
  };
  EXPECT_EQ(decoded(file(1, "\xA8")), (std::vector<uint8_t>{255, 0, 255, 0, 255}));
  EXPECT_EQ(decoded(file(2, std::string("\x1B\x80", 2))),
            (std::vector<uint8_t>{0, 85, 170, 255, 170}));
  EXPECT_EQ(decoded(file(4, "\x01\x8F\x70")), (std::vector<uint8_t>{0, 17, 136, 255, 119}));
}

}  // namespace
}  // namespace vane
