// SPDX-License-Identifier: Apache-2.0
// Oracles: what a paste must leave alone, bit for bit; closed forms for even changes; a crop pasted
// back is the photograph that it came from.
#include "editing/faces/face_paste.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/image/codec.h"

namespace vane {
namespace {

const FaceCrop kTurned({100.3, 78.6}, {41.2, 9.7});

/// Smooth waves with grain, so that resampling has something to lose.
Image waves(int channels, int depth) {
  Image picture;
  picture.width = 200;
  picture.height = 160;
  picture.channels = channels;
  picture.depth = depth;
  const int colours = channels <= 2 ? 1 : 3;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const auto grain = double(splitmix64(uint64_t(x + 1000 * y + 7 * c)) >> 40) / (1 << 24);
        const double value =
            c >= colours
                ? 0.2 + 0.6 * grain
                : 0.5 + 0.3 * std::sin(0.08 * x + c) * std::cos(0.06 * y) + 0.04 * (grain - 0.5);
        if (depth == 16) {
          picture.u16.push_back(static_cast<uint16_t>(std::lround(65535 * value)));
        } else {
          picture.u8.push_back(static_cast<uint8_t>(std::lround(255 * value)));
        }
      }
    }
  }
  picture.metadata.exif = {1, 2, 3};
  picture.metadata.density = {300, 300};
  return picture;
}

double sample(const Image& picture, size_t i) {
  return picture.depth == 16 ? picture.u16[i] / 65535.0 : picture.u8[i] / 255.0;
}

Image even(int size, uint8_t value) {
  Image picture;
  picture.width = picture.height = size;
  picture.u8.assign(size_t(3 * size * size), value);
  return picture;
}

/// Distance to the nearest edge of the square in shares of its side, negative outside.
double inside(const FaceCrop& crop, int x, int y) {
  const CropPoint p = crop.to_crop({double(x), double(y)});
  return std::min({p.x, p.y, 1 - p.x, 1 - p.y});
}

/// Calls `check(index of the pixel's first sample, distance inside)`.
template <class Check>
void for_pixels(const Image& picture, const FaceCrop& crop, const Check& check) {
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      check(size_t(picture.channels) * size_t(y * picture.width + x), inside(crop, x, y));
    }
  }
}

class Pictures : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(Pictures, AnUneditedCropLeavesEveryBit) {
  const Image photo = waves(GetParam().first, GetParam().second);
  for (const FaceCrop& crop : {kTurned, FaceCrop({10, 150}, {50, -20})}) {
    for (const int size : {32, 64, 300}) {
      Image cut = crop_face(photo, crop, size);
      const Image result = paste_face(photo, crop, cut);
      EXPECT_TRUE(result.u8 == photo.u8 && result.u16 == photo.u16) << size;
      EXPECT_EQ(result.metadata.exif, photo.metadata.exif);
      EXPECT_EQ(result.metadata.density.x, 300);
      // A reconstruction in place of the crop: still nothing was edited.
      const Image other = even(size, 90);
      FacePasteOptions options;
      options.before = &other;
      const Image same = paste_face(photo, crop, other, options);
      EXPECT_TRUE(same.u8 == photo.u8 && same.u16 == photo.u16);
    }
  }
}

TEST_P(Pictures, AnEvenChangeIsAddedWholeInsideAndNothingOutside) {
  const Image photo = waves(GetParam().first, GetParam().second);
  const Image before = even(48, 100), after = even(48, 120);
  FacePasteOptions options;
  options.before = &before;
  const Image result = paste_face(photo, kTurned, after, options);
  ASSERT_EQ(result.depth, photo.depth);
  ASSERT_EQ(result.channels, photo.channels);
  const int colours = photo.channels <= 2 ? 1 : 3;
  const double step = photo.depth == 16 ? 1.0 / 65535 : 1.0 / 255;
  for_pixels(photo, kTurned, [&](size_t at, double depth) {
    const double t = std::clamp(depth / 0.1, 0.0, 1.0), weight = t * t * (3 - 2 * t);
    for (int c = 0; c < photo.channels; ++c) {
      const double source = sample(photo, at + size_t(c));
      const double got = sample(result, at + size_t(c));
      if (depth <= 0 || c >= colours) {
        ASSERT_EQ(got, source);
      } else {
        ASSERT_NEAR(got, source + weight * 20 / 255, 0.51 * step + 1e-6);
      }
    }
  });
}

TEST_P(Pictures, ReplacingByTheOwnCropLosesNoMoreThanResampling) {
  const Image photo = waves(GetParam().first, GetParam().second);
  FacePasteOptions options;
  options.mode = PasteMode::replace;
  const Image cut = crop_face(photo, kTurned, 256);
  const Image result = paste_face(photo, kTurned, cut, options);
  double sum = 0;
  int64_t count = 0;
  for_pixels(photo, kTurned, [&](size_t at, double depth) {
    const double difference = std::abs(sample(result, at) - sample(photo, at));
    if (depth <= 0) {
      ASSERT_EQ(difference, 0);
    } else if (depth > 0.1) {
      sum += difference;
      ++count;
    }
  });
  // The grain is +-0.02 of white noise; what is smooth comes back to a fraction of that.
  EXPECT_LT(sum / double(count), 0.006);
  EXPECT_GT(count, 3000);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Pictures,
                         testing::Values(std::pair{3, 8}, std::pair{3, 16}, std::pair{4, 8},
                                         std::pair{4, 16}, std::pair{1, 8}, std::pair{2, 16}));

