// SPDX-License-Identifier: Apache-2.0
// Oracle: what a reader of the request would point at.
#include "editing/language/request_words.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vane {
namespace {

TEST(RequestWords, LeaveTheThing) {
  EXPECT_EQ(thing_asked_for("where is the red mug?"), "the red mug");
  EXPECT_EQ(thing_asked_for("Can you find a Teapot for me, please?"), "a Teapot");
  EXPECT_EQ(thing_asked_for("a photo of a chair in this scene"), "a chair");
  EXPECT_EQ(thing_asked_for("a red ball"), "a red ball");
}

TEST(RequestWords, AreWordsAndNotTheirBeginnings) {
  EXPECT_EQ(thing_asked_for("a showcase"), "a showcase");
  EXPECT_EQ(thing_asked_for("showman"), "showman");
  EXPECT_EQ(thing_asked_for("a sphere"), "a sphere");
}

TEST(RequestWords, StayWhereNothingElseIs) {
  EXPECT_EQ(thing_asked_for("here"), "here");
  EXPECT_EQ(thing_asked_for("..."), "...");
  EXPECT_EQ(thing_asked_for(""), "");
}

TEST(RequestWords, FramesHoldThePhrase) {
  const std::vector<std::string> frames = caption_frames("a red ball");
  EXPECT_EQ(frames.front(), "a red ball");
  for (const std::string& frame : frames) {
    EXPECT_NE(frame.find("a red ball"), std::string::npos);
  }
}

TEST(RequestWords, ColoursAreExchangedWithTheirArticle) {
  const std::vector<std::string> phrases = in_other_colours("a red ball");
  EXPECT_EQ(phrases.size(), 10u);
  EXPECT_EQ(std::count(phrases.begin(), phrases.end(), "an orange ball"), 1);
  EXPECT_EQ(std::count(phrases.begin(), phrases.end(), "a red ball"), 0);
  EXPECT_TRUE(in_other_colours("a ball that I have read about").empty());
  const std::vector<std::string> oranges = in_other_colours("an Orange vase");
  EXPECT_EQ(std::count(oranges.begin(), oranges.end(), "a blue vase"), 1);
}

}  // namespace
}  // namespace vane
