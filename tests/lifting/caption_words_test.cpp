// SPDX-License-Identifier: Apache-2.0
// Oracle: how a caption would be written.
#include "editing/language/caption_words.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vane {
namespace {

TEST(CaptionWords, FramesHoldThePhrase) {
  const std::vector<std::string> frames = caption_frames("a red ball");
  EXPECT_EQ(frames.front(), "a red ball");
  for (const std::string& frame : frames) {
    EXPECT_NE(frame.find("a red ball"), std::string::npos);
  }
}

TEST(CaptionWords, ColoursAreExchangedWithTheirArticle) {
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
