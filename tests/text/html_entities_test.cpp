// SPDX-License-Identifier: Apache-2.0
#include "engine/text/html_entities.h"

#include <gtest/gtest.h>

#include "engine/text/unicode.h"

namespace vane {
namespace {

struct Case {
  const char32_t *text, *expected;
};

std::u32string name_and_end(std::string_view name, std::string_view end) {
  std::u32string out = U"&";
  out.append(name.begin(), name.end());
  out.append(end.begin(), end.end());
  return out;
}

// Oracle 5: html.unescape of Python 3.11.
TEST(HtmlUnescape, FollowsTheRulesOfHtml5) {
  const Case cases[] = {
      {U"&amp", U"&"},
      {U"&ampx", U"&x"},
      {U"&lt&gt", U"<>"},
      {U"&gt5", U">5"},
      {U"&notit;", U"¬it;"},
      {U"&notin;", U"∉"},
      {U"&acE;", U"\u223E\u0333"},
      {U"&CounterClockwiseContourIntegral;", U"∳"},
      {U"&hearts;", U"♥"},
      {U"&Hearts;", U"&Hearts;"},
      {U"&hearts", U"&hearts"},
      {U"&#65", U"A"},
      {U"&#0000065;", U"A"},
      {U"&#x1F600;", U"\U0001F600"},
      {U"&#X41;", U"A"},
      {U"&#128;", U"€"},
      {U"&#0;", U"\uFFFD"},
      {U"&#xD800;", U"\uFFFD"},
      {U"&#1114112;", U"\uFFFD"},
      {U"&#99999999999999999999;", U"\uFFFD"},
      {U"&#1;", U""},
      {U"&#11;", U""},
      {U"&#38;amp;", U"&amp;"},
      {U"&AMP;&amp;amp;", U"&&amp;"},
      {U"&#xZ;", U"&#xZ;"},
      {U"&#;", U"&#;"},
      {U"&;", U"&;"},
      {U"&", U"&"},
      {U"&#", U"&#"},
      {U"&#x", U"&#x"},
      {U"&é", U"&é"},
      {U"&ampé;", U"&é;"},
  };
  for (const Case& c : cases) EXPECT_EQ(html_unescape(c.text), c.expected);
}

// Oracle 5: ftfy.fixes.unescape_html of ftfy 6.3.1.
TEST(HtmlUnescapeStrict, LeavesWhatIsAmbiguous) {
  const Case cases[] = {
      {U"&lt;tag&gt;", U"<tag>"},
      {U"this&not that", U"this&not that"},
      {U"P&EACUTE;REZ", U"PÉREZ"},
      {U"&ntilde; &nTILDE;", U"ñ &nTILDE;"},
      {U"STRA&SZLIG;E", U"STRASSE"},
      {U"&notit; &not; &hellip;", U"&notit; ¬ …"},
      {U"&#x41;&#66;", U"AB"},
      {U"&#x41", U"&#x41"},
      {U"&#59;", U"&#59;"},
      {U"&#12ab;", U"&#12ab;"},
      {U"&amp;amp;", U"&amp;"},
      {U"&&amp;", U"&&"},
      {U"&", U"&"},
  };
  for (const Case& c : cases) EXPECT_EQ(html_unescape_strict(c.text), c.expected);
}

// Oracle 3: the generated table holds 2125 names, 106 of them valid without semicolon (HTML
// standard 13.5 lists 2231 spellings); each is found by itself.
TEST(HtmlUnescape, KnowsEveryName) {
  int spellings = 0;
  for (const auto& entity : text_tables::kHtmlEntities) {
    const std::u32string value = decode_utf8(entity.value);
    EXPECT_EQ(html_unescape(name_and_end(entity.name, ";")), value) << entity.name;
    // ftfy reads names of up to 24 characters; one name is longer.
    const bool readable = std::string_view(entity.name).size() <= 24;
    const std::u32string strict = html_unescape_strict(name_and_end(entity.name, ";"));
    EXPECT_EQ(strict, readable ? value : name_and_end(entity.name, ";")) << entity.name;
    const std::u32string bare = html_unescape(name_and_end(entity.name, " "));
    if (entity.legacy) {
      EXPECT_EQ(bare, value + U" ") << entity.name;
    }
    spellings += entity.legacy ? 2 : 1;
  }
  EXPECT_EQ(spellings, 2231);
}

}  // namespace
}  // namespace vane
