// SPDX-License-Identifier: Apache-2.0
#include "engine/text/unicode.h"

#include <gtest/gtest.h>

namespace vane {
namespace {

std::u32string fffd(size_t count) { return std::u32string(count, kReplacementCharacter); }

// Oracle 1: Unicode Standard 3.9, tables 3-8 to 3-11 (replacement of maximal parts).
TEST(DecodeUtf8, ReplacesEveryMaximalIllFormedPartOnce) {
  EXPECT_EQ(decode_utf8("\x41\xC0\xAF\x41\xF4\x80\x80\x41"),
            U"A" + fffd(2) + U"A" + fffd(1) + U"A");
  EXPECT_EQ(decode_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), fffd(8) + U"A");
  EXPECT_EQ(decode_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), fffd(8) + U"A");
  EXPECT_EQ(decode_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), fffd(5) + U"A" + fffd(2) + U"B");
  EXPECT_EQ(decode_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), fffd(4) + U"A");
}

// Oracle 3 (round trip): every scalar value survives.
TEST(DecodeUtf8, InvertsEncoding) {
  std::u32string all;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c < 0xD800 || c > 0xDFFF) all.push_back(c);
  }
  EXPECT_EQ(decode_utf8(encode_utf8(all)), all);
}

// Oracle 1: Unicode Standard Annex 15, figures 3 to 6, and section 3.12 for Hangul.
TEST(Nfc, ComposesOrdersAndExcludes) {
  EXPECT_EQ(nfc(U"e\u0301"), U"\u00E9");
  EXPECT_EQ(nfc(U"\u212B"), U"\u00C5");
  EXPECT_EQ(nfc(U"d\u0307\u0323"), U"\u1E0D\u0307");
  EXPECT_EQ(nfc(U"q\u0307\u0323"), U"q\u0323\u0307");
  EXPECT_EQ(nfc(U"\u0958"), U"\u0915\u093C");        // excluded from composition
  EXPECT_EQ(nfc(U"\u1100\u1161\u11A8"), U"\uAC01");  // Hangul
  EXPECT_EQ(nfc(U"\uAC00\u11A8"), U"\uAC01");
  EXPECT_EQ(nfc(U"a\u0300\u0301"), U"\u00E0\u0301");  // second mark stays
  EXPECT_EQ(nfc(U"a\u0345\u0301"), U"\u00E1\u0345");
  EXPECT_EQ(nfc(U"\u0301a"), U"\u0301a");
  EXPECT_EQ(nfc(U"\U0001D15E"), U"\U0001D157\U0001D165");
  EXPECT_EQ(nfc(U"\U00011935\U00011930"), U"\U00011938");
  EXPECT_EQ(nfc(U"\U00011935\U00011930", UnicodeRules::tokenizers), U"\U00011935\U00011930");
}

// Oracle 3 (law): normalising twice changes nothing, for every code point after every kind of
// start.
TEST(Nfc, IsIdempotent) {
  for (char32_t c = 0; c < 0x20000; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::u32string text = {U'a', c, 0x0323, c, 0x0301};
    const std::u32string once = nfc(text);
    ASSERT_EQ(nfc(once), once) << static_cast<uint32_t>(c);
  }
}

// Oracle 1: Unicode, Final_Sigma of SpecialCasing.
TEST(LowerCase, AppliesTheFinalSigmaRule) {
  EXPECT_EQ(lower_case(U"ΟΔΟΣ ΣΑΣ"), U"οδος σας");
  EXPECT_EQ(lower_case(U"Σ"), U"σ");
  EXPECT_EQ(lower_case(U"ΑΣ'Α"), U"ασ'α");            // and so is an apostrophe
  EXPECT_EQ(lower_case(U"ΑΣ\u00ADΑ"), U"ασ\u00ADα");  // a soft hyphen is looked past
  EXPECT_EQ(lower_case(U"Α\u0301Σ."), U"α\u0301ς.");
  EXPECT_EQ(lower_case(U"ΑΣ", UnicodeRules::tokenizers), U"ασ");
}

// Oracle 5: str.lower of Python 3.11.
TEST(LowerCase, MapsWhatPythonMaps) {
  EXPECT_EQ(lower_case(U"İI"), U"i\u0307i");
  EXPECT_EQ(lower_case(U"ẞǅÅΩⅧⒶ"), U"ßǆåωⅷⓐ");
  EXPECT_EQ(lower_case(U"\u10A0\u13A0\U00010400"), U"\u2D00\uAB70\U00010428");
  EXPECT_EQ(lower_case(U"ıſß"), U"ıſß");
  EXPECT_EQ(lower_case(U"\uA7DC"), U"\uA7DC");  // newer than Unicode 14
  EXPECT_EQ(lower_case(U"\uA7DC", UnicodeRules::tokenizers), U"\u019B");
}

// Oracle 5: the module `regex`.
TEST(CharacterClass, FollowsTheReferencePattern) {
  const std::pair<char32_t, CharacterClass> expected[] = {
      {U'a', CharacterClass::letter},    {U'ª', CharacterClass::letter},
      {U'٣', CharacterClass::number},    {U'½', CharacterClass::number},
      {U'Ⅷ', CharacterClass::number},    {U'Ⓐ', CharacterClass::other},
      {0x301, CharacterClass::other},    {0x200B, CharacterClass::other},
      {0x00A0, CharacterClass::space},   {0x3000, CharacterClass::space},
      {0x85, CharacterClass::space},     {0x1C, CharacterClass::other},
      {0x345, CharacterClass::skipped},  {0xE0041, CharacterClass::other},
      {0x1F600, CharacterClass::other},  {U'_', CharacterClass::other},
      {0x11DB0, CharacterClass::letter},
  };
  for (const auto& [c, kind] : expected)
    EXPECT_EQ(character_class(c), kind) << static_cast<uint32_t>(c);
  EXPECT_EQ(character_class(0x345, UnicodeRules::tokenizers), CharacterClass::other);
  EXPECT_EQ(character_class(0x11DB0, UnicodeRules::tokenizers), CharacterClass::other);
  EXPECT_TRUE(is_python_space(0x1C));
  EXPECT_FALSE(is_python_space(0x200B));
}

}  // namespace
}  // namespace vane
