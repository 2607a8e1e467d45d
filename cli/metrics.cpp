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
      {"chroma", "degrees between RGB vectors; 0 when only scaled"},
      {"niqe", "statistics far from those of the authors' photographs; 0 is best"},
      {"niqe_local", "statistics far from those of sharp photographs; 0 is best"},
      {"clip_direction", "cosine of the change with the direction; 1 is best"},
      {"gap_closed", "way to the good pictures in CLIP; 1 reaches their mean"},
      {"lpips", "learned distance; 0 is equal"},
      {"luma", "mean, 0 to 1"},
      {"dark", "share of pixels below 5 of 255"},
      {"bright", "share of pixels above 250 of 255"},
      {"entropy", "bits a pixel, 0 to 8"},
      {"colourfulness", "Hasler and Suesstrunk; 0 is grey"}};
  const auto found = kMeanings.find(name);
  return found == kMeanings.end() ? "" : found->second;
}

std::string value_text(double value) {
  if (std::isnan(value)) return "none";
  return std::isinf(value) ? "equal" : fmt::format("{:.4f}", value);
}

std::string page(const MetricsResult& result, const TerminalStyle& style) {
  TextTable table({false, true, false});
  const int64_t measured = static_cast<int64_t>(result.files.size()) - result.failed;
  for (const MetricMean& mean : result.mean) {
    std::string words = meaning(mean.name);
    if (mean.files > 0 && mean.files < measured) {
      words += fmt::format("; over {}, the others have none", mean.files);
    }
    table.row({mean.name, value_text(mean.value), style.dim(words)});
  }
  for (const auto& [name, reason] : result.unavailable) {
    table.row({name, "unavailable", style.dim(reason)});
  }
  std::string out = table.text();
  for (const std::string& line : result.protocol) out += style.dim(line) + "\n";
  if (result.failed > 0) out += style.dim(fmt::format("{} failed", result.failed)) + "\n";
  return out;
}

}  // namespace

Command metrics_command() {
  return {"metrics",
          "how near pictures are to their references",
          {{"vane metrics right.png enhanced.png", ""},
           {"vane metrics references/ enhanced/ -r --metric psnr,ssim --report numbers.json",
            "pictures of the same names, and their mean"},
           {"vane metrics enhanced/ --csv numbers.csv", "what pictures are like by themselves"},
           {"vane metrics references/ enhanced/ --before backlit/ --metric clip",
            "how far towards well lit, as CLIP sees it"}},
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
