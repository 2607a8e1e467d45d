// SPDX-License-Identifier: Apache-2.0
// Oracle: RFC 8259, and Vane's stricter rules (duplicate keys, exact integers, limits).
#include "engine/base/json.h"

#include <gtest/gtest.h>

namespace vane {
namespace {

std::string fault_of(std::string_view text, const JsonRules& rules = {}) {
  try {
    parse_json(text, rules);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), rules.code);
    EXPECT_LE(error.byte().value_or(0), text.size());
    return error.what();
  }
  ADD_FAILURE() << text << " was accepted";
  return {};
}

TEST(Json, ValuesHaveTheirKinds) {
  const Json root = parse_json(
      R"( {"n":null,"t":true,"i":-7,"u":18446744073709551615,"f":0.1,"s":"a\u00e9\n","l":[1,[2]],"o":{}} )");
  EXPECT_TRUE(root.at("n").is_null());
  EXPECT_TRUE(root.at("t").as_bool());
  EXPECT_EQ(root.at("i").as_integer(), -7);
  EXPECT_TRUE(root.at("u").is_integer());
  EXPECT_EQ(root.at("f").as_number(), 0.1);
  EXPECT_EQ(root.at("i").as_number(), -7.0);
  EXPECT_EQ(root.at("s").as_string(), "a\xc3\xa9\n");
  EXPECT_EQ(root.at("l").items().at(1).items().at(0).as_integer(), 2);
  EXPECT_TRUE(root.at("o").members().empty());
  EXPECT_EQ(root.find("absent"), nullptr);
  EXPECT_EQ(root.at("s").find("not an object"), nullptr);
}

TEST(Json, MembersKeepTheOrderOfTheFile) {
  const Json root = parse_json(R"({"z":1,"a":2,"m":3})");
  std::string order;
  for (const auto& [key, value] : root.members()) order += key;
  EXPECT_EQ(order, "zam");
  EXPECT_EQ(root.at("m").as_integer(), 3);
}

TEST(Json, WrongKindsAreNamed) {
  const Json root = parse_json(R"({"a":1.5,"b":[],"c":18446744073709551615,"d":-1})");
  const auto message = [](auto call) {
    try {
      call();
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("no error");
  };
  EXPECT_EQ(message([&] { root.at("a").as_integer(); }),
            "expected an integer, found a fractional number");
  EXPECT_EQ(message([&] { root.at("b").as_string(); }), "expected a string, found an array");
  EXPECT_EQ(message([&] { root.at("b").at("k"); }), "expected an object, found an array");
  EXPECT_EQ(message([&] { root.at("x"); }), "key \"x\" is missing");
  EXPECT_EQ(message([&] { root.at("c").as_integer(); }),
            "integer 18446744073709551615 is too large");
  EXPECT_EQ(message([&] { root.at("d").as_count(); }),
            "expected an integer between 0 and 2^53, found -1");
  EXPECT_EQ(parse_json("9007199254740992").as_count(), 9007199254740992u);
  EXPECT_EQ(message([&] { parse_json("9007199254740993").as_count(); }).substr(0, 19),
            "expected an integer");
  EXPECT_EQ(message([&] { parse_json("1e3").as_count(); }).substr(0, 19), "expected an integer");
}

TEST(Json, DuplicateKeysAreErrorsAtEveryLevel) {
  EXPECT_NE(fault_of(R"({"a":1,"b":2,"a":3})").find("duplicate key \"a\""), std::string::npos);
  EXPECT_NE(fault_of(R"([{"x":{"a":1,"\u0061":2}}])").find("duplicate key"), std::string::npos);
  EXPECT_NO_THROW(parse_json(R"({"a":{"a":1},"b":{"a":1}})"));
}

TEST(Json, MalformedTextIsLocated) {
  try {
    parse_json("{\n  \"a\": tru\n}");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.line(), 2);
    EXPECT_EQ(error.byte(), 12u);
  }
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\"}",
                           "{a:1}",
                           "'a'",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "nul",
                           "[1] 2",
                           "\"\\x\"",
                           "\"\\ud800\"",
                           "\"\t\"",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "1e999",
                           "// c\n1",
                           "\xef\xbb\xbf{}",
                           "\"\xff\"",
                           "\"\xc0\xaf\"",
                           "\xff"}) {
    EXPECT_NE(fault_of(text), "") << text;
  }
  EXPECT_NE(fault_of(std::string_view("1\0", 2)).find("NUL"), std::string::npos);
  EXPECT_NE(fault_of(std::string_view("\"a\0b\"", 5)).find("NUL"), std::string::npos);
}

TEST(Json, LimitsHold) {
  JsonRules rules;
  rules.code = ErrorCode::config;
  rules.max_depth = 3;
  EXPECT_NO_THROW(parse_json("[[[]]]", rules));
  EXPECT_NE(fault_of("[[[[]]]]", rules).find("deeper than 3"), std::string::npos);
  EXPECT_NE(fault_of(std::string(1'000'000, '['), rules).find("deeper than 3"), std::string::npos);
  rules.max_nodes = 3;
  EXPECT_NO_THROW(parse_json("[1,2]", rules));
  EXPECT_NE(fault_of("[1,2,3]", rules).find("more than 3 values"), std::string::npos);
  rules.max_bytes = 4;
  EXPECT_NE(fault_of("[1,2]", rules).find("over the limit"), std::string::npos);
}

TEST(Json, QuotedTextReadsBack) {
  std::string text = "plain \"quote\" \\ é 漢";
  for (char c = 1; c < 0x20; ++c) text += c;
  EXPECT_EQ(parse_json(json_quoted(text)).as_string(), text);
  EXPECT_EQ(json_quoted("a\n"), "\"a\\u000a\"");
}

}  // namespace
}  // namespace vane
