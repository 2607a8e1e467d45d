// SPDX-License-Identifier: Apache-2.0
// Oracle: each case is a line of the robustness sheet, section 5 (what yaml-cpp 0.7 lets through),
// or a bound of its section 1; expected positions were counted by hand.
#include "engine/config/yaml_document.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "engine/base/error.h"

namespace vane {
namespace {

// The error that a text raises; fails the test when there is none.
Error refusal(const std::string& text, const Limits& limits = {}) {
  try {
    (void)parse_yaml(text, "c.yaml", limits);
  } catch (const Error& problem) {
    EXPECT_EQ(problem.code(), ErrorCode::config) << problem.what();
    EXPECT_EQ(problem.file(), "c.yaml");
    return problem;
  }
  ADD_FAILURE() << "accepted: " << text.substr(0, 200);
  return Error(ErrorCode::internal, "accepted");
}

void expect_refused(const std::string& text, int line, int column, const std::string& words) {
  const Error problem = refusal(text);
  EXPECT_NE(std::string(problem.what()).find(words), std::string::npos) << problem.what();
  EXPECT_EQ(problem.line(), line) << problem.what();
  EXPECT_EQ(problem.column(), column) << problem.what();
}

std::string alias_bomb(int levels, int width) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i <= levels; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    std::string items = previous;
    for (int k = 1; k < width; ++k) items += ", " + previous;
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + items + "]\n";
  }
  return text;
}

TEST(YamlDocument, KeepsValuesWithTheirPlaces) {
  const auto root = parse_yaml("a: 1\nb:\n  - x\n  - {c: 'two words'}\n", "c.yaml");
  ASSERT_EQ(root->kind, YamlNode::Kind::map);
  EXPECT_EQ(root->find("a")->text, "1");
  EXPECT_TRUE(root->find("a")->plain);
  const YamlNode* list = root->find("b");
  ASSERT_EQ(list->items.size(), 2u);
  const YamlNode* inner = list->items[1]->find("c");
  EXPECT_EQ(inner->text, "two words");
  EXPECT_FALSE(inner->plain);
  EXPECT_EQ(inner->line, 4);
  EXPECT_EQ(inner->column, 9);
}

TEST(YamlDocument, EmptyTextIsNull) {
  EXPECT_EQ(parse_yaml("", "c.yaml")->kind, YamlNode::Kind::null);
  EXPECT_EQ(parse_yaml("# only a comment\n", "c.yaml")->kind, YamlNode::Kind::null);
}

TEST(YamlDocument, NamesBothLinesOfADuplicateKey) {
  expect_refused("a: 1\nb: 2\na: 3\n", 3, 1, "first in line 1");
  expect_refused("x: {a-b: 1, a_b: 2}\n", 1, 13, "given twice");
}

TEST(YamlDocument, RefusesAnAliasInsideItsAnchorAtOnce) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_NE(refusal("a: &x [1, *x]\n").message().find("contains it"), std::string::npos);
  EXPECT_NE(refusal("a: &x {b: {c: *x}}\n").message().find("contains it"), std::string::npos);
  // Sheet, section 9.5: an error in under 10 ms; the bound here only tells apart endless recursion.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(YamlDocument, RefusesAnAliasBomb) {
  // 9^12 values in about 500 bytes. Level n holds v(n) = 1 + 9 v(n-1) values, v(0) = 2, so the
  // sixth, in line 7, is the first beyond a million.
  const Error problem = refusal(alias_bomb(12, 9));
  EXPECT_NE(problem.message().find("more than 1000000 values"), std::string::npos);
  EXPECT_EQ(problem.line(), 7);
}

TEST(YamlDocument, AliasesWithinTheBoundShareOneNode) {
  const auto root = parse_yaml("a: &x {k: 1}\nb: *x\n", "c.yaml");
  EXPECT_EQ(root->find("a"), root->find("b"));
  // Map, a, k, b, k: five values when written out.
  EXPECT_EQ(root->expanded, 5u);
}

