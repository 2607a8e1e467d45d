// SPDX-License-Identifier: Apache-2.0
#include "engine/text/mojibake_bytes.h"

#include <gtest/gtest.h>

namespace vane {
namespace {

struct Case {
  const char *bytes, *expected;
};

// Oracle 5: ftfy.fixes.restore_byte_a0 of ftfy 6.3.1, run where its pattern is found.
TEST(RestoreNoBreakSpaces, PutsBackBytesInsideSequences) {
  const Case cases[] = {
      {"voil\xC3  le", "voil\xC3\xA0 le"},
      {"\xC3 quel", "\xC3\xA0 quel"},
      {"\xC3 quele", "\xC3\xA0quele"},
      {"\xC3 s ", "\xC3\xA0s "},
      {"\xC3  ", "\xC3\xA0 "},
      {"\xC3 ", "\xC3\xA0 "},
      {"\xC3\xC2 x", "\xC3\xC2\xA0x"},
      {"\xC5 x", "\xC5\xA0x"},
      {"\xE2 \x80", "\xE2\xA0\x80"},
      {"\xE2 \x85", "\xE2 \x85"},
      {"\xE3\x81 ", "\xE3\x81\xA0"},
      {"\xE1\x80 ", "\xE1\x80\xA0"},
      {"\xE1 \x80", "\xE1 \x80"},
      {"\xE3\xA0 ", "\xE3\xA0 "},
      {"\xE4\x80 ", "\xE4\x80 "},
      {"\xF0 \x9F\x98", "\xF0\xA0\x9F\x98"},
      {"\xF0\x9F \x98", "\xF0\x9F\xA0\x98"},
      {"\xF0\x9F\x98 ", "\xF0\x9F\x98\xA0"},
      {"\xF1\x9F\x98 ", "\xF1\x9F\x98 "},
      {"plain \xC3\xA9", "plain \xC3\xA9"},
  };
  for (const Case& c : cases) {
    std::string bytes = c.bytes;
    restore_no_break_spaces(bytes);
    EXPECT_EQ(bytes, c.expected);
  }
}

// Oracle 5: ftfy.fixes.replace_lossy_sequences.
TEST(ReplaceLossySequences, WritesOneReplacementForEachSequence) {
  const Case cases[] = {
      {"\xC4\x1A", "\uFFFD"},
      {"\xC3?", "\uFFFD"},
      {"\xC4?", "\xC4?"},
      {"\xED\xA0\x1A\xED\xB0\x80", "\uFFFD"},
      {"\xED\xA0\x80\xED\xB0\x1A", "\uFFFD"},
      {"\xED\xA0?\xED\xB0?", "\uFFFD"},
      {"\xE2\x80\x1A", "\uFFFD"},
      {"\xE2\x1A\x1A", "\uFFFD"},
      {"\xE2?\x80", "\uFFFD"},
      {"\xE2\x80?", "\uFFFD"},
      {"\xE2??", "\xE2??"},
      {"\xF0\x9F\x98\x1A", "\uFFFD"},
      {"\xF0?\x98\x80", "\uFFFD"},
      {"\xF0\x9F?\x80", "\uFFFD"},
      {"\xF0\x9F\x98?", "\uFFFD"},
      {"\xF0\x1A\x1A?", "\uFFFD"},
      {"\xF5\x1A\x1A\x1A", "\xF5\uFFFD\uFFFD\uFFFD"},
      {"a\x1A"
       "b?",
       "a\uFFFD"
       "b?"},
  };
  for (const Case& c : cases) {
    std::string bytes = c.bytes;
    replace_lossy_sequences(bytes);
    EXPECT_EQ(bytes, c.expected);
  }
}

// Oracle 5: ftfy's codec "utf-8-variants"; nothing where it raises.
TEST(DecodeUtf8Variants, UnderstandsSurrogatePairsAndJavaZero) {
  using namespace std::string_literals;
  EXPECT_EQ(decode_utf8_variants("caf\xC3\xA9"), U"café");
  EXPECT_EQ(decode_utf8_variants("\xC0\x80"
                                 "a"),
            U"\0a"s);
  EXPECT_EQ(decode_utf8_variants("\xED\x95\x9C\xED\xA0\xBD\xED\xB8\x8D!"), U"한\U0001F60D!");
  EXPECT_EQ(decode_utf8_variants("\uFFFD"), U"\uFFFD");
  for (const char* invalid : {"\xED\xA0\xBD", "\xC0", "\xC0\x81", "\xED\xA0\xBD\xED\xB8",
                              "\xED\xB8\x8D\xED\xA0\xBD", "\xFF"}) {
    EXPECT_EQ(decode_utf8_variants(invalid), std::nullopt);
  }
}

}  // namespace
}  // namespace vane
