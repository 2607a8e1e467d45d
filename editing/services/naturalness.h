// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane naturalness fit`: what `vane metrics` compares a picture with for niqe_local. No torch
// here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct NaturalnessFitRequest {
  std::vector<std::filesystem::path> inputs;
  bool recursive = false;
  std::filesystem::path output;
  Limits limits{};  // filled from the global --limit

  template <class V>
  static void fields(V& v) {
    using C = NaturalnessFitRequest;
    v.field("inputs", &C::inputs,
            "at least 40 sharp photographs, folders of them, patterns, or @LIST with a path a line",
            {.required = true, .positional = true, .placeholder = "PHOTO"});
    v.field("recursive", &C::recursive, "look into the folders below a folder as well",
            {.short_flag = "r"});
    v.field("output", &C::output, "the fitted model",
            {.required = true, .short_flag = "o", .placeholder = "FILE.safetensors"});
  }
};

struct NaturalnessFitResult {
  std::string output;
  /// Photographs that gave blocks, the blocks, and photographs that gave none, with the reason.
  int64_t pictures = 0, blocks = 0;
  std::vector<std::string> skipped;
};

/// Photographs are taken at their size; what cannot be read is skipped with a warning. The result
/// does not depend on the order of the inputs.
/// Throws Error{usage} for fewer than 40 photographs with a sharp block, Error{input}, Cancelled.
NaturalnessFitResult naturalness_fit(const NaturalnessFitRequest& request, Job& job);

}  // namespace vane
