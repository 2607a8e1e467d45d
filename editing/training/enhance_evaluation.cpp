// SPDX-License-Identifier: Apache-2.0
#include "editing/training/enhance_evaluation.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/tensor/image_tensor.h"
#include "enhance/enhance_method.h"
#include "guidance/picture_metrics.h"

namespace vane {
namespace {

constexpr const char* kPresets[] = {"bl-easy", "bl-mid", "bl-hard"};
/// What equal pictures count as: their PSNR is infinite.
constexpr double kEqual = 60;
/// Shorter side in pixels.
constexpr int kSide = 256;

struct Case {
  Image lit, backlit;
  Tensor subject;     // bool [1,1,H,W]
  size_t preset = 0;  // 3: untouched
};

Raster raster_of(const Image& picture) {
  Raster raster(picture.width, picture.height);
  for (size_t i = 0; i < raster.rgb.size(); ++i) {
    raster.rgb[i] = srgb_to_linear(static_cast<float>(picture.u8[i]) / 255.f);
  }
  return raster;
}

/// PSNR of the samples where `where` holds, after rounding to 8 bits.
double psnr_where(const Tensor& a, const Tensor& b, const Tensor& where) {
  const Tensor error = ((a * 255).round() - (b * 255).round()).square().mean(1, true);
  const double mean = error.masked_select(where).mean().item<double>();
  return mean > 0 ? std::min(kEqual, 10 * std::log10(255 * 255 / mean)) : kEqual;
}

std::vector<Case> cases_of(const PhotoLibrary& library, uint64_t seed, int64_t& left_out) {
  std::vector<Case> cases;
  size_t index = 0;
  for (const Photograph& photograph : library.photographs) {
    if (!photograph.held_out) continue;
    Rng rng = Rng(seed).fork("evaluation", index);
    Case made;
    made.lit = photograph.picture;
    made.preset = index % 3;
    const Raster light = raster_of(made.lit);
    const std::vector<float> subject = random_subject(light, rng);
    const Raster dark =
        under_backlight(light, subject, backlight_preset(kPresets[made.preset]), rng);
    made.backlit = made.lit;
    made.backlit.u8 = to_srgb8(dark);
    made.subject = at::from_blob(const_cast<float*>(subject.data()),
                                 {1, 1, made.lit.height, made.lit.width}, at::kFloat) > 0.5;
    if (is_backlit(dark, subject)) {
      cases.push_back(made);
    } else {
      ++left_out;
    }
    if (index % 3 == 0) {
      made.backlit = made.lit;
      made.preset = 3;
      cases.push_back(std::move(made));
    }
    ++index;
  }
  return cases;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? std::numeric_limits<double>::quiet_NaN()
                        : sum / static_cast<double>(values.size());
}

EnhanceMethodScore score(const std::string& name, const EnhanceMethod& method,
                         const std::vector<Case>& cases, Job& job) {
  EnhanceMethodScore result;
  result.method = name;
  std::vector<double> all, subject, rest, similar, untouched;
  std::vector<std::vector<double>> preset(std::size(kPresets));
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < cases.size(); ++i) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(cases.size()), name);
    const Case& each = cases[i];
    EnhanceMeasures measures;
    QuietJob quiet;
    const Tensor got = image_to_tensor(method.enhance(each.backlit, {}, quiet, measures));
    const Tensor truth = image_to_tensor(each.lit);
    const double psnr = std::min(kEqual, psnr_rgb(truth, got));
    if (each.preset == std::size(kPresets)) {
      untouched.push_back(psnr);
      continue;
    }
    all.push_back(psnr);
    preset[each.preset].push_back(psnr);
    subject.push_back(psnr_where(truth, got, each.subject));
    rest.push_back(psnr_where(truth, got, each.subject.logical_not()));
    similar.push_back(ssim_luma(truth, got));
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.psnr = mean_of(all);
  result.psnr_subject = mean_of(subject);
  result.psnr_rest = mean_of(rest);
  result.ssim = mean_of(similar);
  for (const std::vector<double>& values : preset) result.psnr_of_preset.push_back(mean_of(values));
  result.untouched = mean_of(untouched);
  result.untouched_worst =
      untouched.empty() ? result.untouched : *std::min_element(untouched.begin(), untouched.end());
  return result;
}

