// SPDX-License-Identifier: Apache-2.0
// Oracles: scalar loops over dlib's description of a unit; what a turned or moved picture must
// give; central differences in float64. tests/services/identity_parity_test.cpp compares with dlib.
#include "editing/inversion/identity_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "editing/inversion/face_chips.h"
#include "editing/inversion/identity_loss.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "tests/support/gradient_check.h"
#include "tests/support/random_recogniser.h"

namespace vane {
namespace {

Tensor random_double(at::IntArrayRef sizes, Rng& rng) {
  Tensor tensor = at::empty(sizes, at::kDouble);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    tensor.data_ptr<double>()[i] = double(rng.uniform(-1, 1));
  }
  return tensor;
}

IdentityUnit random_unit(int64_t inputs, int64_t outputs, bool halved, Rng& rng) {
  return {{random_double({outputs, inputs, 3, 3}, rng), random_double({outputs}, rng)},
          {random_double({outputs, outputs, 3, 3}, rng), random_double({outputs}, rng)},
          halved};
}

/// An element of x [C,H,W]; zero outside.
double at_place(const Tensor& x, int64_t c, int64_t y, int64_t z) {
  if (c >= x.size(0) || y < 0 || z < 0 || y >= x.size(1) || z >= x.size(2)) return 0;
  return x[c][y][z].item<double>();
}

double convolved(const IdentityConvolution& layer, const Tensor& x, int64_t o, int64_t top,
                 int64_t left) {
  double sum = layer.bias[o].item<double>();
  for (int64_t c = 0; c < x.size(0); ++c) {
    for (int64_t i = 0; i < 3; ++i) {
      for (int64_t j = 0; j < 3; ++j) {
        sum += layer.weight[o][c][i][j].item<double>() * at_place(x, c, top + i, left + j);
      }
    }
  }
  return sum;
}

/// dlib's residual unit, element by element.
Tensor unit_by_loops(const IdentityUnit& unit, const Tensor& x) {
  const int64_t height = x.size(1), width = x.size(2), channels = unit.first.bias.size(0);
  const int64_t h = unit.halved ? (height - 3) / 2 + 1 : height;
  const int64_t w = unit.halved ? (width - 3) / 2 + 1 : width;
  const Tensor middle = at::empty({channels, h, w}, at::kDouble);
  const Tensor changed = at::empty({channels, h, w}, at::kDouble);
  for (int64_t o = 0; o < channels; ++o) {
    for (int64_t y = 0; y < h; ++y) {
      for (int64_t z = 0; z < w; ++z) {
        const double v = unit.halved ? convolved(unit.first, x, o, 2 * y, 2 * z)
                                     : convolved(unit.first, x, o, y - 1, z - 1);
        middle[o][y][z] = std::max(v, 0.0);
      }
    }
  }
  for (int64_t o = 0; o < channels; ++o) {
    for (int64_t y = 0; y < h; ++y) {
      for (int64_t z = 0; z < w; ++z) {
        changed[o][y][z] = convolved(unit.second, middle, o, y - 1, z - 1);
      }
    }
  }
  const int64_t all_channels = std::max(channels, x.size(0));
  const int64_t all_h = unit.halved ? std::max(h, height / 2) : h;
  const int64_t all_w = unit.halved ? std::max(w, width / 2) : w;
  const Tensor sum = at::empty({all_channels, all_h, all_w}, at::kDouble);
  for (int64_t o = 0; o < all_channels; ++o) {
    for (int64_t y = 0; y < all_h; ++y) {
      for (int64_t z = 0; z < all_w; ++z) {
        double skipped = at_place(x, o, y, z);
        if (unit.halved) {
          skipped = 0;
          if (2 * y + 1 < height && 2 * z + 1 < width) {
            for (int64_t k = 0; k < 4; ++k) {
              skipped += at_place(x, o, 2 * y + k / 2, 2 * z + k % 2) / 4;
            }
          }
        }
        sum[o][y][z] = std::max(at_place(changed, o, y, z) + skipped, 0.0);
      }
    }
  }
  return sum;
}

TEST(IdentityNetwork, UnitsAreDlibsWhereSizesDiffer) {
  Rng rng(5);
  // Of 8 samples the convolution leaves 3 and the average 4, of 9 both leave 4.
  for (const auto& [inputs, outputs, halved] :
       {std::tuple{2, 3, true}, std::tuple{3, 3, true}, std::tuple{3, 3, false}}) {
    const IdentityUnit unit = random_unit(inputs, outputs, halved, rng);
    const Tensor x = random_double({1, inputs, 8, 9}, rng);
    const Tensor got = identity_unit(unit, x), expected = unit_by_loops(unit, x[0]);
    ASSERT_EQ(got[0].sizes(), expected.sizes());
    EXPECT_EQ(got.size(2), halved ? 4 : 8);
    EXPECT_LT((got[0] - expected).abs().max().item<double>(), 1e-12);
    EXPECT_GT(expected.max().item<double>(), 1);
  }
}

TEST(IdentityNetwork, UnitsHaveTheGradientOfTheirLoops) {
  Rng rng(6);
  const IdentityUnit unit = random_unit(2, 3, true, rng);
  const Tensor weights = random_double({3, 4, 4}, rng);
  const auto value = [&](const Tensor& x) { return (identity_unit(unit, x)[0] * weights).sum(); };
  EXPECT_LT(testing::gradient_error(value, random_double({1, 2, 8, 8}, rng), 1e-6), 1e-7);
}

IdentityNetwork in_double(IdentityNetwork network) {
  const auto convert = [](IdentityConvolution& layer) {
    layer.weight = layer.weight.to(at::kDouble);
    layer.bias = layer.bias.to(at::kDouble);
  };
  network.mean = network.mean.to(at::kDouble);
  network.linear = network.linear.to(at::kDouble);
  convert(network.stem);
  for (IdentityUnit& unit : network.units) convert(unit.first), convert(unit.second);
  return network;
}

TEST(IdentityNetwork, AffineLayersAndTheMeanArePutWhereDlibHasThem) {
  // A picture of the mean colour leaves the stem with relu(biases * gamma + beta) everywhere, which
  // one unit after the other must turn into the embedding; the first units' share is by loops.
  const auto arrays = testing::random_recogniser();
  const IdentityNetwork network = in_double(make_identity_network(arrays));
  const Tensor chips = (network.mean / 255).expand({1, 3, 150, 150});
  Tensor x = at::empty({32, 35, 35}, at::kDouble);
  for (int64_t c = 0; c < 32; ++c) {
    const auto i = size_t(c);
    x[c].fill_(std::max(0.0, double(arrays[2].values[i]) * double(arrays[3].values[i]) +
                                 double(arrays[4].values[i])));
  }
  x = x.unsqueeze(0);
  for (const IdentityUnit& unit : network.units) x = identity_unit(unit, x);
  ASSERT_EQ(x.sizes(), (at::IntArrayRef{1, 256, 2, 2}));
  const RecognitionArray& fc = arrays.back();
  const Tensor got = identity_embedding(network, chips);
  ASSERT_EQ(got.sizes(), (at::IntArrayRef{1, 128}));
  for (int64_t o : {0, 77, 127}) {
    double sum = 0;
    for (int64_t c = 0; c < 256; ++c) {
      sum += double(fc.values[size_t(128 * c + o)]) * x[0][c].mean().item<double>();
    }
    EXPECT_NEAR(got[0][o].item<double>(), sum, 1e-6 * (1 + std::abs(sum)));
  }
}

TEST(IdentityNetwork, ArraysThatDoNotFitAreNamed) {
  const auto refused = [](const std::vector<RecognitionArray>& arrays, const char* name) {
    try {
      make_identity_network(arrays);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint);
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  };
  auto arrays = testing::random_recogniser();
  arrays.pop_back();
  refused(arrays, "fc.weights");
  arrays = testing::random_recogniser();
  std::swap(arrays[1].shape[2], arrays[1].shape[0]);
  refused(arrays, "con1.filters");
  arrays = testing::random_recogniser();
  arrays[8].values.pop_back();
  refused(arrays, "affine2.beta");
  EXPECT_THROW(identity_embedding(make_identity_network(testing::random_recogniser()),
                                  at::zeros({1, 3, 128, 128})),
               Error);
}

/// Landmarks of a face of `size` pixels from brows to mouth about (x, y) in pixels of a picture
/// (whole numbers are middles), turned; drawn by hand after a mean face.
Tensor face_at(double x, double y, double size, double turn, double width, double height) {
  const auto place = [](int64_t i) -> std::pair<double, double> {
    const auto n = static_cast<double>(i);
    if (i < 27) return {0.1 * std::cos(n), -0.9};  // not looked at
    if (i < 31) return {0, -0.25 + 0.1 * (n - 27)};
    if (i < 36) return {-0.12 + 0.06 * (n - 31), 0.15};
    if (i < 48) return {(i < 42 ? -0.265 : 0.265) + 0.05 * std::cos(n), -0.235};
    if (i < 60) return {-0.24 + 0.08 * (n - 48), 0.31};
    return {-0.2 + 0.1 * (n - 60), 0.33};
  };
  const Tensor points = at::empty({1, 68, 2}, at::kDouble);
  for (int64_t i = 0; i < 68; ++i) {
    const auto [u, v] = place(i);
    points[0][i][0] = (x + size * (u * std::cos(turn) - v * std::sin(turn)) + 0.5) / width;
    points[0][i][1] = (y + size * (u * std::sin(turn) + v * std::cos(turn)) + 0.5) / height;
  }
  return points;
}

TEST(FaceChips, ATurnedPictureGivesTheSameChip) {
  Rng rng(8);
  const int64_t height = 60, width = 90;
  const Tensor picture = random_double({1, 3, height, width}, rng);
  const Tensor points = face_at(40, 30, 30, 0.7, double(width), double(height));
  const Tensor chip = face_chips(picture, points);
  ASSERT_EQ(chip.sizes(), (at::IntArrayRef{1, 3, 150, 150}));
  // A quarter turn clockwise: (x, y) goes to (1 - y, x).
  const Tensor turned = at::rot90(picture, -1, {2, 3});
  const Tensor moved = at::stack({1 - points.select(2, 1), points.select(2, 0)}, 2);
  EXPECT_LT((face_chips(turned, moved) - chip).abs().max().item<double>(), 1e-9);
  EXPECT_GT(chip.std().item<double>(), 0.1);
}

TEST(FaceChips, APictureOfItsCoordinatesTellsWhereEachSampleIs) {
  // Samples that say their own x and y: the chip is the map of where it looked.
  constexpr double kTurn = 0.3;
  const auto map_of = [](double scale) {
    const auto side = static_cast<int64_t>(300 * scale);
    const Tensor place = 300 * (at::arange(side, at::kDouble) + 0.5) / double(side);
    const Tensor picture =
        at::stack({place.unsqueeze(0).expand({side, side}), place.unsqueeze(1).expand({side, side}),
                   at::ones({side, side}, at::kDouble)})
            .unsqueeze(0);
    return face_chips(picture, face_at(150 * scale - 0.5, 150 * scale - 0.5, 110 * scale, kTurn,
                                       double(side), double(side)))[0];
  };
  const Tensor once = map_of(1);
  EXPECT_NEAR(once[2].min().item<double>(), 1, 1e-9);  // nothing of it lies outside
  // The face from brows to mouth is two thirds of the chip, 100 samples, upright, and the middle
  // of its landmarks a little above the chip's.
  const double step = 110.0 / 100;
  for (const auto& [axis, expected] : {std::pair{0, std::cos(kTurn)}, {1, std::sin(kTurn)}}) {
    const Tensor row = once[axis][75];
    EXPECT_NEAR((row[149] - row[0]).item<double>() / 149, step * expected, 0.05 * step);
  }
  EXPECT_NEAR(once[0].mean().item<double>(), 150 + step * (std::cos(kTurn) - 5 * std::sin(kTurn)),
              2);
  EXPECT_NEAR(once[1].mean().item<double>(), 150 + step * (std::sin(kTurn) + 5 * std::cos(kTurn)),
              2);
  // Pictures that are reduced first, or enlarged, are looked at in the same place, but for half a
  // sample of the chip and a quarter of one a reduction, which are dlib's.
  EXPECT_LT((map_of(0.25) - once).abs().max().item<double>(), 2.5);
  EXPECT_LT((map_of(3) - once).abs().max().item<double>(), 1.5);
  EXPECT_LT((map_of(6) - once).abs().max().item<double>(), 2);
}

TEST(FaceChips, ABatchIsItsPicturesOneByOne) {
  Rng rng(9);
  const Tensor pictures = random_double({3, 3, 400, 400}, rng);
  const Tensor points =
      at::cat({face_at(200, 200, 60, 0.2, 400, 400), face_at(180, 210, 450, 2.0, 400, 400),
               face_at(220, 190, 230, -1.0, 400, 400)});
  const Tensor together = face_chips(pictures, points);
  for (int64_t i = 0; i < 3; ++i) {
    const Tensor alone = face_chips(pictures.narrow(0, i, 1), points.narrow(0, i, 1));
    EXPECT_LT((together[i] - alone[0]).abs().max().item<double>(), 1e-12) << i;
  }
  EXPECT_THROW(face_chips(pictures, points.narrow(0, 0, 2)), Error);
  EXPECT_THROW(face_chips(pictures.narrow(0, 0, 1), at::full({1, 68, 2}, 0.5)), Error);
  EXPECT_THROW(face_chips(pictures.narrow(0, 0, 1), at::full({1, 68, 2}, NAN)), Error);
}

TEST(IdentityLoss, ThePersonInThePictureIsWantedAndTheGradientIsTrue) {
  Rng rng(10);
  const IdentityNetwork network = in_double(make_identity_network(testing::random_recogniser()));
  // Large enough that one picture is halved first.
  const Tensor pictures = random_double({2, 3, 340, 340}, rng) * 0.5 + 0.5;
  const Tensor points =
      at::cat({face_at(170, 170, 230, 0.2, 340, 340), face_at(160, 175, 90, 0.4, 340, 340)});
  const Tensor targets = identity_targets(network, pictures, points);
  EXPECT_FALSE(targets.requires_grad());
  EXPECT_EQ(identity_loss(network, pictures, points, targets).abs().max().item<double>(), 0);
  const Tensor other = identity_loss(network, pictures, points, targets.flip(0));
  EXPECT_NEAR(other[0].item<double>(), (targets[0] - targets[1]).square().sum().item<double>(),
              1e-12);
  // Along a few directions; their number, not the picture's, sets the time.
  const Tensor ways = random_double({4, 2, 3, 340, 340}, rng);
  const auto value = [&](const Tensor& t) {
    const Tensor moved = pictures + at::tensordot(t, ways, {0}, {0});
    return identity_loss(network, moved, points, targets.flip(0)).sum();
  };
  EXPECT_LT(testing::gradient_error(value, random_double({4}, rng) * 0.05, 1e-7), 1e-5);
}

}  // namespace
}  // namespace vane