TEST(FacePaste, AMaskRestrictsTheEdit) {
  const Image photo = waves(3, 8);
  const Image before = even(64, 100), after = even(64, 160);
  Image mask;
  mask.width = mask.height = 40;
  mask.channels = 1;
  for (int y = 0; y < 40; ++y) mask.u8.insert(mask.u8.end(), 40, y < 20 ? 0 : 255);
  FacePasteOptions options;
  options.before = &before;
  options.mask = &mask;
  const Image result = paste_face(photo, kTurned, after, options);
  int64_t changed = 0;
  for (int y = 0; y < photo.height; ++y) {
    for (int x = 0; x < photo.width; ++x) {
      const size_t at = size_t(3 * (y * photo.width + x));
      const double down = kTurned.to_crop({double(x), double(y)}).y;
      // A row of the mask is 1/40 high, and looked at linearly.
      if (down < 0.5 - 1.0 / 80) {
        ASSERT_EQ(result.u8[at], photo.u8[at]);
      } else if (down > 0.5 + 1.0 / 80 && inside(kTurned, x, y) > 0.1) {
        ASSERT_EQ(result.u8[at], std::min(photo.u8[at] + 60, 255));
        ++changed;
      }
    }
  }
  EXPECT_GT(changed, 1000);
}

/// An even square with a bright patch from `left` to `right`, in shares of its side, at half
/// height; soft at its edges, as nothing sharp survives resampling.
Image patched(int size, double left, double right) {
  Image picture = even(size, 110);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const double inside =
          std::min({x - left * size, right * size - x, y - 0.4 * size, 0.6 * size - y});
      const double level = 110 + 110 * std::clamp(inside / 6, 0.0, 1.0);
      for (size_t c = 0; c < 3; ++c) {
        picture.u8[size_t(3 * (y * size + x)) + c] = static_cast<uint8_t>(std::lround(level));
      }
    }
  }
  return picture;
}

TEST(FacePaste, WhatAnEditPaintsOverDoesNotShineThrough) {
  // The photograph is its own crop; its patch is larger than its reconstruction's, and the edit
  // takes the patch away.
  const int size = 256;
  const Image photo = patched(size, 0.40, 0.60), before = patched(size, 0.42, 0.58);
  const Image after = even(size, 110);
  const double middle = size / 2.0 - 0.5;
  const FaceCrop whole({middle, middle}, {size / 2.0, 0});
  FacePasteOptions options;
  options.before = &before;
  const Image result = paste_face(photo, whole, after, options);
  int worst = 0;
  for (int y = size * 3 / 10; y < size * 7 / 10; ++y) {
    for (int x = size * 3 / 10; x < size * 7 / 10; ++x) {
      worst = std::max(worst, std::abs(result.u8[size_t(3 * (y * size + x))] - 110));
    }
  }
  EXPECT_LE(worst, 12);  // of the 110 levels that the rest of the patch stands out by
  // Far from the edit every bit stays.
  for (int y = 0; y < size / 5; ++y) {
    for (int x = 0; x < 3 * size; ++x) {
      ASSERT_EQ(result.u8[size_t(3 * y * size + x)], photo.u8[size_t(3 * y * size + x)]);
    }
  }
}

TEST(FacePaste, MatchingTheSeamKeepsTheBorderAndTheMiddle) {
  // An even photograph and a crop that is 40 levels darker.
  Image photo = waves(3, 8);
  std::fill(photo.u8.begin(), photo.u8.end(), uint8_t{140});
  const Image darker = even(128, 100);
  FacePasteOptions options;
  options.mode = PasteMode::replace;
  const Image matched = paste_face(photo, kTurned, darker, options);
  options.match_seam = false;
  const Image plain = paste_face(photo, kTurned, darker, options);
  int border = 0, plain_border = 0;
  for_pixels(photo, kTurned, [&](size_t at, double depth) {
    if (depth < 0.09) border = std::max(border, std::abs(matched.u8[at] - 140));
    if (depth < 0.09) plain_border = std::max(plain_border, std::abs(plain.u8[at] - 140));
    if (depth > 0.48) {
      EXPECT_NEAR(matched.u8[at], 100, 4);
      EXPECT_EQ(plain.u8[at], 100);
    }
  });
  EXPECT_LE(border, 1);
  EXPECT_GT(plain_border, 30);
}

TEST(FacePaste, WrongCropsAreRefused) {
  const Image photo = waves(3, 8);
  Image flat = even(16, 1);
  flat.height = 8;
  flat.u8.resize(16 * 8 * 3);
  EXPECT_THROW(paste_face(photo, kTurned, flat), Error);
  EXPECT_THROW(paste_face(photo, kTurned, even(4, 1)), Error);
  for (const double feather : {0.0, -1.0, 0.6, std::nan("")}) {
    FacePasteOptions options;
    options.feather = feather;
    EXPECT_THROW(paste_face(photo, kTurned, even(16, 1), options), Error);
  }
}

}  // namespace
}  // namespace vane
