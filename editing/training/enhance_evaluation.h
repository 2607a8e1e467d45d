// SPDX-License-Identifier: Apache-2.0
#pragma once
// How near each method brings held-out photographs, made backlit, to what they were.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/data/photo_library.h"
#include "enhance/enhance_method.h"

namespace vane {

struct EnhanceEvaluationOptions {
  /// Held-out photographs, spread evenly over those of the library.
  int64_t photographs = 24;
  /// Longer side, in pixels.
  int side = 512;
  /// Of the subjects and the noise; those of a photograph depend on its file name only.
  uint64_t seed = 7;
  /// Rows of the sheet of pictures (bl-mid and bl-scene in turns): before, each method, truth.
  int64_t sheet_photographs = 6;
};

struct EvaluatedMethod {
  std::string name;
  std::shared_ptr<const EnhanceMethod> method;
  /// EnhanceControls::refine_steps.
  int64_t refine_steps = 0;
};

/// Means over pictures.
struct EnhanceScores {
  int64_t pictures = 0;
  /// Of pictures that are not equal to the truth; NaN where all are.
  double psnr = 0;
  /// On pixels whose subject mask is at least one half, and on the others; PSNR of 8-bit RGB in dB.
  double psnr_subject = 0, psnr_rest = 0;
  double ssim = 0;
  /// Mean CIEDE2000.
  double delta_e = 0;
  /// Between the picture before and after, not the truth.
  double order_error = 0;
  /// Lowest PSNR; infinite where all are equal to the truth.
  double worst_psnr = 0;
  /// Pictures that are equal to the truth.
  int64_t equal = 0;
};

struct EnhanceMethodScores {
  std::string name;
  /// Of all backlit presets together; of each in the order of EnhanceEvaluation::presets; and of
  /// photographs that need nothing.
  EnhanceScores backlit, well_lit;
  std::vector<EnhanceScores> presets;
  double seconds_a_picture = 0;
};

struct EnhanceEvaluation {
  int64_t photographs = 0;
  std::vector<std::string> presets;
  /// Pictures of each preset that were left out since they did not become backlit (is_backlit()).
  std::vector<int64_t> rejected;
  std::vector<EnhanceMethodScores> methods;
  /// What was measured how, in one line.
  std::string protocol;
  /// 8-bit RGB; empty when no sheet was asked for.
  Image sheet;

  std::string json() const;
  /// The protocol, and a Markdown table.
  std::string markdown() const;
};

/// All photographs of `library` that are held out count, in every preset (engine/data/backlight.h).
/// Throws Error{config} when none is, Cancelled.
EnhanceEvaluation evaluate_enhance(const PhotoLibrary& library,
                                   const std::vector<EvaluatedMethod>& methods,
                                   const EnhanceEvaluationOptions& options, Job& job);

}  // namespace vane
