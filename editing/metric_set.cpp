// SPDX-License-Identifier: Apache-2.0
#include "editing/metric_set.h"

#include <array>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/clip/clip_encoder.h"
#include "guidance/clip_gap.h"
#include "guidance/edit_metrics.h"
#include "guidance/lpips.h"
#include "guidance/naturalness.h"
#include "guidance/picture_metrics.h"
#include "guidance/structural_similarity.h"
#include "guidance/tone_statistics.h"

namespace vane {
namespace {

enum class Against { reference, before, nothing };

struct Named {
  const char *name, *protocol;
  Against against = Against::reference;
};
constexpr std::array<Named, 17> kMetrics{{
    {"psnr", "RGB, rounded to 8 bits"},
    {"psnr_y", "luma of BT.601 in studio range, rounded to levels"},
    {"ssim", "luma .299 .587 .114, not rounded"},
    {"ssim_rgb", "RGB, not rounded"},
    {"ms_ssim", "RGB, not rounded"},
    {"gmsd", "luma .299 .587 .114, not rounded"},
    {"loe", "max(R,G,B), reduced by areas to 50 px on the shorter side"},
    {"deltae", "CIELAB D65 of sRGB, not rounded"},
    {"chroma", "RGB, not rounded"},
    {"niqe_local", "luma .299 .587 .114, rounded to levels; model fitted by Vane unless given",
     Against::nothing},
    {"clip", "RGB as the CLIP takes it", Against::before},
    {"lpips", "RGB in [-1,1], not rounded"},
    {"luma", "luma .299 .587 .114 of RGB rounded to 8 bits", Against::nothing},
    {"dark", "luma .299 .587 .114, rounded to levels", Against::nothing},
    {"bright", "luma .299 .587 .114, rounded to levels", Against::nothing},
    {"entropy", "luma .299 .587 .114, rounded to levels", Against::nothing},
    {"colourfulness", "RGB, rounded to 8 bits", Against::nothing},
}};

double one(const Tensor& value) { return value.item<double>(); }

template <class Function>
auto compared(const char* name, Function function) {
  return [name, function](const MeasuredPictures& p, NamedValues& out) {
    out.emplace_back(name, function(p.reference, p.test));
  };
}

auto toned(const char* name, double ToneStatistics::*part) {
  return [name, part](const MeasuredPictures& p, NamedValues& out) {
    out.emplace_back(name, tone_statistics(p.test).*part);
  };
}

const Named& named(const std::string& name) {
  std::string known;
  for (const Named& metric : kMetrics) {
    if (name == metric.name) return metric;
    known += (known.empty() ? "" : ", ") + std::string(metric.name);
  }
  throw Error(ErrorCode::usage, "there is no metric \"" + name + "\"")
      .at_key("--metric")
      .with_hint("there are " + known);
}

}  // namespace

std::vector<std::string> MetricSet::names_alone() {
  std::vector<std::string> names;
  for (const Named& metric : kMetrics) {
    if (metric.against == Against::nothing) names.emplace_back(metric.name);
  }
  return names;
}

MetricSet::MetricSet(const std::vector<std::string>& names, const MetricModels& models,
                     const Limits& limits) {
  std::vector<const Named*> chosen;
  for (const std::string& name : split(join(names, ","), ',')) chosen.push_back(&named(name));
  for (const Named* metric : chosen) {
    const std::string name = metric->name;
    if (name == "lpips" && models.lpips.empty()) {
      unavailable_.emplace_back(name, "needs trained weights: --lpips FILE");
      continue;
    }
    needs_before_ = needs_before_ || metric->against == Against::before;
    if (metric->against == Against::reference && needs_reference_.empty()) needs_reference_ = name;
    measures_.push_back(made(name, models, limits));
    protocol_.push_back(name + ": " + metric->protocol);
  }
}

MetricSet::Measure MetricSet::made(const std::string& name, const MetricModels& models,
                                   const Limits& limits) {
  if (name == "psnr") return compared("psnr", psnr_rgb);
  if (name == "psnr_y") return compared("psnr_y", psnr_y);
  if (name == "ssim") return compared("ssim", ssim_luma);
  if (name == "ssim_rgb") {
    return compared("ssim_rgb", [](const Tensor& a, const Tensor& b) { return ssim(a, b); });
  }
  if (name == "ms_ssim") {
    return compared("ms_ssim", [](const Tensor& a, const Tensor& b) { return one(ms_ssim(a, b)); });
  }
  if (name == "gmsd") {
    return compared("gmsd", [](const Tensor& a, const Tensor& b) { return one(gmsd(a, b)); });
  }
  if (name == "loe") return compared("loe", lightness_order_error);
  if (name == "chroma") return compared("chroma", chroma_angle);
  if (name == "deltae") {
    return [](const MeasuredPictures& p, NamedValues& out) {
      const ColourDifference difference = delta_e_2000(p.reference, p.test);
      out.emplace_back("deltae", difference.mean);
      out.emplace_back("deltae_p95", difference.percentile_95);
    };
  }
  if (name == "luma") return toned("luma", &ToneStatistics::mean_luma);
  if (name == "dark") return toned("dark", &ToneStatistics::dark);
  if (name == "bright") return toned("bright", &ToneStatistics::bright);
  if (name == "entropy") return toned("entropy", &ToneStatistics::entropy);
  if (name == "colourfulness") return toned("colourfulness", &ToneStatistics::colourfulness);
  if (name == "niqe_local") {
    const auto model = load_naturalness(
        models.niqe.empty() ? assets_folder() / "models/niqe-local/niqe.safetensors" : models.niqe,
        limits);
    return [model](const MeasuredPictures& p, NamedValues& out) {
      out.emplace_back(model.is_published ? "niqe" : "niqe_local",
                       naturalness_distance(model, naturalness_features(p.test)));
    };
  }
  if (name == "lpips") {
    const auto measure =
        std::make_shared<Lpips>(Lpips::load(models.lpips, models.lpips_linear, limits));
    return [measure](const MeasuredPictures& p, NamedValues& out) {
      const at::NoGradGuard no_grad;
      out.emplace_back("lpips", one((*measure)(p.reference, p.test)));
    };
  }
  ClipLoadOptions options;
  options.limits = limits;
  options.text_tower = false;
  const std::shared_ptr<const ClipEncoder> clip = load_clip(models.clip, options);
  const Direction residual = load_direction(
      models.direction.empty() ? assets_folder() / "models/enhance-vane/direction.safetensors"
                               : models.direction,
      clip.get());
  return [clip, residual](const MeasuredPictures& p, NamedValues& out) {
    const at::NoGradGuard no_grad;
    const ClipGap gap =
        clip_gap(clip->image_features(p.before), clip->image_features(p.test), residual);
    out.emplace_back("clip_direction", gap.direction);
    out.emplace_back("gap_closed", gap.closed);
  };
}

NamedValues MetricSet::values(const MeasuredPictures& pictures, Job& job) const {
  NamedValues values;
  for (const Measure& measure : measures_) {
    job.check_cancelled();
    measure(pictures, values);
  }
  return values;
}

}  // namespace vane
