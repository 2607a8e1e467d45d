// SPDX-License-Identifier: Apache-2.0
#pragma once
// Flags that every command has.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/config/fields.h"

namespace vane {

struct GlobalOptions {
  bool help = false;
  bool json = false;
  std::string device = "cpu";
  int threads = 0;
  uint64_t seed = 0;
  bool quiet = false, verbose = false;
  std::vector<std::filesystem::path> config;
  std::vector<std::string> set, limit;
  bool no_color = false;

  template <class V>
  static void fields(V& v) {
    using C = GlobalOptions;
    v.field("help", &C::help, "show this help", {.short_flag = "h"});
    v.field("json", &C::json, "print one JSON document on stdout");
    v.field("device", &C::device, "where to compute", {.choices = {"cpu", "cuda"}});
    v.field("threads", &C::threads, "threads; 0: as many as physical cores",
            {.min = 0, .max = 1024, .placeholder = "N"});
    v.field("seed", &C::seed, "random seed", {.placeholder = "N"});
    v.field("quiet", &C::quiet, "no progress, only warnings and errors", {.short_flag = "q"});
    v.field("verbose", &C::verbose, "say more about what happens", {.short_flag = "v"});
    v.field("config", &C::config, "read options from a YAML file; later files win",
            {.repeat = true, .placeholder = "FILE"});
    v.field("set", &C::set, "set one option, also inside lists: guidance.0.weight=2",
            {.repeat = true, .placeholder = "KEY=VALUE"});
    v.field("limit", &C::limit, "raise a safety limit on files: image.pixels=400M",
            {.repeat = true, .placeholder = "NAME=VALUE"});
    v.field("no-color", &C::no_color, "no colours (also NO_COLOR)");
  }
};

}  // namespace vane
