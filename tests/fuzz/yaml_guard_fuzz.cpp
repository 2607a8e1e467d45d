// SPDX-License-Identifier: Apache-2.0
// Any bytes are either refused with Error{config} or become a bounded tree whose places lie inside
// the text; a struct read from it and written out again reads back equal.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/config/config_reader.h"
#include "engine/config/config_writer.h"

namespace {

struct Inner {
  float weight = 1.f;
  std::string kind;
  bool operator==(const Inner&) const = default;
  template <class V>
  static void fields(V& v) {
    v.field("weight", &Inner::weight, "");
    v.field("kind", &Inner::kind, "");
  }
};

struct Config {
  bool a = false;
  int64_t b = 0;
  double c = 0;
  std::string d;
  std::vector<double> e;
  std::vector<Inner> f;
  std::optional<Inner> g;
  bool operator==(const Config&) const = default;
  template <class V>
  static void fields(V& v) {
    v.field("a", &Config::a, "");
    v.field("b", &Config::b, "");
    v.field("c", &Config::c, "");
    v.field("d", &Config::d, "");
    v.field("e", &Config::e, "");
    v.field("f", &Config::f, "");
    v.field("g", &Config::g, "");
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const vane::YamlNode& node, int lines, uint64_t depth) {
  require(depth <= 64 && node.height <= 64);
  require(node.line >= 1 && node.line <= lines && node.column >= 1);
  uint64_t expanded = 1;
  for (const auto& item : node.items) {
    check(*item, lines, depth + 1);
    expanded += item->expanded;
  }
  for (const auto& entry : node.entries) {
    require(entry.line >= 1 && entry.line <= lines);
    check(*entry.value, lines, depth + 1);
    expanded += entry.value->expanded;
  }
  require(expanded == node.expanded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  vane::Limits limits;
  limits.yaml_nodes = 20'000;  // walking a million nodes would slow every run down
  try {
    const auto root = vane::parse_yaml(text, "fuzz.yaml", limits);
    // Every kind of line break that YAML knows.
    const auto breaks =
        std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; });
    check(*root, static_cast<int>(breaks) + 2, 0);
    Config config, back;
    vane::apply_yaml(*root, "fuzz.yaml", vane::fields_of(config));
    const std::string written = vane::to_yaml(config);
    vane::apply_yaml(*vane::parse_yaml(written, "again.yaml"), "again.yaml", vane::fields_of(back));
    require(back == config);
  } catch (const vane::Error& problem) {
    require(problem.code() == vane::ErrorCode::config);
    require(problem.file() == "fuzz.yaml");
  }
  return 0;
}
