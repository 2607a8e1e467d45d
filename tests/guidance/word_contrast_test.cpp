// SPDX-License-Identifier: Apache-2.0
// Oracles: spans by hand, and the definition of the score with cosines computed one by one.
#include "guidance/word_contrast.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/linear_clip.h"

namespace vane {
namespace {

using Words = std::vector<std::string>;

std::vector<VocabularyWord> vocabulary() {
  return {{"frog", "a photo of a frog"},
          {"owl", "a photo of an owl"},
          {"fire engine", "a photo of a fire engine"},
          {"engine", "a photo of an engine"},
          {"graffiti", "a photo of graffiti"},
          {"dark", "a dark photo"},
          {"icy", "an icy photo"},
          {"warm, hazy", "a warm, hazy photo"},
          {"bright", "a bright photo"}};
}

TEST(WordContrast, RivalsAreWordsOfTheSameKind) {
  const auto spans = word_spans({"A", "dark", "photo", "of", "a", "fire", "engine."}, vocabulary());
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].first, 1u);
  EXPECT_EQ(spans[0].end, 2u);
  EXPECT_EQ(spans[0].rivals,
            (Words{"A icy photo of a fire engine.", "A warm, hazy photo of a fire engine.",
                   "A bright photo of a fire engine."}));
  // The longer phrase wins over the word in it; articles follow the rival.
  EXPECT_EQ(spans[1].first, 5u);
  EXPECT_EQ(spans[1].end, 7u);
  EXPECT_EQ(spans[1].rivals, (Words{"A dark photo of a frog", "A dark photo of an owl",
                                    "A dark photo of an engine", "A dark photo of a graffiti"}));
  EXPECT_TRUE(word_spans({"a", "photo", "of", "nothing"}, vocabulary()).empty());
}

TEST(WordContrast, ScoresInStandardDeviationsOfTheRivals) {
  const testing::LinearClip clip;
  QuietJob job;
  const Tensor image = testing::normal_tensor({1, 12}, 5);
  const std::string caption = "a dark photo of an owl";
  const WordAttribution found = contrast_words(clip, image, caption, vocabulary(), {}, job);
  ASSERT_EQ(found.words.size(), 6u);
  const auto cosine = [&](const std::string& text) {
    return at::dot(unit(clip.text_embedding({text}))[0], unit(image)[0]).item<double>();
  };
  EXPECT_NEAR(found.similarity, cosine(caption), 1e-6);
  double mean = 0, square = 0;
  const Words rivals{"a dark photo of a frog", "a dark photo of a fire engine",
                     "a dark photo of an engine", "a dark photo of a graffiti"};
  for (const std::string& rival : rivals) mean += cosine(rival) / 4;
  for (const std::string& rival : rivals) square += std::pow(cosine(rival) - mean, 2) / 4;
  EXPECT_NEAR(found.words[5].score, (cosine(caption) - mean) / std::sqrt(square), 1e-4);
  EXPECT_EQ(found.words[5].misaligned, found.words[5].score < 0);
  EXPECT_TRUE(std::isnan(found.words[0].score));  // no word of the vocabulary
  EXPECT_TRUE(std::isfinite(found.words[1].score));
  EXPECT_THROW(contrast_words(clip, image, "no known word", vocabulary(), {}, job), Error);
  EXPECT_THROW(contrast_words(clip, image, "?!", vocabulary(), {}, job), Error);
}

}  // namespace
}  // namespace vane
