// SPDX-License-Identifier: Apache-2.0
// Oracle: hand-computed cases.
#include "engine/base/text.h"

#include <gtest/gtest.h>

#include <clocale>

namespace vane {
namespace {

TEST(Text, PrintableCannotWriteToATerminal) {
  EXPECT_EQ(printable("a\x1b[31mred"), "a\\x1b[31mred");
  EXPECT_EQ(printable("line\nbreak"), "line\\x0abreak");
  EXPECT_EQ(printable("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(printable("\xff\xc2"), "\\xff\\xc2");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\xc2\\x9b2J")
      << "C1 control sequences too";
  EXPECT_EQ(printable(std::string(500, 'x'), 10), "xxxxxxxxxx…");
}

TEST(Text, Utf8RefusesOverlongSurrogatesAndBeyondUnicode) {
  EXPECT_TRUE(is_utf8("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("\xc0\x80"));
  EXPECT_FALSE(is_utf8("\xe0\x80\x80"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xe2\x82"));
}

TEST(Text, NearestNameKnowsTypos) {
  const std::vector<std::string> names = {"strength", "steps", "seed"};
  EXPECT_EQ(edit_distance("strenght", "strength"), 1u) << "neighbours swapped";
  EXPECT_EQ(nearest_name("strenght", names), "strength");
  EXPECT_EQ(nearest_name("setps", names), "steps");
  EXPECT_EQ(nearest_name("exposure", names), std::nullopt);
  EXPECT_EQ(nearest_name("xy", names), std::nullopt) << "two edits on two letters are no likeness";
}

TEST(Text, NumbersIgnoreTheLocale) {
  const char* old = std::setlocale(LC_ALL, nullptr);
  const std::string saved = old ? old : "C";
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  EXPECT_EQ(parse_number("0.5"), 0.5);
  EXPECT_EQ(number_text(0.1), "0.1");
  std::setlocale(LC_ALL, saved.c_str());
  EXPECT_EQ(parse_number("1,5"), std::nullopt);
  EXPECT_EQ(parse_number("nan"), std::nullopt);
  EXPECT_EQ(parse_number("1e999"), std::nullopt);
  EXPECT_EQ(parse_integer("12x"), std::nullopt);
  EXPECT_EQ(parse_integer("-7"), -7);
}

TEST(Text, ByteSizesTakeBothKindsOfSuffix) {
  EXPECT_EQ(parse_byte_size("1.5GiB"), 1610612736ull);
  EXPECT_EQ(parse_byte_size("300k"), 300000ull);
  EXPECT_EQ(parse_byte_size("12"), 12ull);
  EXPECT_EQ(parse_byte_size("12 parsecs"), std::nullopt);
  EXPECT_EQ(parse_byte_size("-1"), std::nullopt);
  EXPECT_EQ(byte_size_text(1610612736ull), "1.5 GiB");
}

}  // namespace
}  // namespace vane
