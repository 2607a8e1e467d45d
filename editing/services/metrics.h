// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane metrics`: how near pictures are to their references. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct MetricsRequest {
  std::filesystem::path reference, test, before;
  std::vector<std::string> metrics;
  std::filesystem::path direction;
  std::string clip = "clip-mini";
  std::filesystem::path niqe_model, lpips, lpips_linear;
  bool recursive = false;
  std::filesystem::path report, csv;
  Limits limits{};  // filled from the global --limit

  template <class V>
  static void fields(V& v) {
    using C = MetricsRequest;
    v.field("reference", &C::reference,
            "picture, or folder of pictures, that is right; without TEST: that is measured by "
            "itself",
            {.required = true, .positional = true, .placeholder = "REFERENCE"});
    v.field("test", &C::test, "picture, or folder of pictures by the same names, to measure",
            {.positional = true, .placeholder = "TEST"});
    v.field(
        "metric", &C::metrics,
        "psnr, psnr_y, ssim, ssim_rgb, ms_ssim, gmsd, loe, deltae, chroma, lpips, which compare "
        "with the reference; clip, with what was before; niqe_local, luma, dark, bright, "
        "entropy, colourfulness, of the picture itself; commas part them too. By default psnr "
        "to chroma and niqe_local, or those of the picture itself",
        {.placeholder = "NAME"});
    v.field("before", &C::before,
            "picture, or folder of pictures by the same names, that was enhanced, for clip; the "
            "reference by default",
            {.placeholder = "PATH"});
    v.field("direction", &C::direction,
            "direction of `vane direction residual` for clip; that of the method vane by default",
            {.placeholder = "D.safetensors"});
    v.field("clip", &C::clip, "CLIP that the direction belongs to: a name, folder or checkpoint",
            {.placeholder = "MODEL"});
    v.field(
        "niqe-model", &C::niqe_model,
        "statistics of sharp photographs for niqe_local (`vane naturalness fit`), or the published "
        "mu_prisparam and cov_prisparam as safetensors, which give niqe; those that come with "
        "Vane by default",
        {.placeholder = "FILE"});
    v.field("lpips", &C::lpips, "weights of LPIPS, or of its AlexNet or VGG16",
            {.placeholder = "FILE"});
    v.field("lpips-linear", &C::lpips_linear,
            "its linear layers, when they have a file of their own", {.placeholder = "FILE"});
    v.field("recursive", &C::recursive, "look into the folders below a folder as well",
            {.short_flag = "r"});
    v.field("report", &C::report, "write the numbers of every picture as JSON",
            {.placeholder = "FILE"});
    v.field("csv", &C::csv, "write the numbers of every picture as a table",
            {.placeholder = "FILE"});
  }
};

/// Name and value in the order of the request; "deltae" gives its 95th percentile as well, "clip"
/// gives "clip_direction" and "gap_closed".
using MetricValues = std::vector<std::pair<std::string, double>>;

struct MeasuredFile {
  /// `reference` is empty where there is none.
  std::string reference, test;
  /// Empty when it could not be measured.
  MetricValues values;
  std::string error;
};

/// Over the files whose value is finite: the PSNR of equal pictures would hide all others. What is
/// finite nowhere keeps its value, with 0 files.
struct MetricMean {
  std::string name;
  double value = 0;
  int64_t files = 0;
};

struct MetricsResult {
  std::vector<MeasuredFile> files;
  std::vector<MetricMean> mean;
  /// What was asked for and nobody gave weights for: name and reason.
  std::vector<std::pair<std::string, std::string>> unavailable;
  /// How it was measured, in a line for each thing that papers leave out.
  std::vector<std::string> protocol;
  int64_t failed = 0;
  /// The JSON of MetricsRequest::report, which --json prints too.
  std::string report;
};

/// Colours are compared as stored (sRGB is assumed, a profile is not applied), upright, grey as
/// three equal channels, alpha left out. PSNR of equal pictures is infinite: null in JSON, as is
/// niqe_local below two blocks of 96 px and gap_closed where there was no gap.
/// Throws:  Error{usage} for an unknown metric, one that needs a picture that is not given, or a
/// file against a folder; of two files also
///          Error{input} for one that cannot be read and Error{usage} for other sizes. In a folder
///          such a pair is "failed" with a warning.
MetricsResult metrics(const MetricsRequest& request, Job& job);

}  // namespace vane
