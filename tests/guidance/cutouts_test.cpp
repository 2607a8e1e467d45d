// SPDX-License-Identifier: Apache-2.0
#include "guidance/cutouts.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/gradient_check.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::LinearClip;
using testing::uniform_tensor;

CutoutConfig config_of(int64_t count) {
  CutoutConfig config;
  config.count = count;
  return config;
}

// Oracle 3 (law): every crop lies inside, sides span [S_min, S_max].
TEST(Cutouts, LieInsideThePictureAndSpanTheSizes) {
  const auto cutouts = random_cutouts(40, 60, 10, config_of(2000), Rng(3));
  int64_t smallest = 1000, largest = 0;
  for (const CropWindow& cutout : cutouts) {
    EXPECT_GE(cutout.top, 0);
    EXPECT_GE(cutout.left, 0);
    EXPECT_LE(cutout.top + cutout.side, 40);
    EXPECT_LE(cutout.left + cutout.side, 60);
    smallest = std::min(smallest, cutout.side);
    largest = std::max(largest, cutout.side);
  }
  EXPECT_EQ(smallest, 10);
  EXPECT_GE(largest, 38);
}

// Oracle 1: E[u^p] = 1/(p+1); with side = 10 + 30 u^p the mean side follows.
TEST(Cutouts, SizesFollowThePowerLaw) {
  for (const float power : {0.5f, 1.f, 3.f}) {
    CutoutConfig config = config_of(20000);
    config.power = power;
    double sum = 0;
    for (const CropWindow& cutout : random_cutouts(40, 40, 10, config, Rng(5))) {
      sum += static_cast<double>(cutout.side);
    }
    // int() takes half a pixel off on average; standard error 0.06.
    EXPECT_NEAR(sum / 20000, 10 + 30 / (static_cast<double>(power) + 1) - 0.5, 0.4) << power;
  }
}

TEST(Cutouts, PictureSmallerThanTheInputIsTakenWhole) {
  for (const CropWindow& cutout : random_cutouts(6, 6, 32, config_of(5), Rng(1))) {
    EXPECT_EQ(cutout.side, 6);
  }
}

// Oracle 3 (law): crop k depends on the seed and k only.
TEST(Cutouts, RepeatUnderTheSeedWhateverTheCount) {
  const auto few = random_cutouts(50, 70, 8, config_of(3), Rng(9)),
             many = random_cutouts(50, 70, 8, config_of(9), Rng(9)),
             others = random_cutouts(50, 70, 8, config_of(9), Rng(10));
  bool differs = false;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(few[i].top, many[i].top);
    EXPECT_EQ(few[i].left, many[i].left);
    EXPECT_EQ(few[i].side, many[i].side);
    EXPECT_EQ(few[i].flip, many[i].flip);
    differs |= many[i].left != others[i].left;
  }
  EXPECT_TRUE(differs);
}

TEST(Cutouts, ViewsAreTheSameBytesForOneAndTwoThreads) {
  CutoutConfig config = config_of(4);
  config.noise = 0.1f;
  config.jitter = 0.2f;
  const Tensor image = uniform_tensor({2, 3, 33, 41}, 1);
  const auto cutouts = random_cutouts(33, 41, 8, config, Rng(2));
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Tensor one = cut(image, cutouts, 8, Rng(2));
  at::set_num_threads(2);
  const Tensor two = cut(image, cutouts, 8, Rng(2));
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one, two));
  EXPECT_FALSE(at::equal(one, cut(image, cutouts, 8, Rng(3))));  // the noise has another stream
}

// Oracle 1: 2 x 2 means of a crop whose side is twice the input size, by hand.
TEST(Cutouts, ReduceByAveragingAndFlip) {
  const Tensor image = uniform_tensor({1, 3, 9, 9}, 4);
  CropWindow cutout;
  cutout.top = 1;
  cutout.left = 3;
  cutout.side = 4;
  const Tensor plain = cut(image, {cutout}, 2, Rng(0))[0];
  cutout.flip = true;
  const Tensor flipped = cut(image, {cutout}, 2, Rng(0))[0];
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t y = 0; y < 2; ++y) {
      for (int64_t x = 0; x < 2; ++x) {
        double sum = 0;
        for (int64_t dy = 0; dy < 2; ++dy) {
          for (int64_t dx = 0; dx < 2; ++dx) {
            sum += image[0][c][1 + 2 * y + dy][3 + 2 * x + dx].item<double>();
          }
        }
        EXPECT_NEAR(plain[0][c][y][x].item<double>(), sum / 4, 1e-6);
        EXPECT_NEAR(flipped[0][c][y][1 - x].item<double>(), sum / 4, 1e-6);
      }
    }
  }
}

TEST(Cutouts, CropBeyondTheBorderIsRefused) {
  CropWindow cutout;
  cutout.left = 5;
  cutout.side = 4;
  EXPECT_THROW(cut(uniform_tensor({1, 3, 8, 8}, 1), {cutout}, 2, Rng(0)), Error);
}

// Oracle 1: without crops the views are the encoder's own view; with, they come after it.
TEST(Cutouts, ViewEmbeddingsStartWithTheWholePicture) {
  const LinearClip clip;
  const Tensor image = uniform_tensor({2, 3, 20, 14}, 7);
  const Tensor views = view_embeddings(clip, image, config_of(3), Rng(1));
  ASSERT_EQ(views.sizes().vec(), (std::vector<int64_t>{4, 2, 12}));
  EXPECT_LT((views[0] - clip.image_embedding(image)).abs().max().item<double>(), 1e-5);
  const Tensor crops = cut(image, random_cutouts(20, 14, 6, config_of(3), Rng(1)), 6, Rng(1));
  EXPECT_LT((views[3] - clip.image_embedding(crops[2])).abs().max().item<double>(), 1e-5);
  CutoutConfig none = config_of(0);
  none.whole = false;
  EXPECT_THROW(view_embeddings(clip, image, none, Rng(1)), Error);
}

// Oracle 4: through resize, crop, flip, jitter and pooling, also for crops that are enlarged.
TEST(Cutouts, GradientMatchesCentralDifferences) {
  const auto clip = LinearClip(5, 2, 6).to_double();
  CutoutConfig config = config_of(4);
  config.smallest = 0.3f;
  config.jitter = 0.2f;
  config.noise = 0.1f;
  const Tensor weights = testing::normal_tensor({5, 1, 5}, 3).to(at::kDouble);
  const auto value = [&](const Tensor& image) {
    return (view_embeddings(*clip, image, config, Rng(4)) * weights).sum();
  };
  EXPECT_LT(testing::gradient_error(value, uniform_tensor({1, 3, 9, 11}, 5).to(at::kDouble)), 1e-6);
}

}  // namespace
}  // namespace vane
