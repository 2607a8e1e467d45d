// SPDX-License-Identifier: Apache-2.0
// Oracle: LangSplat's crops (splatting sheet, section 7.2), cut by hand.
#include "editing/language/mask_features.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::LinearClip;

// Noise; mask 0 is an L of 3 x 4 pixels, mask 1 the rest.
struct Picture {
  Image image;
  RegionMaps maps;
  Picture() {
    Rng rng(2);
    image.width = 9;
    image.height = 8;
    for (int i = 0; i < 9 * 8 * 3; ++i) image.u8.push_back(static_cast<uint8_t>(rng.below(256)));
    maps.width = 9;
    maps.height = 8;
    maps.count = 2;
    std::vector<int32_t> labels(9 * 8, 1);
    for (int y = 2; y < 6; ++y) labels[static_cast<size_t>(y * 9 + 3)] = 0;
    for (int x = 3; x < 6; ++x) labels[5 * 9 + static_cast<size_t>(x)] = 0;
    maps.labels.fill(labels);
  }
};

Tensor feature(const LinearClip& clip, const Image& crop) {
  const int side = clip.info().preprocess.image_size;
  return unit(clip.image_embedding_of_input(
      normalised_input(image_to_tensor(resize_u8(crop, side, side, ResizeFilter::bilinear)),
                       clip.info().preprocess),
      nullptr))[0];
}

void expect_row(const RegionMaps& maps, int64_t row, const Tensor& expected) {
  for (int64_t k = 0; k < maps.dim; ++k) {
    EXPECT_NEAR(maps.features[static_cast<size_t>(row * maps.dim + k)], expected[k].item<float>(),
                1e-5);
  }
}

TEST(MaskFeatures, ACutoutIsBlackOutsideAndPaddedToASquare) {
  const LinearClip clip;
  Picture picture;
  QuietJob job;
  embed_masks(clip, picture.image, CropStyle::cutout, picture.maps, job);
  // The box is 3 wide and 4 high: its square begins at column 3, one half of a column less.
  Image crop;
  crop.width = crop.height = 4;
  crop.u8.assign(4 * 4 * 3, 0);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 3; ++x) {
      if (x != 0 && y != 3) continue;
      for (int c = 0; c < 3; ++c) {
        crop.u8[static_cast<size_t>((y * 4 + x) * 3 + c)] =
            picture.image.u8[static_cast<size_t>(((y + 2) * 9 + x + 3) * 3 + c)];
      }
    }
  }
  ASSERT_EQ(picture.maps.dim, 12);
  ASSERT_EQ(picture.maps.features.size(), 2u * 12);
  expect_row(picture.maps, 0, feature(clip, crop));
}

TEST(MaskFeatures, AThingStandsOnTheMeanColourOfWhatIsAroundIt) {
  const LinearClip clip;
  Picture picture;
  QuietJob job;
  embed_masks(clip, picture.image, CropStyle::context, picture.maps, job);
  // 1.6 times 4 is 6 pixels; the box 3-6 by 2-6 lies in the square 1-7 by 1-7.
  Image crop;
  crop.width = crop.height = 6;
  std::array<double, 3> sum{};
  int around = 0;
  const auto at = [&](int x, int y) { return static_cast<size_t>((y + 1) * 9 + x + 1); };
  for (int y = 0; y < 6; ++y) {
    for (int x = 0; x < 6; ++x) {
      if (picture.maps.labels[0][at(x, y)] == 0) continue;
      ++around;
      for (size_t c = 0; c < 3; ++c) sum[c] += picture.image.u8[3 * at(x, y) + c];
    }
  }
  for (int y = 0; y < 6; ++y) {
    for (int x = 0; x < 6; ++x) {
      for (size_t c = 0; c < 3; ++c) {
        crop.u8.push_back(picture.maps.labels[0][at(x, y)] == 0
                              ? picture.image.u8[3 * at(x, y) + c]
                              : static_cast<uint8_t>(sum[c] / around));
      }
    }
  }
  expect_row(picture.maps, 0, feature(clip, crop));
}

TEST(MaskFeatures, TheMeanOfBothIsUnit) {
  const LinearClip clip;
  Picture both, cutout, context;
  QuietJob job;
  embed_masks(clip, both.image, CropStyle::both, both.maps, job);
  embed_masks(clip, cutout.image, CropStyle::cutout, cutout.maps, job);
  embed_masks(clip, context.image, CropStyle::context, context.maps, job);
  for (int64_t row = 0; row < 2; ++row) {
    std::vector<float> sum;
    for (int64_t k = 0; k < 12; ++k) {
      const auto at = static_cast<size_t>(row * 12 + k);
      sum.push_back(cutout.maps.features[at] + context.maps.features[at]);
    }
    expect_row(both.maps, row, unit(at::tensor(sum)));
  }
}

TEST(MaskFeatures, AnotherSizeIsRefused) {
  const LinearClip clip;
  Picture picture;
  QuietJob job;
  picture.maps.width = 8;
  EXPECT_THROW(embed_masks(clip, picture.image, CropStyle::cutout, picture.maps, job), Error);
  EXPECT_THROW(crop_style("square"), Error);
}

}  // namespace
}  // namespace vane
