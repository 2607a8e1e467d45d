// SPDX-License-Identifier: Apache-2.0
// Oracle: identities of the sheet, section 4.
#include "generators/enhance/illumination.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/enhance/named_network.h"

namespace vane::testing {
namespace {

Tensor some_map() { return named_values("map", {1, 1, 9, 11}, 0.25, 0.6).clamp_min(0); }

double difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(Illumination, StrengthZeroIsTheIdentityBitForBit) {
  const Tensor image = test_picture(9, 11);
  const Tensor ones = map_of_strength(some_map(), 0);
  EXPECT_TRUE(at::equal(ones, at::ones_like(ones)));
  EXPECT_TRUE(at::equal(divide_by_map(image, ones), image));
}

TEST(Illumination, StrengthOneIsTheMapAboveItsFloor) {
  Tensor map = some_map();
  map.view(-1)[0] = 0;
  const Tensor full = map_of_strength(map, 1);
  EXPECT_TRUE(at::equal(full, map.clamp_min(1.0 / 256)));
  EXPECT_EQ(full.min().item<double>(), 1.0 / 256);
}

TEST(Illumination, StrengthsAddAsExponents) {
  const Tensor map = some_map();
  EXPECT_LT(
      difference(map_of_strength(map, 0.3) * map_of_strength(map, 0.9), map_of_strength(map, 1.2)),
      1e-6);
  EXPECT_LT(difference(map_of_strength(map, 2), map.clamp_min(1.0 / 256).square()), 1e-6);
}

TEST(Illumination, MaskScalesTheExponent) {
  const Tensor map = some_map();
  const Tensor mask = at::linspace(0, 1, 11).view({1, 1, 1, 11});
  const Tensor masked = map_of_strength(map, 1.5, mask);
  for (int64_t x = 0; x < 11; ++x) {
    const double s = 1.5 * mask.view(-1)[x].item<double>();
    EXPECT_LT(difference(masked.select(3, x), map_of_strength(map.select(3, x), s)), 1e-6) << x;
  }
  EXPECT_TRUE(at::equal(masked.select(3, 0), at::ones({1, 1, 9})));
}

TEST(Illumination, BrightensMoreWithStrengthWhereTheMapIsBelowOne) {
  const Tensor image = at::full({1, 3, 9, 11}, 0.001);
  Tensor last = at::zeros_like(image);
  for (const double s : {0.0, 0.25, 0.5, 1.0, 1.5}) {
    const Tensor y = divide_by_map(image, map_of_strength(some_map().clamp_max(0.9), s));
    EXPECT_TRUE(y.gt(last).all().item<bool>()) << s;
    last = y;
  }
}

TEST(Illumination, KeepsTheDirectionOfColoursWhereNothingClips) {
  const at::NoGradGuard no_grad;
  const Tensor image = test_picture(33, 41).clamp_min(0.01);
  const Tensor map = illumination_map(named_network(), image) * 0.4;  // so that some clip
  const Tensor y = divide_by_map(image, map_of_strength(map, 1));
  const Tensor x64 = image.to(at::kDouble), y64 = y.to(at::kDouble);
  const Tensor cosine = (x64 * y64).sum(1) / (x64.norm(2, 1) * y64.norm(2, 1));
  const Tensor degrees = at::rad2deg(at::acos(cosine.clamp_max(1)));
  const Tensor inside = y.amax(1).lt(1);
  EXPECT_GT(inside.sum().item<int64_t>(), 100);
  EXPECT_LT(at::masked_select(degrees, inside).max().item<double>(), 0.2);
  // Where channels clip, colours do turn.
  EXPECT_GT(degrees.max().item<double>(), 0.2);
}

TEST(Illumination, RefusesWhatIsNotFiniteAndStrengthsOutsideTheirRange) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const double strength : {0.0, 1.0}) {
      Tensor map = some_map();
      map.view(-1)[17] = bad;
      try {
        map_of_strength(map, strength);
        ADD_FAILURE() << "accepted " << bad;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::numeric);
      }
    }
  }
  for (const double strength : {-0.1, 2.1, std::nan("")}) {
    try {
      map_of_strength(some_map(), strength);
      ADD_FAILURE() << "accepted " << strength;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
    }
  }
}

}  // namespace
}  // namespace vane::testing
