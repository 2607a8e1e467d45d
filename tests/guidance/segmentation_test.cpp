// SPDX-License-Identifier: Apache-2.0
// Oracles: windows counted by hand, one window against the plain pass, and laws of the maps.
#include "guidance/segmentation.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/tensor/guided_filter.h"
#include "guidance/dense_clip.h"
#include "tests/support/linear_clip.h"
#include "tests/support/named_clip.h"

namespace vane {
namespace {

using testing::small_clip;
using testing::uniform_tensor;

using Starts = std::vector<int64_t>;

TEST(WindowStarts, EndAtTheBorder) {
  EXPECT_EQ(window_starts(10, 4, 2), (Starts{0, 2, 4, 6}));
  EXPECT_EQ(window_starts(11, 4, 3), (Starts{0, 3, 6, 7}));
  EXPECT_EQ(window_starts(4, 4, 2), (Starts{0}));
  EXPECT_EQ(window_starts(5, 4, 4), (Starts{0, 1}));
}

SegmentationConfig config_of(int64_t side, int64_t window, int64_t stride,
                             const char* variant = "naclip") {
  SegmentationConfig config;
  config.variant = variant;
  config.short_side = side;
  config.window = window;
  config.stride = stride;
  return config;
}

// Oracle 1: a single window is the dense pass itself, interpolated.
TEST(DenseSimilarity, OfOneWindowIsThePlainPass) {
  const at::NoGradGuard no_grad;
  const auto clip = small_clip();
  QuietJob job;
  const Tensor image = uniform_tensor({1, 3, 32, 32}, 1);
  const Tensor queries = unit(named_values("queries", {2, 16}));
  const Tensor maps = dense_similarity(*clip, image, queries, config_of(32, 32, 32), job);
  const Tensor features =
      dense_features(*clip, normalised_input(image, clip->info().preprocess), DenseVariant::naclip);
  const Tensor expected = at::upsample_bilinear2d(
      at::matmul(features, queries.t()).permute({0, 3, 1, 2}).contiguous(), {32, 32}, false)[0];
  EXPECT_LT((maps - expected).abs().max().item<double>(), 1e-5);
}

// Oracle 1: where two windows overlap the result is the mean of both, elsewhere one of them.
TEST(DenseSimilarity, AveragesWindowsWhereTheyOverlap) {
  const at::NoGradGuard no_grad;
  const auto clip = small_clip();
  QuietJob job;
  const Tensor image = uniform_tensor({1, 3, 32, 48}, 2);
  const Tensor queries = unit(named_values("queries", {2, 16}));
  const SegmentationConfig config = config_of(32, 32, 16);
  const auto part = [&](int64_t left) {
    return dense_similarity(*clip, image.slice(3, left, left + 32), queries, config, job);
  };
  const Tensor maps = dense_similarity(*clip, image, queries, config, job);
  const Tensor first = part(0), second = part(16);
  const auto error = [](const Tensor& a, const Tensor& b) {
    return (a - b).abs().max().item<double>();
  };
  EXPECT_LT(error(maps.slice(2, 0, 16), first.slice(2, 0, 16)), 1e-5);
  EXPECT_LT(error(maps.slice(2, 32, 48), second.slice(2, 16, 32)), 1e-5);
  EXPECT_LT(error(maps.slice(2, 16, 32), (first.slice(2, 16, 32) + second.slice(2, 0, 16)) / 2),
            1e-5);
}

TEST(Segmentation, GivesEveryPixelToOneText) {
  const auto clip = small_clip();
  QuietJob job;
  SegmentationConfig config;
  config.refine = false;
  const Segmentation found = segment_image(*clip, uniform_tensor({1, 3, 40, 70}, 3),
                                           {"sky", "old house", "grass"}, {}, config, job);
  ASSERT_EQ(found.masks.size(), 3u);
  EXPECT_FALSE(found.background);
  EXPECT_EQ(found.used.variant, "naclip");
  Tensor soft = at::zeros({40, 70}), hard = at::zeros({40, 70});
  for (const TextMask& mask : found.masks) {
    soft += mask.soft;
    hard += mask.hard;
    EXPECT_GT(mask.relevancy, 0);
    EXPECT_LT(mask.relevancy, 1);
    EXPECT_LT(mask.x, 70);
    EXPECT_LT(mask.y, 40);
  }
  EXPECT_LT((soft - 1).abs().max().item<double>(), 1e-5);
  EXPECT_TRUE(at::equal(hard, at::ones({40, 70})));
}

TEST(Segmentation, ASynonymOfTheBackgroundTakesNothingFromIt) {
  const auto clip = small_clip();
  QuietJob job;
  const Tensor image = uniform_tensor({1, 3, 32, 32}, 4);
  const auto soft = [&](const std::string& text, const std::vector<std::string>& negatives) {
    return segment_image(*clip, image, {text}, negatives, {}, job).masks[0].soft;
  };
  // The strongest member of a class counts, so more synonyms never make it weaker.
  const Tensor one = soft("sky", {"house"}), two = soft("sky; grass", {"house"});
  EXPECT_GT((two - one).min().item<double>(), -0.02);
  EXPECT_GT((two - one).max().item<double>(), 0);
  // Against itself, a text is as likely as not, everywhere.
  EXPECT_LT((soft("sky", {"sky"}) - 0.5).abs().max().item<double>(), 1e-4);
}

TEST(Segmentation, WindowsAreAsLikelyAsNotToShowTheirOwnBackground) {
  const auto clip = small_clip();
  QuietJob job;
  SegmentationConfig config;
  config.variant = "windows";
  const Tensor image = uniform_tensor({1, 3, 48, 32}, 6);
  const auto soft = [&](const std::vector<std::string>& negatives) {
    return segment_image(*clip, image, {"sky"}, negatives, config, job).masks[0].soft;
  };
  EXPECT_LT((soft({"sky"}) - 0.5).abs().max().item<double>(), 1e-4);
  EXPECT_GT(soft({"house"}).max().item<double>(), 0.6);
  EXPECT_GT(soft({}).max().item<double>(), 0.6);
}

TEST(Segmentation, RefusesWhatItCannotTellApart) {
  const auto clip = small_clip();
  QuietJob job;
  const Tensor image = uniform_tensor({1, 3, 32, 32}, 5);
  const auto code = [&](const std::vector<std::string>& texts) {
    try {
      segment_image(*clip, image, texts, {}, {}, job);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code({"sky", "sky"}), ErrorCode::usage);
  EXPECT_EQ(code({"..."}), ErrorCode::usage);
  EXPECT_EQ(code({"sky; "}), ErrorCode::usage);
  EXPECT_EQ(code({}), ErrorCode::usage);
}

// Oracle 3 (He et al. 2013): constants stay, and a step follows the step of the guide.
TEST(GuidedFilter, KeepsConstantsAndFollowsEdges) {
  const Tensor guide = at::zeros({1, 1, 64, 64});
  guide.slice(3, 30).fill_(1);
  const Tensor flat = guided_filter(at::full({1, 1, 16, 16}, 0.3), guide, 2, 1e-3);
  EXPECT_LT((flat - 0.3).abs().max().item<double>(), 1e-5);
  Tensor coarse = at::zeros({1, 1, 16, 16});
  coarse.slice(3, 8).fill_(1);
  const Tensor sharp = guided_filter(coarse, guide, 2, 1e-3)[0][0][32];
  const Tensor smooth = at::upsample_bilinear2d(coarse, {64, 64}, false)[0][0][32];
  EXPECT_GT((sharp[30] - sharp[29]).item<double>(), 0.5);
  EXPECT_LT((smooth[30] - smooth[29]).item<double>(), 0.3);
}

}  // namespace
}  // namespace vane
