// SPDX-License-Identifier: Apache-2.0
#include "engine/text/text_cleaning.h"

#include <gtest/gtest.h>

#include "engine/text/mojibake.h"
#include "engine/text/unicode.h"
#include "tests/text/recorded_corpus.h"

namespace vane {
namespace {

struct Case {
  const char32_t *text, *expected;
};

// Oracle 5: ftfy.fix_text of ftfy 6.3.1.
TEST(FixText, RepairsWhatFtfyRepairs) {
  const Case cases[] = {
      {U"âœ” No problems", U"✔ No problems"},
      {U"sÃ³ isto", U"só isto"},
      {U"voilÃ  le travail", U"voilà le travail"},
      {U"Ã la carte", U"à la carte"},
      {U"â€œ like this â€\uFFFD", U"\" like this \uFFFD"},
      {U"l’humanitÃ©", U"l'humanité"},
      {U"ÐŸÑ€Ð¸Ð²ÐµÑ‚", U"Привет"},
      {U"ã\u0081\u0082", U"あ"},
      {U"â‚¬5", U"€5"},
      {U"ÃƒÂ©", U"é"},
      {U"æ—¥æœ¬èªž", U"日本語"},
      {U"cafÃ© – über", U"café – über"},
      {U"it\u0092s", U"it's"},
      {U"\u0085", U"…"},
      {U"&hellip; &#x2019;", U"… '"},
      {U"<b>&amp;</b>", U"<b>&amp;</b>"},
      {U"&amp;\n<b>\n&amp;", U"&\n<b>\n&amp;"},
      {U"ﬂuﬃest ŉ ǆ", U"fluffiest 'n dž"},
      {U"Ｕﾀｰﾝ", U"Uターン"},
      {U"ﾊﾟ", U"パ"},
      {U"\x1b[31mred\x1b[0m", U"red"},
      {U"a\r\nb\u2028c\rd", U"a\nb\nc\nd"},
      {U"\uFEFFBOM\u206A\a", U"BOM"},
  };
  for (const Case& c : cases) EXPECT_EQ(encode_utf8(fix_text(c.text)), encode_utf8(c.expected));
}

// Oracle 5: the same; these look unusual but are meant.
TEST(FixText, LeavesTextThatIsMeant) {
  for (const char32_t* text :
       {U"Ångström à la mode", U"€20 – ½ price", U"ñandú; ÄÖÜ äöü ß", U"Привет, мир", U"&notit;",
        U"ОДУ РџС", U"naïve café", U"¯\\_(ツ)_/¯"}) {
    EXPECT_EQ(encode_utf8(fix_text(text)), encode_utf8(text));
  }
}

// Oracle 3 (law): the result of a repair needs no repair.
TEST(FixText, IsIdempotentOnTheRecordedCorpus) {
  for (const auto& record : testing::recorded_corpus()) {
    const std::u32string once = fix_text(decode_utf8(record.text));
    EXPECT_EQ(encode_utf8(fix_text(once)), encode_utf8(once)) << record.text;
  }
}

// Oracle 1: what a few mojibake sequences are, by construction.
TEST(IsMojibake, TellsMisreadTextFromText) {
  EXPECT_TRUE(is_mojibake(U"schÃ¶n"));
  EXPECT_TRUE(is_mojibake(U"â€™"));
  EXPECT_TRUE(is_mojibake(U"\u0081"));
  EXPECT_FALSE(is_mojibake(U"schön"));
  EXPECT_FALSE(is_mojibake(U"plain"));
  EXPECT_FALSE(is_mojibake(U""));
}

// Oracle 5: ftfy.badness.is_bad. Each text is found by one pattern only and not without its last
// character, so that a lost or narrowed pattern shows.
TEST(IsMojibake, KnowsEveryPatternOfFtfy) {
  const char32_t* texts[] = {
      U"\u0099", U"÷¤", U"ˆœ",  U"qД‰",     U"ğĞ",  U"™ă",  U"ä£",   U" Ž¥",    U"Ë≡", U"Ï«∫",
      U"Ż™“",    U"µ„", U"aÌ΄", U"╖ú",      U"×╧",  U"│»",  U"ą¡ν",  U"Ś°",     U"œ÷", U"Â•",
      U"×³",     U"à¹", U"qÃ ", U"q Â ",    U"Â ",  U",Â ", U"Ù—Ù⌐", U"√≥",     U"≈°", U"‚Äπ",
      U"‚âà",    U"вЂ", U"Г‡Г", U"ГўВЂВ† ", U"β€™", U"Ξ˜Ο", U"ā€",   U"Ã\u00a0"};
  for (const std::u32string text : texts) {
    EXPECT_TRUE(is_mojibake(text)) << encode_utf8(text);
    EXPECT_FALSE(is_mojibake(text.substr(0, text.size() - 1))) << encode_utf8(text);
  }
  EXPECT_TRUE(is_mojibake(U"Â b"));
  EXPECT_FALSE(is_mojibake(U"Q Â b"));
}

// Oracle 1: str.split and join of Python.
TEST(CollapseSpaces, JoinsWordsBySingleSpaces) {
  EXPECT_EQ(collapse_spaces(U" \t a \u3000\u00A0b\x1c\n"), U"a b");
  EXPECT_EQ(collapse_spaces(U"\u200Ba"), U"\u200Ba");
  EXPECT_EQ(collapse_spaces(U"  "), U"");
}

}  // namespace
}  // namespace vane
