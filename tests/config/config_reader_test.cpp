// SPDX-License-Identifier: Apache-2.0
// Oracle: hand-written files with hand-counted lines and columns; laws (round trip, precedence).
#include "engine/config/config_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/base/text.h"
#include "engine/config/config_writer.h"

namespace vane {
namespace {

struct Term {
  std::string kind = "clip";
  float weight = 1.f;
  bool operator==(const Term&) const = default;
  template <class V>
  static void fields(V& v) {
    v.field("kind", &Term::kind, "which term", {.choices = {"clip", "l2", "variation"}});
    v.field("weight", &Term::weight, "multiplier", {.min = 0, .max = 100});
  }
};

struct Everything {
  bool flag = false;
  int count = 3;
  int64_t steps = 120;
  uint64_t seed = 7;
  float rate = 0.1f;
  double tiny = 1e-300;
  std::string name = "plain";
  std::filesystem::path file;
  std::vector<double> sizes = {1, 2.5};
  std::optional<int> limit;
  Term term;
  std::vector<Term> terms;
  std::optional<Term> extra;
  std::string must;
  bool operator==(const Everything&) const = default;
  template <class V>
  static void fields(V& v) {
    using C = Everything;
    v.field("flag", &C::flag, "a switch");
    v.field("count", &C::count, "how many", {.min = 1, .max = 512});
    v.field("steps", &C::steps, "steps");
    v.field("seed", &C::seed, "seed");
    v.field("learning_rate", &C::rate, "rate", {.min = 0});
    v.field("tiny", &C::tiny, "a small number");
    v.field("name", &C::name, "a name");
    v.field("file", &C::file, "a file");
    v.field("sizes", &C::sizes, "some numbers");
    v.field("limit", &C::limit, "may be absent", {.min = 0});
    v.field("term", &C::term, "one group");
    v.field("terms", &C::terms, "a list of groups");
    v.field("extra", &C::extra, "a group that may be absent");
    v.field("must", &C::must, "needed", {.required = true});
  }
};

Everything read(const std::string& text, const std::filesystem::path& file = "dir/c.yaml") {
  Everything config;
  apply_yaml(*parse_yaml(text, file.string()), file, fields_of(config));
  return config;
}

std::vector<Error> errors_of(const std::string& text) {
  try {
    (void)read(text);
  } catch (const ConfigErrors& problem) {
    EXPECT_EQ(problem.code(), ErrorCode::config);
    return problem.errors();
  }
  ADD_FAILURE() << "accepted: " << text;
  return {};
}

void expect_one(const std::string& text, const std::string& what) {
  const auto errors = errors_of(text);
  ASSERT_EQ(errors.size(), 1u) << text;
  EXPECT_EQ(std::string(errors[0].what()), what);
}

TEST(ConfigReader, FillsEveryKindOfField) {
  const Everything config = read(
      "schema: 1\nflag: true\ncount: 5\nsteps: -9\nseed: 18446744073709551615\n"
      "learning-rate: 2.5e-3\ntiny: .5\nname: 12\nfile: pictures/a.png\nsizes: [3, 4]\nlimit: 8\n"
      "term: {weight: 2}\nterms: [{kind: l2}, {weight: 3}]\nextra: {}\nmust: no\n");
  EXPECT_TRUE(config.flag);
  EXPECT_EQ(config.count, 5);
  EXPECT_EQ(config.steps, -9);
  EXPECT_EQ(config.seed, 18446744073709551615ull);
  EXPECT_EQ(config.rate, 2.5e-3f);
  EXPECT_EQ(config.tiny, 0.5);
  EXPECT_EQ(config.name, "12");
  EXPECT_EQ(config.file, "dir/pictures/a.png");
  EXPECT_EQ(config.sizes, (std::vector<double>{3, 4}));
  EXPECT_EQ(config.limit, 8);
  EXPECT_EQ(config.term, (Term{"clip", 2.f}));
  EXPECT_EQ(config.terms, (std::vector<Term>{{"l2", 1.f}, {"clip", 3.f}}));
  EXPECT_TRUE(config.extra.has_value());
  EXPECT_EQ(config.must, "no");  // a word is text where text is wanted
}

TEST(ConfigReader, PathsAreRelativeToTheFileUnlessAbsolute) {
  EXPECT_EQ(read("file: ../a.png", "/x/y/c.yaml").file, "/x/a.png");
  EXPECT_EQ(read("file: /a.png", "/x/y/c.yaml").file, "/a.png");
  EXPECT_EQ(read("file: ~/$HOME", "c.yaml").file, "~/$HOME");
}

TEST(ConfigReader, UnknownKeysNameTheNearest) {
  expect_one("count: 5\nlerning_rate: 1\n",
             "dir/c.yaml:2:1: unknown key \"lerning_rate\"; did you mean learning_rate?");
  expect_one("term:\n  wieght: 1\n",
             "dir/c.yaml:2:3: unknown key \"wieght\"; did you mean weight?");
  expect_one("terms:\n  - kind: l2\n    zzz: 1\n",
             "dir/c.yaml:3:5: unknown key \"zzz\"; valid keys: kind, weight");
}

TEST(ConfigReader, WrongTypesRangesAndWordsHaveAPlace) {
  expect_one("count: many",
             "dir/c.yaml:1:8: count: expected a whole number from 1 to 512, got "
             "\"many\"");
  expect_one("count: 0", "dir/c.yaml:1:8: count: expected a whole number from 1 to 512, got \"0\"");
  expect_one("count: 1.5",
             "dir/c.yaml:1:8: count: expected a whole number from 1 to 512, got \"1.5\"");
  expect_one("count: 0x10",
             "dir/c.yaml:1:8: count: expected a whole number from 1 to 512, got \"0x10\"");
  expect_one("count: '5'",
             "dir/c.yaml:1:8: count: expected a whole number from 1 to 512, got the text \"5\"");
  expect_one("seed: -1", "dir/c.yaml:1:7: seed: expected a whole number, got \"-1\"");
  expect_one("flag: yes", "dir/c.yaml:1:7: flag: expected true or false, got \"yes\"");
  expect_one("tiny: .nan", "dir/c.yaml:1:7: tiny: expected a number, got \".nan\"");
  expect_one("tiny: 1e999", "dir/c.yaml:1:7: tiny: expected a number, got \"1e999\"");
  expect_one("tiny: 1,5", "dir/c.yaml:1:7: tiny: expected a number, got \"1,5\"");
  expect_one("name: [a]", "dir/c.yaml:1:7: name: expected text, got a list");
  expect_one("name:", "dir/c.yaml:1:1: name: expected text, got nothing");
  expect_one("sizes: 3", "dir/c.yaml:1:8: sizes: expected a list, got \"3\"");
  expect_one("term: 3", "dir/c.yaml:1:7: term: expected a group of keys, got \"3\"");
  expect_one("terms:\n- {kind: l3}",
             "dir/c.yaml:2:10: terms.0.kind: expected one of clip, l2, variation, got \"l3\"; did "
             "you mean l2?");
  expect_one("schema: 2", "dir/c.yaml:1:9: schema: this version reads schema 1, got \"2\"");
  expect_one("[1, 2]", "dir/c.yaml:1:1: expected a group of keys, got a list");
}

TEST(ConfigReader, IntegersBeyondTheirTypeAreRefused) {
  EXPECT_EQ(errors_of("steps: 9223372036854775808").size(), 1u);
  EXPECT_EQ(errors_of("seed: 18446744073709551616").size(), 1u);
  EXPECT_EQ(errors_of("learning_rate: 1e39").size(), 1u);
}

TEST(ConfigReader, CollectsAllErrorsUpToTwenty) {
  EXPECT_EQ(errors_of("a: 1\nb: 2\ncount: x\n").size(), 3u);
  std::string text;
  for (int i = 0; i < 50; ++i) text += "wrong" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(errors_of(text).size(), 20u);
}

TEST(ConfigReader, MapsMergeAndListsReplace) {
  Everything config;
  const Fields fields = fields_of(config);
  apply_yaml(*parse_yaml("term: {weight: 5}\nterms: [{weight: 1}, {weight: 2}]", ""), "", fields);
  apply_yaml(*parse_yaml("term: {kind: l2}\nterms: [{kind: l2}]\nlimit: 4", ""), "", fields);
  EXPECT_EQ(config.term, (Term{"l2", 5.f}));
  EXPECT_EQ(config.terms, (std::vector<Term>{{"l2", 1.f}}));
  apply_yaml(*parse_yaml("limit: null", ""), "", fields);
  EXPECT_FALSE(config.limit.has_value());
}

TEST(ConfigReader, RequiredFieldsMustComeFromSomewhere) {
  Everything config;
  ConfigOrigins origins;
  const Fields fields = fields_of(config);
  EXPECT_EQ(missing_fields(fields, origins), std::vector<std::string>{"must"});
  apply_override("must=here", fields, &origins);
  EXPECT_TRUE(missing_fields(fields, origins).empty());
  EXPECT_EQ(origins.at("must"), "--set");
}

std::string override_error(const std::string& assignment) {
  Everything config;
  config.terms.resize(1);
  try {
    apply_override(assignment, fields_of(config));
  } catch (const Error& problem) {
    EXPECT_EQ(problem.code(), ErrorCode::usage);
    return problem.what();
  }
  return "accepted";
}

TEST(ConfigOverride, ReachesGroupsListsAndIndices) {
  Everything config;
  const Fields fields = fields_of(config);
  for (const char* assignment :
       {"count=9", "term.weight=2.5", "terms=[{kind: l2}, {weight: 4}]", "terms.1.kind=variation",
        "terms.2.weight=7", "sizes.0=8", "sizes.2=9", "name=a: b, c=d", "limit=3",
        "learning-rate=0.25", "extra.kind=l2"}) {
    apply_override(assignment, fields);
  }
  EXPECT_EQ(config.count, 9);
  EXPECT_EQ(config.term.weight, 2.5f);
  EXPECT_EQ(config.terms, (std::vector<Term>{{"l2", 1.f}, {"variation", 4.f}, {"clip", 7.f}}));
  EXPECT_EQ(config.sizes, (std::vector<double>{8, 2.5, 9}));
  EXPECT_EQ(config.name, "a: b, c=d");
  EXPECT_EQ(config.limit, 3);
  EXPECT_EQ(config.rate, 0.25f);
  EXPECT_EQ(config.extra, (Term{"l2", 1.f}));
}

TEST(ConfigOverride, SaysWhatIsWrong) {
  EXPECT_EQ(override_error("count"), "expected --set KEY=VALUE, got \"count\"");
  EXPECT_EQ(override_error("cuont=1"),
            "--set cuont: there is no key \"cuont\"; did you mean count?");
  EXPECT_EQ(override_error("count=x"),
            "--set count: expected a whole number from 1 to 512, got \"x\"");
  EXPECT_EQ(override_error("terms.5.weight=1"),
            "--set terms.5.weight: \"5\" is not an index of terms, which has 1 entry");
  EXPECT_EQ(override_error("terms.x.weight=1"),
            "--set terms.x.weight: \"x\" is not an index of terms, which has 1 entry");
  EXPECT_EQ(override_error("count.x=1"), "--set count.x: count has no keys inside");
  EXPECT_NE(override_error("terms=[{kind: l9}]").find("expected one of clip"), std::string::npos);
  EXPECT_NE(override_error("sizes=[1").find("--set sizes"), std::string::npos);
}

TEST(ConfigWriter, RoundTripsRandomValues) {
  std::mt19937_64 random(1);  // any source of variety will do; the law holds for all values
  for (int round = 0; round < 300; ++round) {
    Everything config;
    config.flag = random() % 2;
    config.count = static_cast<int>(random() % 512) + 1;
    config.steps = static_cast<int64_t>(random());
    config.seed = random();
    config.rate =
        std::ldexp(static_cast<float>(random() % 16777216), static_cast<int>(random() % 60) - 40);
    config.tiny =
        std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 1800) - 1000);
    for (size_t i = random() % 12; i > 0; --i) {
      config.name += " \n\t\"'\\:#{}[]&*!|>%@`é漢-?,0~"[random() % 27];
    }
    config.name = is_utf8(config.name) ? config.name : "é漢: # 'x'";
    config.must = round % 3 ? "null" : "007";
    config.file = "/absolute/with space: and #";
    config.sizes.assign(random() % 4, -0.125);
    if (random() % 2) config.limit = 3;
    config.terms.assign(random() % 3, Term{"l2", 0.3f});
    if (random() % 2) config.extra = Term{"variation", 2.f};
    const std::string text = to_yaml(config, round % 2 == 0);
    Everything back;
    back.terms.resize(5);
    apply_yaml(*parse_yaml(text, "c.yaml"), "c.yaml", fields_of(back));
    ASSERT_EQ(back, config) << text;
  }
}

