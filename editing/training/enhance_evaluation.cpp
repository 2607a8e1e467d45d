// SPDX-License-Identifier: Apache-2.0
#include "editing/training/enhance_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "editing/drawing.h"
#include "engine/base/error.h"
#include "engine/data/backlight.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/picture_metrics.h"

namespace vane {
namespace {

const std::vector<std::string> kBacklitPresets{"bl-easy", "bl-mid", "bl-hard", "bl-scene"};
const std::string kScene = "bl-scene";
/// Rows of the sheet in turns.
const std::array<std::string, 2> kSheetPresets{"bl-mid", kScene};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A picture to enhance, and what it should become.
struct Sample {
  Image before, truth;
  std::vector<float> subject;
};

Image fitted(const Image& picture, int side) {
  const double scale = double(side) / std::max(picture.width, picture.height);
  if (scale >= 1) return to_rgb8(picture);
  const auto scaled = [&](int length) {
    return std::max(1, static_cast<int>(std::lround(length * scale)));
  };
  return resize_u8(to_rgb8(picture), scaled(picture.width), scaled(picture.height));
}

std::vector<const Photograph*> chosen_photographs(const PhotoLibrary& library, int64_t count) {
  std::vector<const Photograph*> held_out;
  for (const Photograph& photograph : library.photographs) {
    if (photograph.held_out) held_out.push_back(&photograph);
  }
  if (held_out.empty()) {
    throw Error(ErrorCode::config, "no photograph is held out").at_key("data.library.photographs");
  }
  const size_t wanted = std::min(held_out.size(), static_cast<size_t>(count));
  std::vector<const Photograph*> chosen;
  for (size_t i = 0; i < wanted; ++i) chosen.push_back(held_out[i * held_out.size() / wanted]);
  return chosen;
}

/// PSNR of the pixels that are (not) of the subject; NaN without any.
double psnr_where(const Sample& sample, const Image& after, bool subject) {
  double sum = 0;
  int64_t samples = 0;
  for (size_t i = 0; i < sample.subject.size(); ++i) {
    if ((sample.subject[i] >= 0.5f) != subject) continue;
    for (size_t c = 3 * i; c < 3 * i + 3; ++c) {
      const double error = double(after.u8[c]) - double(sample.truth.u8[c]);
      sum += error * error;
    }
    samples += 3;
  }
  if (samples == 0) return std::numeric_limits<double>::quiet_NaN();
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(samples) / sum);
}

/// A mean over the values that are finite.
class Mean {
 public:
  void add(double value) {
    if (!std::isfinite(value)) return;
    sum_ += value;
    ++count_;
  }
  double value() const {
    return count_ > 0 ? sum_ / static_cast<double>(count_)
                      : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

/// Of one picture.
struct Measured {
  double psnr, subject, rest, ssim, delta_e, order_error;
};

Measured measured(const Sample& sample, const Image& after) {
  const Tensor truth = image_to_tensor(sample.truth), seen = image_to_tensor(after);
  return {.psnr = psnr_rgb(truth, seen),
          .subject = psnr_where(sample, after, true),
          .rest = psnr_where(sample, after, false),
          .ssim = ssim_luma(truth, seen),
          .delta_e = delta_e_2000(truth, seen).mean,
          .order_error = lightness_order_error(image_to_tensor(sample.before), seen)};
}

class Account {
 public:
  void add(const Measured& seen) {
    ++pictures_;
    equal_ += seen.psnr == kInfinity;
    worst_ = std::min(worst_, seen.psnr);
    psnr_.add(seen.psnr);
    subject_.add(seen.subject);
    rest_.add(seen.rest);
    ssim_.add(seen.ssim);
    delta_e_.add(seen.delta_e);
    order_.add(seen.order_error);
  }

  EnhanceScores scores() const {
    return {.pictures = pictures_,
            .psnr = psnr_.value(),
            .psnr_subject = subject_.value(),
            .psnr_rest = rest_.value(),
            .ssim = ssim_.value(),
            .delta_e = delta_e_.value(),
            .order_error = order_.value(),
            .worst_psnr = worst_,
            .equal = equal_};
  }

 private:
  int64_t pictures_ = 0, equal_ = 0;
  double worst_ = kInfinity;
  Mean psnr_, subject_, rest_, ssim_, delta_e_, order_;
};

struct MethodAccount {
  Account backlit, well_lit;
  std::vector<Account> presets = std::vector<Account>(kBacklitPresets.size());
  double seconds = 0;
  int64_t pictures = 0;
};

/// Rows of pictures, each with a head of its own.
class SheetRows {
 public:
  explicit SheetRows(std::vector<std::string> heads) : heads_(std::move(heads)) {}

  void add(const Image& picture) { panels_.push_back(thumbnail(picture, kSide)); }
  size_t rows() const { return panels_.size() / heads_.size(); }

  Image draw() const {
    constexpr Colour kGround{32, 32, 32}, kInk{225, 225, 225};
    constexpr int kGap = 6, kScale = 1;
    const int head = text_height(kScale) + 2 * kGap;
    const int columns = static_cast<int>(heads_.size()), count = static_cast<int>(rows());
    Image sheet =
        blank_sheet(columns * (kSide + kGap) + kGap, head + count * (kSide + kGap), kGround);
    for (int i = 0; i < columns; ++i) {
      draw_text(sheet, heads_[static_cast<size_t>(i)], kGap + i * (kSide + kGap), kGap, kScale,
                kInk);
    }
    for (int i = 0; i < columns * count; ++i) {
      const Image& panel = panels_[static_cast<size_t>(i)];
      paste(sheet, panel, kGap + i % columns * (kSide + kGap) + (kSide - panel.width) / 2,
            head + i / columns * (kSide + kGap) + (kSide - panel.height) / 2);
    }
    return sheet;
  }

 private:
  static constexpr int kSide = 240;

  std::vector<std::string> heads_;
  std::vector<Image> panels_;
};

class Evaluation {
 public:
  Evaluation(const PhotoLibrary& library, const std::vector<EvaluatedMethod>& methods,
             const EnhanceEvaluationOptions& options, Job& job)
      : methods_(methods),
        options_(options),
        job_(job),
        photographs_(chosen_photographs(library, options.photographs)),
        accounts_(methods.size()),
        sheet_(heads(methods)) {
    result_.photographs = static_cast<int64_t>(photographs_.size());
    result_.presets = kBacklitPresets;
    result_.rejected.resize(kBacklitPresets.size());
  }

  EnhanceEvaluation run() {
    for (const Photograph* photograph : photographs_) {
      job_.check_cancelled();
      job_.progress(done_++, result_.photographs, "measuring");
      measure(*photograph);
    }
    finish();
    return std::move(result_);
  }

 private:
  static std::vector<std::string> heads(const std::vector<EvaluatedMethod>& methods) {
    std::vector<std::string> names{"before"};
    for (const EvaluatedMethod& method : methods) names.push_back(method.name);
    names.push_back("truth");
    return names;
  }

  void measure(const Photograph& photograph) {
    const Image truth = fitted(photograph.picture, options_.side);
    const Raster raster = to_raster(truth);
    const Rng rng = Rng(options_.seed).fork(photograph.file);
    Rng shape = rng.fork("subject");
    const std::vector<float> outlined = random_subject(raster, shape);
    Rng side = rng.fork("side");
    const std::vector<float> darker = darker_side(raster, side);
    for (size_t preset = 0; preset < kBacklitPresets.size(); ++preset) {
      Rng noise = rng.fork("noise", preset);
      const std::vector<float>& subject = kBacklitPresets[preset] == kScene ? darker : outlined;
      const Raster dark =
          under_backlight(raster, subject, backlight_preset(kBacklitPresets[preset]), noise);
      if (!is_backlit(dark, subject)) {
        ++result_.rejected[preset];
        continue;
      }
      Sample sample{truth, truth, subject};
      sample.before.u8 = to_srgb8(dark);
      const bool shown = kBacklitPresets[preset] == kSheetPresets[sheet_.rows() % 2] &&
                         sheet_.rows() < static_cast<size_t>(options_.sheet_photographs);
      if (shown) sheet_.add(sample.before);
      for (size_t i = 0; i < methods_.size(); ++i) {
        const Image after = enhanced(i, sample.before);
        const Measured seen = measured(sample, after);
        accounts_[i].backlit.add(seen);
        accounts_[i].presets[preset].add(seen);
        if (shown) sheet_.add(after);
      }
      if (shown) sheet_.add(truth);
    }
    const Sample untouched{truth, truth, outlined};
    for (size_t i = 0; i < methods_.size(); ++i) {
      accounts_[i].well_lit.add(measured(untouched, enhanced(i, truth)));
    }
  }

  Image enhanced(size_t method, const Image& before) {
    job_.check_cancelled();
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    EnhanceMeasures measures;
    QuietJob quiet;
    EnhanceControls controls;
    controls.refine_steps = methods_[method].refine_steps;
    Image after = methods_[method].method->enhance(before, controls, quiet, measures);
    accounts_[method].seconds += std::chrono::duration<double>(Clock::now() - start).count();
    ++accounts_[method].pictures;
    return after;
  }

  void finish() {
    for (size_t i = 0; i < methods_.size(); ++i) {
      const MethodAccount& account = accounts_[i];
      EnhanceMethodScores& scores = result_.methods.emplace_back();
      scores.name = methods_[i].name;
      scores.backlit = account.backlit.scores();
      scores.well_lit = account.well_lit.scores();
      for (const Account& preset : account.presets) scores.presets.push_back(preset.scores());
      scores.seconds_a_picture = account.seconds / static_cast<double>(account.pictures);
    }
    if (sheet_.rows() > 0) result_.sheet = sheet_.draw();
    std::string rejected;
    for (size_t i = 0; i < result_.presets.size(); ++i) {
      rejected +=
          fmt::format("{}{} of {}", i == 0 ? "" : ", ", result_.rejected[i], result_.presets[i]);
    }
    result_.protocol = fmt::format(
        "{} held-out photographs, longer side at most {} px (bicubic), seed {}; left out as not "
        "backlit: {}; sRGB, 8 bit; PSNR of all RGB samples in dB, SSIM of luma (11x11 Gaussian), "
        "mean CIEDE2000, lightness order error against the picture before at 50 px on the shorter "
        "side; means over pictures, equal ones left out of PSNR; nothing of the truth is used",
        result_.photographs, options_.side, options_.seed, rejected);
  }

  const std::vector<EvaluatedMethod>& methods_;
  const EnhanceEvaluationOptions& options_;
  Job& job_;
  std::vector<const Photograph*> photographs_;
  std::vector<MethodAccount> accounts_;
  SheetRows sheet_;
  EnhanceEvaluation result_;
  int64_t done_ = 0;
};

nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

nlohmann::ordered_json json_of(const EnhanceScores& scores) {
  return {{"pictures", scores.pictures},
          {"psnr", number(scores.psnr)},
          {"psnr_subject", number(scores.psnr_subject)},
          {"psnr_rest", number(scores.psnr_rest)},
          {"ssim", number(scores.ssim)},
          {"deltae", number(scores.delta_e)},
          {"loe", number(scores.order_error)},
          {"psnr_worst", number(scores.worst_psnr)},
          {"equal", scores.equal}};
}

std::string cell(double value, int digits) {
  if (std::isnan(value)) return "-";
  return std::isinf(value) ? "equal" : fmt::format("{:.{}f}", value, digits);
}

}  // namespace

std::string EnhanceEvaluation::json() const {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const EnhanceMethodScores& scores : methods) {
    nlohmann::ordered_json row{{"method", scores.name}, {"backlit", json_of(scores.backlit)}};
    for (size_t i = 0; i < presets.size(); ++i) row[presets[i]] = json_of(scores.presets[i]);
    row["ok"] = json_of(scores.well_lit);
    row["seconds_a_picture"] = scores.seconds_a_picture;
    rows.push_back(std::move(row));
  }
  nlohmann::ordered_json left_out = nlohmann::ordered_json::object();
  for (size_t i = 0; i < presets.size(); ++i) left_out[presets[i]] = rejected[i];
  return nlohmann::ordered_json{{"schema", 1},
                                {"protocol", protocol},
                                {"photographs", photographs},
                                {"rejected", left_out},
                                {"methods", rows}}
      .dump();
}

std::string EnhanceEvaluation::markdown() const {
  std::string text = protocol + "\n\n| method | PSNR | subject | rest | SSIM | dE | LOE |";
  std::string rule = "\n|---|---|---|---|---|---|---|";
  for (const std::string& preset : presets) {
    text += " " + preset + " |";
    rule += "---|";
  }
  text += " ok, mean | ok, worst | ok, equal | s |" + rule + "---|---|---|---|\n";
  for (const EnhanceMethodScores& scores : methods) {
    const EnhanceScores& all = scores.backlit;
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |", scores.name, cell(all.psnr, 2),
                        cell(all.psnr_subject, 2), cell(all.psnr_rest, 2), cell(all.ssim, 3),
                        cell(all.delta_e, 2), cell(all.order_error, 0));
    for (const EnhanceScores& preset : scores.presets) text += " " + cell(preset.psnr, 2) + " |";
    text += fmt::format(" {} | {} | {} of {} | {:.2f} |\n", cell(scores.well_lit.psnr, 2),
                        cell(scores.well_lit.worst_psnr, 2), scores.well_lit.equal,
                        scores.well_lit.pictures, scores.seconds_a_picture);
  }
  return text;
}

EnhanceEvaluation evaluate_enhance(const PhotoLibrary& library,
                                   const std::vector<EvaluatedMethod>& methods,
                                   const EnhanceEvaluationOptions& options, Job& job) {
  return Evaluation(library, methods, options, job).run();
}

}  // namespace vane
