// SPDX-License-Identifier: Apache-2.0
// Sets of unit features with a planted difference; what is planted has to be named, and nothing
// else.
#include "guidance/set_difference.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::normal_tensor;

constexpr int64_t kWidth = 24;

/// Words along the axes, named by their number.
Vocabulary axes() {
  Vocabulary vocabulary;
  for (int64_t i = 0; i < kWidth; ++i) {
    vocabulary.words.push_back(word_of("axis " + std::to_string(i)));
  }
  vocabulary.features = at::eye(kWidth, at::kFloat);
  return vocabulary;
}

/// Noise, and `shift` along one axis.
Tensor pictures(int64_t count, uint64_t seed, int64_t axis = 0, double shift = 0) {
  Tensor noise = normal_tensor({count, kWidth}, seed) * 0.3;
  noise.select(1, axis).add_(shift);
  noise.select(1, kWidth - 1).add_(1);
  return unit(noise);
}

TEST(SetDifference, NamesThePlantedWordOnEachSideAndNoOther) {
  const SetDifference found =
      set_difference(pictures(40, 1, 3, 1), pictures(40, 2, 7, 1), axes(), {}, {});
  EXPECT_EQ(found.significant(), 2);
  EXPECT_EQ(found.first.front().phrase, "axis 3");
  EXPECT_EQ(found.second.front().phrase, "axis 7");
  EXPECT_LT(found.first.front().auroc, 0.1);
  EXPECT_GT(found.second.front().auroc, 0.9);
  EXPECT_LT(found.second.front().adjusted_p, 1e-4);
  EXPECT_GE(found.second.front().adjusted_p, found.second.front().p);
  EXPECT_EQ(found.proposing_first, 20);
  EXPECT_EQ(found.testing_second, 20);
}

TEST(SetDifference, EqualSetsDifferInNothing) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Tensor same = pictures(11, seed, 3, 1);
    const SetDifference found =
        set_difference(same, same, axes(), {}, {}, {.level = 0.05, .seed = seed});
    EXPECT_EQ(found.significant(), 0);
    EXPECT_TRUE(found.first.empty() && found.second.empty());
    const SetDifference asked =
        set_difference(same, same, axes(), {"axis 3"}, axes().features[3].unsqueeze(0));
    ASSERT_EQ(asked.second.size(), 1u);
    EXPECT_EQ(asked.second.front().auroc, 0.5);
    EXPECT_EQ(asked.second.front().p, 1);
  }
}

// The law of Holm's level: sets of one kind are told apart in at most 5 % of draws (here 200; the
// bound is three standard deviations above).
TEST(SetDifference, SetsOfOneKindAreSeldomToldApart) {
  int false_findings = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    false_findings += set_difference(pictures(24, 2 * seed + 1), pictures(24, 2 * seed + 2), axes(),
                                     {}, {}, {.seed = seed})
                          .significant() > 0;
  }
  EXPECT_LE(false_findings, 19);
}

TEST(SetDifference, TestsGivenPhrasesToo) {
  const Tensor given = unit(at::eye(kWidth, at::kFloat)[7] + at::eye(kWidth, at::kFloat)[8]);
  const SetDifference found = set_difference(pictures(40, 1), pictures(40, 2, 7, 1), axes(),
                                             {"both"}, given.unsqueeze(0), {.count = 1});
  const auto both = std::find_if(found.second.begin(), found.second.end(),
                                 [](const auto& phrase) { return phrase.given; });
  ASSERT_NE(both, found.second.end());
  EXPECT_EQ(both->phrase, "both");
  EXPECT_TRUE(both->significant);
}

TEST(SetDifference, OneSeedGivesOneResultAndAnotherAnotherSplit) {
  const Tensor first = pictures(20, 1), second = pictures(20, 2, 7, 0.5);
  const auto auroc = [&](uint64_t seed) {
    return set_difference(first, second, axes(), {}, {}, {.seed = seed}).second.front().auroc;
  };
  EXPECT_EQ(auroc(4), auroc(4));
  bool differs = false;
  for (uint64_t seed = 0; seed < 8; ++seed) differs = differs || auroc(seed) != auroc(4);
  EXPECT_TRUE(differs);
}

TEST(SetDifference, SaysWhenTooFewPicturesCanBeSignificant) {
  const SetDifference found =
      set_difference(pictures(4, 1, 3, 2), pictures(4, 2, 7, 2), axes(), {}, {}, {.count = 2});
  // Two against two: 2 of 6 orders, times 4 words.
  EXPECT_EQ(found.reachable_p, 1);
  EXPECT_EQ(found.significant(), 0);
  EXPECT_THROW(set_difference(pictures(3, 1), pictures(9, 2), axes(), {}, {}), Error);
}

TEST(SetDifference, SignificantWordsMakeADirection) {
  const Vocabulary words = axes();
  const SetDifference found =
      set_difference(pictures(40, 1, 3, 1), pictures(40, 2, 7, 1), words, {}, {});
  const Direction direction = difference_direction(found, words, {}, "m");
  EXPECT_EQ(direction.kind, "difference");
  EXPECT_EQ(direction.origin.at("from"), "axis 3");
  EXPECT_EQ(direction.origin.at("to"), "axis 7");
  EXPECT_NEAR(direction.vector.norm().item<double>(), 1, 1e-6);
  EXPECT_GT(direction.vector[7].item<double>(), 0.6);
  EXPECT_LT(direction.vector[3].item<double>(), -0.6);
  const Tensor same = pictures(20, 1);
  EXPECT_THROW(difference_direction(set_difference(same, same, words, {}, {}), words, {}, "m"),
               Error);
}

}  // namespace
}  // namespace vane
