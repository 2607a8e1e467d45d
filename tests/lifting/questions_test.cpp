// SPDX-License-Identifier: Apache-2.0
// Oracle: the formula (clip sheet, section 4.10) written out.
#include "editing/language/questions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "editing/language/field_search.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using testing::LinearClip;

Question question(const LinearClip& clip, const std::string& text) {
  return {text, clip.text_features({text})[0], {}};
}

TEST(Relevancy, IsTheSoftmaxAgainstTheStrongestRival) {
  const LinearClip clip;
  const QuestionSet set = make_questions(clip, {question(clip, "a mug")}, {"a cup"}, {}, 0.8);
  ASSERT_EQ(set.questions(), 1);
  ASSERT_EQ(set.rows.size(), 6u * 12);  // the question, four canonical phrases, one negative
  EXPECT_EQ(set.rival_texts.back(), "a cup");
  const std::vector<float> cosines = {0.3f, 0.1f, -0.2f, 0.05f, 0.15f, 0.25f};
  double expected = 1;
  for (size_t n = 1; n < cosines.size(); ++n) {
    const double q = std::exp(10.0 * 0.3), r = std::exp(10.0 * static_cast<double>(cosines[n]));
    expected = std::min(expected, q / (q + r));
  }
  EXPECT_NEAR(relevancy(set, 0, cosines.data(), 10), expected, 1e-6);
}

TEST(Relevancy, IsOneHalfWhereARivalIsAsNear) {
  const LinearClip clip;
  const QuestionSet set = make_questions(clip, {question(clip, "a mug")}, {}, {}, 0.8);
  const std::vector<float> cosines = {0.3f, 0.3f, 0, 0, 0};
  EXPECT_FLOAT_EQ(relevancy(set, 0, cosines.data(), 10), 0.5f);
}

TEST(Questions, WordsThatMeanTheSameDoNotCompete) {
  const LinearClip clip;
  Vocabulary vocabulary;
  vocabulary.words = {{"red ball", "a red ball"}, {"teapot", "a teapot"}, {"mug", "a mug"}};
  std::vector<Tensor> rows;
  for (const VocabularyWord& word : vocabulary.words) {
    rows.push_back(clip.text_features({word.text})[0]);
  }
  vocabulary.features = at::stack(rows);
  const QuestionSet set = make_questions(
      clip, {question(clip, "where is the Ball?"), question(clip, "a mug")}, {}, vocabulary, 0.99);
  const auto rivals_of = [&](size_t q) {
    std::vector<std::string> texts;
    for (const int row : set.rivals[q]) {
      texts.push_back(set.rival_texts[static_cast<size_t>(row - set.questions())]);
    }
    return texts;
  };
  const std::vector<std::string> of_ball = rivals_of(0), of_mug = rivals_of(1);
  EXPECT_EQ(std::count(of_ball.begin(), of_ball.end(), "red ball"), 0);
  EXPECT_EQ(std::count(of_ball.begin(), of_ball.end(), "mug"), 1);
  EXPECT_EQ(std::count(of_mug.begin(), of_mug.end(), "red ball"), 1);
  EXPECT_EQ(std::count(of_mug.begin(), of_mug.end(), "mug"), 0);
  EXPECT_EQ(std::count(of_mug.begin(), of_mug.end(), "texture"), 1);
}

TEST(Questions, PicturesCompeteWithTheirOwnRivalOnly) {
  const LinearClip clip;
  Question picture{"photo.png", testing::normal_tensor({12}, 3), testing::normal_tensor({12}, 4)};
  const QuestionSet set = make_questions(clip, {picture, question(clip, "a mug")}, {}, {}, 0.8);
  ASSERT_EQ(set.rivals[0].size(), 1u);
  const Tensor rival = unit(picture.rival);
  for (int64_t k = 0; k < 12; ++k) {
    EXPECT_FLOAT_EQ(set.rows[static_cast<size_t>(set.rivals[0][0] * 12 + k)],
                    rival[k].item<float>());
  }
  EXPECT_EQ(set.rivals[1].size(), 4u);
}

TEST(BoxMean, MirrorsTheBorderAsOpenCvDoes) {
  Rng rng(8);
  constexpr int kWidth = 11, kHeight = 7;
  std::vector<float> map;
  for (int i = 0; i < kWidth * kHeight; ++i) map.push_back(rng.uniform());
  const auto mirrored = [](int i, int count) {
    while (i < 0 || i >= count) i = i < 0 ? -i : 2 * (count - 1) - i;
    return i;
  };
  for (const int size : {1, 2, 5, 6}) {
    const std::vector<float> found = box_mean(map, kWidth, kHeight, size);
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        double sum = 0;
        for (int dy = 0; dy < size; ++dy) {
          for (int dx = 0; dx < size; ++dx) {
            const int row = mirrored(y + dy - size / 2, kHeight);
            const int column = mirrored(x + dx - size / 2, kWidth);
            sum += static_cast<double>(map[static_cast<size_t>(row * kWidth + column)]);
          }
        }
        EXPECT_NEAR(found[static_cast<size_t>(y * kWidth + x)], sum / (size * size), 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace vane
