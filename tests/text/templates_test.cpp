// SPDX-License-Identifier: Apache-2.0
#include "engine/text/templates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/base/error.h"

namespace vane {
namespace {

bool has(const std::vector<std::string>& all, const std::string& text) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

// Oracle 1: the counts and the odd members that the published lists are known for.
TEST(Templates, SetsHaveThePublishedSizesWithoutDuplicates) {
  for (const auto& [name, size] : {std::pair<std::string, size_t>{"none", 1},
                                   {"subset7", 7},
                                   {"nada79", 79},
                                   {"imagenet80", 80}}) {
    const auto all = prompt_templates(name);
    EXPECT_EQ(all.size(), size) << name;
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), size) << name;
    for (const std::string& text : all) {
      EXPECT_NE(text.find("{}"), std::string::npos) << text;
      EXPECT_EQ(text.find("{}"), text.rfind("{}")) << text;
    }
  }
}

TEST(Templates, KeepTheOddMembersOfThePublishedLists) {
  const auto all = prompt_templates("imagenet80");
  for (const char* text :
       {"a origami {}.", "a embroidered {}.", "itap of my {}.", "a jpeg corrupted photo of the {}.",
        "graffiti of a {}.", "the {} in a video game.", "a photo of the hard to see {}.",
        "a black and white photo of the {}.", "a photo of many {}."}) {
    EXPECT_TRUE(has(all, text)) << text;
  }
  EXPECT_FALSE(has(prompt_templates("nada79"), "a photo of many {}."));
}

// Oracle 3 (law): the short list is part of the long one.
TEST(Templates, ShortListIsASubsetOfTheLongList) {
  const auto all = prompt_templates("imagenet80");
  for (const std::string& text : prompt_templates("subset7")) EXPECT_TRUE(has(all, text)) << text;
}

TEST(Templates, FillReplacesThePlaceholderOnly) {
  EXPECT_EQ(fill_template("a {} in a video game.", "red {cat}"), "a red {cat} in a video game.");
  EXPECT_EQ(templated("none", "warm light"), std::vector<std::string>{"warm light"});
}

TEST(Templates, UnknownNameIsAUsageErrorThatSuggests) {
  try {
    prompt_templates("imagnet80");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_NE(std::string(error.what()).find("'imagenet80'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vane
