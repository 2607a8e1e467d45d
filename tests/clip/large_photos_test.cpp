// SPDX-License-Identifier: Apache-2.0
// Oracle: embeddings recorded from open_clip and from transformers, preprocessing and tower, on
// large photographs (tests/oracles/record_large_photos.py). The pixels follow from a committed
// sample by an integer rule on both sides; a file of them is written here and read as any
// photograph is.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/image/codec.h"
#include "tests/clip/clip_fixtures.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// `enlarged` of the recorder: each sample pixel repeated, with a pattern of -16..15 added.
Image enlarged(const std::string& sample, int width, int height) {
  const Image base = read_image(fs::path(VANE_TEST_DATA) / ".." / "assets" / "samples" / sample);
  Image big;
  big.width = width;
  big.height = height;
  big.channels = 3;
  big.u8.resize(big.sample_count());
  size_t at = 0;
  for (int64_t y = 0; y < height; ++y) {
    const int64_t row = y * base.height / height;
    for (int64_t x = 0; x < width; ++x) {
      const int64_t from = (row * base.width + x * base.width / width) * 3;
      for (int64_t c = 0; c < 3; ++c) {
        const int64_t pattern = (7 * x + 13 * y + 29 * c + x * y / 64) % 32;
        const int64_t value = base.u8[static_cast<size_t>(from + c)] + pattern - 16;
        big.u8[at++] = static_cast<uint8_t>(std::clamp<int64_t>(value, 0, 255));
      }
    }
  }
  return big;
}

Image grey(const Image& colour) {
  Image image = colour;
  image.channels = 1;
  image.u8.clear();
  for (size_t i = 0; i < colour.u8.size(); i += 3) {
    const auto* p = &colour.u8[i];
    image.u8.push_back(static_cast<uint8_t>((77 * p[0] + 150 * p[1] + 29 * p[2]) / 256));
  }
  return image;
}

Image sixteen_bit(const Image& colour) {
  Image image = colour;
  image.depth = 16;
  image.u8.clear();
  for (size_t i = 0; i < colour.u8.size(); ++i) {
    // The high byte is the sample; the low byte is spread around one half, so that nothing shifts.
    image.u16.push_back(static_cast<uint16_t>(colour.u8[i] * 256 + (colour.u8[i] * 89 + i) % 256));
  }
  return image;
}

/// Cosines of the embedding of a file with what both references computed.
class LargePhotos : public ::testing::Test {
 protected:
  void expect_same(const fs::path& file, const std::string& name) const {
    const Image image = read_image(file);
    const double a =
        cosine(open_clip_.image_embedding_exact(image), recorded_["open_clip." + name]);
    const double b =
        cosine(transformers_->image_embedding_exact(image), recorded_["transformers." + name]);
    EXPECT_GE(a, 0.9999) << name << " against open_clip";
    EXPECT_GE(b, 0.9999) << name << " against transformers";
    RecordProperty(name + ".open_clip", std::to_string(1 - a));
    RecordProperty(name + ".transformers", std::to_string(1 - b));
  }
  void expect_same(const Image& image, const std::string& format, const std::string& name) const {
    EncodeOptions options;
    options.png_compression = 1;
    const fs::path file = folder_.path() / (name + "." + format);
    write_image(file, image, options);
    expect_same(file, name);
  }
  static double cosine(const Tensor& a, const Tensor& b) {
    return (unit(a.reshape({1, -1})) * unit(b.reshape({1, -1}))).sum().item<double>();
  }

  const Recorded recorded_{"large_photos.safetensors"};
  const ClipModel open_clip_ = named_model("tiny_vit");
  const std::unique_ptr<ClipEncoder> transformers_ = named_hugging_face_model();
  const TemporaryFolder folder_;
};

TEST_F(LargePhotos, OfTwelveMegapixels) {
  expect_same(enlarged("astronaut.jpg", 4288, 2848), "tif", "twelve_megapixels");
}
TEST_F(LargePhotos, InGrey) {
  expect_same(grey(enlarged("coffee.jpg", 4000, 3000)), "png", "grey");
}
TEST_F(LargePhotos, OfSixteenBits) {
  expect_same(sixteen_bit(enlarged("chelsea.jpg", 4512, 3000)), "png", "sixteen_bit");
}
TEST_F(LargePhotos, TallerThanTwoToOne) {
  expect_same(enlarged("rocket.jpg", 1800, 6700), "tif", "tall");
}
TEST_F(LargePhotos, WiderThanTwoToOne) {
  expect_same(enlarged("coffee.jpg", 6700, 1800), "tif", "wide");
}
TEST_F(LargePhotos, JpegTurnedByItsOrientation) {
  expect_same(fixture("large_rotated.jpg"), "rotated");
  // What a reader that ignores the tag would make of it is told apart.
  DecodeOptions as_stored;
  as_stored.apply_orientation = false;
  const Tensor lying =
      open_clip_.image_embedding_exact(read_image(fixture("large_rotated.jpg"), as_stored));
  EXPECT_LT(cosine(lying, recorded_["open_clip.rotated"]), 0.999);
}
TEST_F(LargePhotos, JpegInPrintColours) { expect_same(fixture("large_cmyk.jpg"), "cmyk"); }

}  // namespace
}  // namespace vane