TEST(ConfigWriter, HashFollowsTheContentOnly) {
  Everything a, b;
  EXPECT_EQ(content_hash(fields_of(a)), content_hash(fields_of(b)));
  b.term.weight = 1.5f;
  EXPECT_NE(content_hash(fields_of(a)), content_hash(fields_of(b)));
}

TEST(ConfigWriter, SchemaSaysWhatTheReaderAccepts) {
  Everything config;
  const auto schema = json_schema(fields_of(config), "everything");
  EXPECT_EQ(schema["properties"]["count"]["type"], "integer");
  EXPECT_EQ(schema["properties"]["count"]["minimum"], 1);
  EXPECT_EQ(schema["properties"]["count"]["maximum"], 512);
  EXPECT_EQ(schema["properties"]["count"]["default"], 3);
  EXPECT_EQ(schema["properties"]["learning_rate"]["default"], 0.1);
  EXPECT_EQ(schema["properties"]["limit"]["type"], (nlohmann::ordered_json{"integer", "null"}));
  EXPECT_EQ(schema["properties"]["term"]["properties"]["kind"]["enum"].size(), 3u);
  EXPECT_EQ(schema["properties"]["terms"]["items"]["properties"]["weight"]["maximum"], 100);
  EXPECT_EQ(schema["required"], nlohmann::ordered_json{"must"});
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_TRUE(config.terms.empty()) << "describing an empty list must not fill it";
}

TEST(ConfigWriter, JsonKeepsTypesAndDropsWhatIsNotFinite) {
  Everything config;
  config.seed = 18446744073709551615ull;
  config.tiny = std::numeric_limits<double>::quiet_NaN();
  const auto json = fields_json(fields_of(config));
  EXPECT_EQ(json["seed"], 18446744073709551615ull);
  EXPECT_TRUE(json["tiny"].is_null());
  EXPECT_TRUE(json["limit"].is_null());
  EXPECT_EQ(json["flag"], false);
  EXPECT_EQ(json["sizes"], (nlohmann::ordered_json{1.0, 2.5}));
}

TEST(ConfigWriter, TableWritesGroupsOut) {
  Everything config;
  const std::string table = markdown_table(fields_of(config));
  EXPECT_NE(table.find("| `term.weight` | a number from 0 to 100 | `1` | multiplier |"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("| `must` | text | required | needed |"), std::string::npos) << table;
}

}  // namespace
}  // namespace vane
