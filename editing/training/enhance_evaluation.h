// SPDX-License-Identifier: Apache-2.0
#pragma once
// Methods of enhancement on photographs that nothing was trained on, made backlit.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "editing/training/enhance_training_config.h"
#include "engine/base/job.h"
#include "engine/base/limits.h"

namespace vane {

struct EnhanceEvaluationOptions {
  /// Folder of weights of the method vane; empty: those that come with Vane.
  std::filesystem::path model;
  /// Names and files of published networks to measure beside.
  std::vector<std::pair<std::string, std::filesystem::path>> networks;
  uint64_t seed = 7;
  Limits limits{};
};

/// dB and SSIM against the photograph, means over pictures.
struct EnhanceMethodScore {
  std::string method;
  /// All samples, those of the subject, the others; of backlit pictures.
  double psnr = 0, psnr_subject = 0, psnr_rest = 0, ssim = 0, seconds = 0;
  /// Of bl-easy, bl-mid, bl-hard.
  std::vector<double> psnr_of_preset;
  /// Of photographs that nothing was done to; a picture that stays equal counts as 60 dB.
  double untouched = 0, untouched_worst = 0;
};

struct EnhanceEvaluation {
  /// One line: how many pictures, which size, which conventions.
  std::string protocol;
  std::vector<EnhanceMethodScore> methods;
  /// JSON of all, and the methods as a Markdown table.
  std::string json() const;
  std::string table() const;
};

/// Held-out photographs of the recipe's library; each is made backlit by one of three presets in
/// turn, with a subject of its own, and every third is measured untouched as well. Throws
/// Error{input} when no held-out photograph is installed; what load_relight_method() and
/// load_enhancement_network() throw.
EnhanceEvaluation evaluate_enhance(const EnhanceTrainingConfig& config,
                                   const EnhanceEvaluationOptions& options, Job& job);

}  // namespace vane
