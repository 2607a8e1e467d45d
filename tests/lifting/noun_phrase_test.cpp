// SPDX-License-Identifier: Apache-2.0
// Oracle: what a reader of the sentence would point at.
#include "editing/language/noun_phrase.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "editing/language/language_evaluation.h"

namespace vane {
namespace {

TEST(NounPhrase, IsWhatIsAskedFor) {
  EXPECT_EQ(asked_noun_phrase("where is the red mug?"), "the red mug");
  EXPECT_EQ(asked_noun_phrase("Can you find a Teapot for me, please?"), "a Teapot");
  EXPECT_EQ(asked_noun_phrase("find red mug"), "red mug");
  EXPECT_EQ(asked_noun_phrase("Which one is the green book"), "the green book");
  EXPECT_EQ(asked_noun_phrase("has anyone seen my keys lately"), "my keys");
  EXPECT_EQ(asked_noun_phrase("take me to the mushroom"), "the mushroom");
}

TEST(NounPhrase, IsWhatIsSpokenOf) {
  EXPECT_EQ(asked_noun_phrase("somebody has left a red lamp lying around"), "a red lamp");
  EXPECT_EQ(asked_noun_phrase("My friend put the red lamp there."), "the red lamp");
  EXPECT_EQ(asked_noun_phrase("there ought to be a striped ball"), "a striped ball");
  EXPECT_EQ(asked_noun_phrase("on the table stands a blue vase"), "a blue vase");
  EXPECT_EQ(asked_noun_phrase("The chair is broken"), "The chair");
}

TEST(NounPhrase, IsWholeWhenItIsAlone) {
  for (const char* phrase : {"a red ball", "mug", "red mug", "a showcase", "showman", "a building",
                             "a red painting", "a cup of tea", "a mug with white dots",
                             "a person in blue clothes", "a waving person", "spot"}) {
    EXPECT_EQ(asked_noun_phrase(phrase), phrase);
  }
}

TEST(NounPhrase, IsNotThePictureItself) {
  EXPECT_EQ(asked_noun_phrase("a photo of a chair in this scene"), "a chair");
  EXPECT_EQ(asked_noun_phrase("picture of red balls"), "red balls");
  EXPECT_EQ(asked_noun_phrase("a toy scene with a red ball and a cone"), "a red ball and a cone");
}

TEST(NounPhrase, IsFoundInMostSentencesOfSomebodyElse) {
  std::vector<std::string> missed;
  for (const std::string& sentence : unseen_wording()) {
    for (const std::string phrase :
         {"a red lamp", "a person in blue clothes", "an orange mushroom"}) {
      std::string text = sentence;
      text.replace(text.find("{}"), 2, phrase);
      if (asked_noun_phrase(text) != phrase) missed.push_back(text);
    }
  }
  EXPECT_LE(missed.size(), 12u) << testing::PrintToString(missed);
}

TEST(NounPhrase, StaysWhereNothingElseIs) {
  EXPECT_EQ(asked_noun_phrase("here"), "here");
  EXPECT_EQ(asked_noun_phrase("..."), "...");
  EXPECT_EQ(asked_noun_phrase(""), "");
  EXPECT_EQ(asked_noun_phrase("the"), "the");
}

}  // namespace
}  // namespace vane
