// SPDX-License-Identifier: Apache-2.0
// Oracle: the transfer function of sRGB (IEC 61966-2-1) against a profile whose samples are linear.
#include "engine/image/srgb_view.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/image/linear_profile.h"
#include "tests/image/test_images.h"

namespace vane {
namespace {

using testing::linear_profile;
using testing::noise_image;

double encoded(double linear) {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

TEST(SrgbView, EncodesLinearSamplesOfEveryLayout) {
  for (const int channels : {1, 2, 3, 4}) {
    for (const int depth : {8, 16}) {
      SCOPED_TRACE(channels * 100 + depth);
      Image image = noise_image(40, 9, channels, depth, 3);
      image.metadata.icc = linear_profile(image.is_grey());
      const auto view = SrgbView::of(image);
      ASSERT_TRUE(view);
      std::vector<uint16_t> rgb(360 * 3);
      view->convert(depth == 8 ? static_cast<const void*>(image.u8.data()) : image.u16.data(), 360,
                    rgb.data());
      for (size_t i = 0; i < 360; ++i) {
        for (size_t c = 0; c < 3; ++c) {
          const size_t at = i * size_t(channels) + (image.is_grey() ? 0 : c);
          const double linear = depth == 8 ? image.u8[at] / 255.0 : image.u16[at] / 65535.0;
          ASSERT_NEAR(rgb[3 * i + c] / 65535.0, encoded(linear), 0.002) << linear;
        }
      }
    }
  }
}

TEST(SrgbView, ThumbnailsFollowTheProfile) {
  for (const int depth : {8, 16}) {
    Image image = noise_image(6, 4, 3, depth, 3);
    image.metadata.icc = linear_profile(false);
    const Image same = srgb_thumbnail(image, 100);
    ASSERT_EQ(same.u8.size(), 72u);
    for (size_t i = 0; i < 72; ++i) {
      const double linear = depth == 8 ? image.u8[i] / 255.0 : image.u16[i] / 65535.0;
      ASSERT_NEAR(same.u8[i], 255 * encoded(linear), 1.1);
    }
    image.metadata.icc.clear();
    const Image stored = srgb_thumbnail(image, 3);
    EXPECT_EQ(stored.width, 3);
    EXPECT_EQ(stored.height, 2);
    EXPECT_EQ(stored.depth, 8);
  }
}

TEST(SrgbView, IsAbsentWhereSamplesCountAsSrgb) {
  Image image = noise_image(4, 4, 3, 8, 3);
  EXPECT_FALSE(SrgbView::of(image));
  image.metadata.icc = linear_profile(true);  // of another colour model
  EXPECT_FALSE(SrgbView::of(image));
  image.metadata.icc = linear_profile(false);
  image.metadata.icc.resize(200);  // cut short
  EXPECT_FALSE(SrgbView::of(image));
}

}  // namespace
}  // namespace vane
