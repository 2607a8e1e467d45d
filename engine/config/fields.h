// SPDX-License-Identifier: Apache-2.0
#pragma once
// A configuration struct declares its fields once; flags, YAML, schema, help and widgets follow.
//
//   struct CutoutConfig {
//     int count = 16;
//     float power = 1.f;
//     template <class V>
//     static void fields(V& v) {
//       using C = CutoutConfig;
//       v.field("count", &C::count, "random crops per step", {.min = 1, .max = 512});
//       v.field("power", &C::power, "size distribution; below 1 favours large crops", {.min = 0.1,
//       .max = 8});
//     }
//   };
//
// Field types: bool, int, int64_t, uint64_t, float, double, std::string, std::filesystem::path,
// std::vector of those, std::optional of those, a nested struct with fields(), and a
// std::vector of nested structs. engine/config/field_node.h turns such a struct into typeless
// nodes. A name is spelled with - or _ alike, in files and in flags.

#include <limits>
#include <string>
#include <vector>

namespace vane {

/// What a field accepts and how it is shown.
struct FieldOptions {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  /// Allowed words of a string field; empty: any.
  std::vector<std::string> choices{};
  bool required = false;
  bool log_scale = false;
  /// Unit shown after the value: "px", "s", "EV".
  std::string unit{};
  /// Command line: spelled `-x` besides `--name` when not empty.
  std::string short_flag{};
  /// Command line: a positional argument instead of a flag.
  bool positional = false;
  /// Command line: a list flag that takes one value each time it is given (`--set a=1 --set b=2`)
  /// instead of all that follow (`--text a b`).
  bool repeat = false;
  /// What stands for the value in help: FILE, DIR, TEXT.
  std::string placeholder{};
};

}  // namespace vane