nlohmann::json number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

}  // namespace

std::string EnhanceEvaluation::json() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const EnhanceMethodScore& m : methods) {
    nlohmann::ordered_json presets;
    for (size_t i = 0; i < m.psnr_of_preset.size(); ++i) {
      presets[kPresets[i]] = number(m.psnr_of_preset[i]);
    }
    list.push_back({{"method", m.method},
                    {"psnr", number(m.psnr)},
                    {"psnr_subject", number(m.psnr_subject)},
                    {"psnr_rest", number(m.psnr_rest)},
                    {"ssim", number(m.ssim)},
                    {"presets", presets},
                    {"untouched", number(m.untouched)},
                    {"untouched_worst", number(m.untouched_worst)},
                    {"seconds", number(m.seconds)}});
  }
  return nlohmann::ordered_json{{"protocol", protocol}, {"methods", list}, {"table", table()}}.dump(
      1);
}

std::string EnhanceEvaluation::table() const {
  std::string text =
      "| method | PSNR | subject | rest | SSIM | bl-easy | bl-mid | bl-hard | untouched, mean | "
      "worst |\n|---|---|---|---|---|---|---|---|---|---|\n";
  for (const EnhanceMethodScore& m : methods) {
    text += fmt::format("| {} | {:.2f} | {:.2f} | {:.2f} | {:.3f} |", m.method, m.psnr,
                        m.psnr_subject, m.psnr_rest, m.ssim);
    for (const double psnr : m.psnr_of_preset) text += fmt::format(" {:.2f} |", psnr);
    text += fmt::format(" {:.1f} | {:.1f} |\n", m.untouched, m.untouched_worst);
  }
  return text;
}

EnhanceEvaluation evaluate_enhance(const EnhanceTrainingConfig& config,
                                   const EnhanceEvaluationOptions& options, Job& job) {
  const at::NoGradGuard no_grad;
  PhotoLibraryConfig wanted = config.data.library;
  wanted.photograph_side = kSide;
  wanted.cutouts.clear();
  const PhotoLibrary library = load_photo_library(wanted, job);
  for (const std::string& file : library.missing) job.warn("not installed: " + file);
  int64_t left_out = 0;
  const std::vector<Case> cases = cases_of(library, options.seed, left_out);
  if (cases.empty()) throw Error(ErrorCode::input, "no photograph is marked held-out");
  const auto untouched = std::count_if(cases.begin(), cases.end(), [](const Case& each) {
    return each.preset == std::size(kPresets);
  });
  EnhanceEvaluation evaluation;
  evaluation.protocol = fmt::format(
      "{} backlit pictures of held-out photographs (presets bl-easy, bl-mid, bl-hard in turn), {} "
      "untouched, {} left out for not being dark; shorter side {} px; PSNR of RGB and SSIM of luma "
      "after rounding to 8 bits, means over pictures, equal pictures as {} dB; no statistic of the "
      "truth is used",
      static_cast<int64_t>(cases.size()) - untouched, untouched, left_out, kSide, kEqual);
  for (const std::string& name : enhance_method_names()) {
    const bool needs_weights = name == "rave" || name.starts_with("clip-lit");
    if (needs_weights) continue;
    const auto method = make_enhance_method(
        name, name == "vane" ? options.model : std::filesystem::path(), options.limits);
    evaluation.methods.push_back(score(name, *method, cases, job));
  }
  for (const auto& [name, file] : options.networks) {
    const auto method = make_enhance_method("rave", file, options.limits);
    evaluation.methods.push_back(score(name, *method, cases, job));
  }
  return evaluation;
}

}  // namespace vane
