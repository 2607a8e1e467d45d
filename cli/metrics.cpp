// SPDX-License-Identifier: Apache-2.0
#include "editing/services/metrics.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "cli/command_table.h"
#include "engine/base/text.h"

namespace vane {
namespace {

const char* meaning(const std::string& name) {
  static const std::map<std::string, const char*> kMeanings = {
      {"psnr", "dB, RGB rounded to 8 bits; higher is nearer"},
      {"psnr_y", "dB, luma of BT.601 in studio range"},
      {"ssim", "luma, Gaussian window 11 x 11; 1 is equal"},
      {"ssim_rgb", "mean over the channels"},
      {"ms_ssim", "five scales; 1 is equal"},
      {"gmsd", "deviation of gradients; 0 is equal"},
      {"loe", "changes of lightness order a pixel, at 50 px; 0 is best"},
      {"deltae", "CIEDE2000, mean"},
      {"deltae_p95", "CIEDE2000, 95th percentile"},
      {"chroma", "degrees between RGB vectors; 0 when only scaled"}};
  const auto found = kMeanings.find(name);
  return found == kMeanings.end() ? "" : found->second;
}

std::string page(const MetricsResult& result, const TerminalStyle& style) {
  TextTable table({false, true, false});
  const int64_t measured = static_cast<int64_t>(result.files.size()) - result.failed;
  for (const MetricMean& mean : result.mean) {
    std::string words = meaning(mean.name);
    if (mean.files > 0 && mean.files < measured) {
      words += fmt::format("; over {}, the others have none", mean.files);
    }
    table.row({mean.name, std::isinf(mean.value) ? "equal" : fmt::format("{:.4f}", mean.value),
               style.dim(words)});
  }
  std::string out = table.text();
  if (result.files.size() > 1) {
    out += style.dim(fmt::format("mean over {} pictures", measured));
    if (result.failed > 0) out += fmt::format(", {} failed", result.failed);
    out += "\n";
  }
  return out;
}

}  // namespace

Command metrics_command() {
  return {"metrics",
          "how near pictures are to their references",
          {{"vane metrics right.png enhanced.png", ""},
           {"vane metrics references/ enhanced/ -r --metric psnr,ssim --report numbers.json",
            "pictures of the same names, and their mean"}},
          [](Invocation& call) {
            MetricsRequest request;
            call.read(request);
            const auto result = call.compute<MetricsResult>("metrics", request);
            Json json = Json::parse(result.report);
            json.erase("schema");  // finish() puts it in front
            const int code = call.finish(json, page(result, call.style()));
            return code != 0 || result.failed == 0 ? code : static_cast<int>(ErrorCode::partial);
          }};
}

}  // namespace vane
