// SPDX-License-Identifier: Apache-2.0
#pragma once
// Caps on what a file may ask for. Every cap can be raised by `--limit NAME=VALUE`; none is
// infinite.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vane {

/// Defaults of the robustness sheet, section 1. Names on the command line are
/// "weights.file_bytes" for `weights_file_bytes` and so on.
struct Limits {
  uint64_t weights_file_bytes = 64ull << 30;
  uint64_t weights_header_bytes = 100'000'000;
  uint64_t weights_tensors = 200'000;
  uint64_t weights_name_bytes = 4096;
  uint64_t pickle_ops = 50'000'000;
  uint64_t pickle_stack = 1'000'000;
  uint64_t pickle_memo = 10'000'000;
  uint64_t pickle_nesting = 256;
  uint64_t pickle_string_bytes = 64ull << 20;
  uint64_t zip_entries = 200'000;
  uint64_t zip_ratio = 200;
  uint64_t image_pixels = 1ull << 28;
  uint64_t image_side = 65'500;
  uint64_t image_decoded_bytes = 3ull << 30;
  uint64_t image_file_bytes = 1ull << 30;
  /// Decoded bytes per file byte, enforced when more than 256 MiB would be decoded.
  uint64_t image_ratio = 200;
  uint64_t image_jpeg_scans = 500;
  uint64_t scene_file_bytes = 64ull << 30;
  uint64_t scene_gaussians = 50'000'000;
  uint64_t scene_points = 200'000'000;
  uint64_t scene_views = 100'000;
  /// Decoded bytes per file byte of a packed scene, enforced when more than 256 MiB would be
  /// decoded.
  uint64_t scene_ratio = 200;
  uint64_t json_bytes = 256ull << 20;
  uint64_t json_depth = 64;
  uint64_t json_nodes = 20'000'000;
  uint64_t yaml_bytes = 8ull << 20;
  uint64_t yaml_depth = 64;
  uint64_t yaml_nodes = 1'000'000;
  uint64_t text_prompt_bytes = 65'536;

  /// Applies "NAME=VALUE" (byte sizes accept suffixes). Throws Error{usage} naming the nearest
  /// name.
  void set(std::string_view assignment);
  static std::vector<std::string> names();
};

}  // namespace vane
