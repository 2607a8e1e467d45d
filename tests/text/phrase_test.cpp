// SPDX-License-Identifier: Apache-2.0
// Oracle: the definition, on one phrase of each kind.
#include "engine/text/phrase.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace vane {
namespace {

TEST(Phrase, PunctuationAloneSaysNothing) {
  for (const char* text : {"", "  ", "...", "?!", "\xE2\x80\x94", "\xE3\x80\x82", "(;)", "\xFF"}) {
    EXPECT_FALSE(says_something(text)) << text;
    EXPECT_THROW(check_phrase(text, "--text"), Error) << text;
  }
}

TEST(Phrase, ALetterADigitOrAPictographIsEnough) {
  for (const char* text : {"a", "7", "...x", "\xC3\xA9", "\xE5\xA4\xA9", "\xF0\x9F\x90\xB1"}) {
    EXPECT_TRUE(says_something(text)) << text;
    EXPECT_NO_THROW(check_phrase(text, "--text")) << text;
  }
}

}  // namespace
}  // namespace vane
