// SPDX-License-Identifier: Apache-2.0
// Oracle: closed form; two tiny kinds whose results follow from their configuration.
#include "engine/config/registry.h"

#include <gtest/gtest.h>

#include <cmath>

namespace vane {
namespace {

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};
struct Square : Shape {
  explicit Square(double length) : side(length) {}
  double area() const override { return side * side; }
  double side;
};
struct SquareConfig {
  double side = 1;
  template <class V>
  static void fields(V& v) {
    v.field("side", &SquareConfig::side, "length of a side", {.min = 0});
  }
};
struct RowConfig {
  std::vector<double> widths;
  template <class V>
  static void fields(V& v) {
    v.field("widths", &RowConfig::widths, "of unit height", {.required = true});
  }
};

Registry<Shape, double> shapes() {
  Registry<Shape, double> registry;
  registry.add<SquareConfig>("square", "a square", "Euclid", [](const SquareConfig& c, double by) {
    return std::make_unique<Square>(c.side * by);
  });
  registry.add<RowConfig>("row", "a row", "Euclid", [](const RowConfig& c, double by) {
    double sum = 0;
    for (const double width : c.widths) sum += width;
    return std::make_unique<Square>(std::sqrt(sum) * by);
  });
  return registry;
}

std::string refusal(const std::string& text) {
  try {
    (void)shapes().make(*parse_yaml(text, "s.yaml"), "s.yaml", 1.0);
  } catch (const Error& problem) {
    EXPECT_EQ(problem.code(), ErrorCode::config);
    return problem.what();
  }
  return "accepted";
}

TEST(Registry, MakesTheNamedKindFromItsConfiguration) {
  const auto registry = shapes();
  EXPECT_DOUBLE_EQ(registry.make(*parse_yaml("{kind: square, side: 3}", ""), "", 2.0)->area(), 36);
  EXPECT_DOUBLE_EQ(registry.make(*parse_yaml("{kind: row, widths: [1, 2]}", ""), "", 1.0)->area(),
                   3);
}

TEST(Registry, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(refusal("kind: sqare"), "s.yaml:1:7: there is no kind \"sqare\"; did you mean square?");
  EXPECT_EQ(refusal("side: 3"), "s.yaml:1:1: the key kind is missing; kinds: row, square");
  EXPECT_EQ(refusal("kind: square\nsied: 3"),
            "s.yaml:2:1: unknown key \"sied\"; did you mean side?");
  EXPECT_EQ(refusal("kind: row"), "s.yaml: the key widths is missing");
}

TEST(Registry, ATakenNameIsABug) {
  auto registry = shapes();
  const auto again = [&] {
    registry.add<SquareConfig>(
        "square", "", "", [](const SquareConfig&, double) { return std::make_unique<Square>(1); });
  };
  EXPECT_THROW(again(), Error);
}

TEST(Registry, ListsSortedWithSchemas) {
  const auto registry = shapes();
  EXPECT_EQ(registry.names(), (std::vector<std::string>{"row", "square"}));
  const auto schema = registry.entries()[1]->schema();
  EXPECT_EQ(schema["properties"]["side"]["minimum"], 0);
}

}  // namespace
}  // namespace vane