TEST(YamlDocument, BoundsDepthAlsoThroughAliases) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_NO_THROW(parse_yaml(nested(64), "c.yaml"));
  expect_refused(nested(65), 1, 65, "deeper than 64");
  (void)refusal(std::string(100'000, '['));
  // 40 levels that hold an alias of 40 levels.
  const std::string text =
      "a: &x " + nested(40) + "\nb: " + std::string(40, '[') + "*x" + std::string(40, ']') + "\n";
  EXPECT_NE(refusal(text).message().find("deeper than 64"), std::string::npos);
}

TEST(YamlDocument, RefusesLeadingZeros) {
  expect_refused("rate: 010\n", 1, 7, "write 10 or '010'");
  expect_refused("rate: -007\n", 1, 7, "leading zero");
  EXPECT_EQ(parse_yaml("rate: '010'", "c.yaml")->find("rate")->text, "010");
  EXPECT_EQ(parse_yaml("rate: 0.5", "c.yaml")->find("rate")->text, "0.5");
  EXPECT_EQ(parse_yaml("rate: 0", "c.yaml")->find("rate")->text, "0");
}

TEST(YamlDocument, RefusesForeignTagsKeysAndMerges) {
  expect_refused("a: !!python/object:os.system x\n", 1, 4, "is not allowed");
  expect_refused("a: !Thing {b: 1}\n", 1, 4, "is not allowed");
  expect_refused("a: 1\n? [x, y]\n: 2\n", 2, 3, "a key must be plain text");
  expect_refused("~: 2\n", 1, 1, "a key must be plain text");
  expect_refused("d: &d {a: 1}\ne:\n  <<: *d\n", 3, 3, "merge keys");
  EXPECT_FALSE(parse_yaml("a: !!str 5", "c.yaml")->find("a")->plain);
}

TEST(YamlDocument, RefusesASecondDocument) {
  EXPECT_NE(refusal("a: 1\n---\nb: 2\n").message().find("more than one document"),
            std::string::npos);
  EXPECT_NO_THROW(parse_yaml("---\na: 1\n...\n", "c.yaml"));
}

TEST(YamlDocument, RefusesInvalidUtf8NamingTheLine) {
  expect_refused("a: 1\nb: \xff\xfe\n", 2, 1, "not UTF-8");
  expect_refused("a: \xc0\xaf\n", 1, 1, "not UTF-8");
}

TEST(YamlDocument, BoundsTheSize) {
  Limits limits;
  limits.yaml_bytes = 10;
  EXPECT_NO_THROW(parse_yaml("a: 1234567", "c.yaml", limits));
  EXPECT_NE(refusal("a: 12345678", limits).message().find("larger than"), std::string::npos);
  limits = {};
  limits.yaml_nodes = 3;
  EXPECT_NE(refusal("a: [1, 2]", limits).message().find("more than 3 values"), std::string::npos);
}

TEST(YamlDocument, SyntaxErrorsHaveAPlace) {
  const Error problem = refusal("a: [1, 2\nb: 3\n");
  EXPECT_GE(problem.line(), 1);
  EXPECT_GE(problem.column(), 1);
  expect_refused("a: 1\nb: *nothing\n", 2, 4, "");
}

TEST(YamlDocument, AMissingFileIsAnInputError) {
  try {
    (void)parse_yaml_file("/nonexistent/c.yaml");
    FAIL();
  } catch (const Error& problem) {
    EXPECT_EQ(problem.code(), ErrorCode::input);
  }
}

// Law: whatever the bytes, the answer is a tree or Error{config}.
TEST(YamlDocument, EveryTruncationAndByteFlipIsAnsweredInOrder) {
  const std::string valid = "a: &x {k: [1, 'two', \"thr\\nee\"]}\nb: *x\nc: |\n  text\n  more\n";
  int accepted = 0, refused = 0;
  const auto check = [&](const std::string& text) {
    try {
      (void)parse_yaml(text, "c.yaml");
      ++accepted;
    } catch (const Error& problem) {
      EXPECT_EQ(problem.code(), ErrorCode::config);
      ++refused;
    }
  };
  for (size_t i = 0; i < valid.size(); ++i) {
    check(valid.substr(0, i));
    for (const unsigned bit : {0x01u, 0x08u, 0x20u, 0x80u}) {
      std::string damaged = valid;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ bit);
      check(damaged);
    }
  }
  EXPECT_GT(accepted, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace vane
