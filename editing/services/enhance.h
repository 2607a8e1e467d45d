// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane enhance`: a backlit photograph brightened by an enhancement network. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct EnhanceRequest {
  std::filesystem::path input;
  std::filesystem::path output;
  std::filesystem::path model;
  double strength = 1;
  bool overwrite = false, skip_existing = false;
  std::string max_memory = "768MiB";
  int64_t jpeg_quality = 95;
  std::filesystem::path report;
  Limits limits{};  // filled from the global --limit

  template <class V>
  static void fields(V& v) {
    using C = EnhanceRequest;
    v.field("input", &C::input, "photograph to enhance",
            {.required = true, .positional = true, .placeholder = "PHOTO"});
    v.field("output", &C::output,
            "enhanced photograph (.jpg .png .tif .webp), or a folder that it goes to by its name",
            {.required = true, .short_flag = "o", .placeholder = "FILE|DIR"});
    v.field("model", &C::model, "weights of a CLIP-LIT or RAVE network (.pth, .safetensors)",
            {.required = true, .placeholder = "FILE"});
    v.field("strength", &C::strength, "exponent of the illumination map; 0 changes nothing",
            {.min = 0, .max = 2});
    v.field("overwrite", &C::overwrite, "replace an output that is there already");
    v.field("skip-existing", &C::skip_existing,
            "leave an output that is there already, and succeed");
    v.field("max-memory", &C::max_memory, "memory for the network beside the photograph",
            {.placeholder = "SIZE"});
    v.field("jpeg-quality", &C::jpeg_quality, "quality of JPEG and WebP output",
            {.min = 1, .max = 100});
    v.field("report", &C::report, "write a JSON report", {.placeholder = "FILE"});
  }
};

/// One photograph (sheet enhance.md, 8.3).
struct EnhancedFile {
  std::string input, output;
  /// "ok" or "skipped:exists".
  std::string status = "ok";
  int64_t width = 0, height = 0, channels = 0, bits = 8, orientation = 1;
  double map_min = 0, map_mean = 0, map_max = 0;
  double luma_before = 0, luma_after = 0, clipped_before = 0, clipped_after = 0;
  double decode_ms = 0, map_ms = 0, encode_ms = 0;
};

struct EnhanceResult {
  std::string model_name, model_hash;
  double strength = 1, seconds = 0;
  std::vector<EnhancedFile> files;
  /// The JSON of EnhanceRequest::report, which --json prints too.
  std::string report;
};

/// Writes the stored order of samples with the orientation tag kept; the network sees the upright
/// picture. At strength 0 a file of the same format is copied byte for byte.
/// Throws: Error{partial} when the output is there already, Error{usage} when it is the input,
/// Error{input}, Error{checkpoint}, Error{numeric}, Error{resource}; Cancelled, nothing written.
EnhanceResult enhance(const EnhanceRequest& request, Job& job);

}  // namespace vane
