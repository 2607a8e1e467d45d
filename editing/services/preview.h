// SPDX-License-Identifier: Apache-2.0
#pragma once
// Edits of a small copy of a photograph in memory, fast enough for a slider. No torch here.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/image/image.h"

namespace vane {

using SharedImage = std::shared_ptr<const Image>;

/// Settings that a search found, put over `source`: what `vane edit --apply` does.
struct PreviewDevelopRequest {
  SharedImage source;
  std::filesystem::path settings;
  double strength = 1;
  /// Grey, any size; null: everywhere.
  SharedImage mask;
  Limits limits{};
};
struct PreviewDevelopResult {
  SharedImage image;
};

/// Throws Error{input}, Error{config} for the settings; Cancelled.
PreviewDevelopResult preview_develop(const PreviewDevelopRequest& request, Job& job);

/// Light that a method added to `source`: what `vane enhance` does.
struct PreviewEnhanceRequest {
  SharedImage source;
  std::string method;
  bool auto_strength = true;
  double strength = 1;
  SharedImage mask;
  /// Whether PreviewEnhanceResult::stops is wanted.
  bool map = false;
  /// PreviewEnhanceResult::known of the same source, method and auto_strength: with it a change of
  /// strength costs no network.
  std::shared_ptr<const void> known;
  Limits limits{};
};
struct PreviewEnhanceResult {
  SharedImage image;
  std::shared_ptr<const void> known;
  /// What the method chose, times what was asked for; 0: nothing is missing.
  double strength = 1;
  /// Stops of light added to each pixel, row by row (enhance_preview.h); empty unless wanted.
  std::vector<float> stops;
};

/// Throws as enhance() does for one photograph.
PreviewEnhanceResult preview_enhance(const PreviewEnhanceRequest& request, Job& job);

}  // namespace vane
