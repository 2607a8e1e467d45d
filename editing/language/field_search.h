// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where in a language field the things asked for are: in space, and in a view.

#include <array>
#include <vector>

#include "editing/language/questions.h"
#include "engine/base/job.h"
#include "engine/scene/splat_cloud.h"
#include "generators/language/language_field.h"
#include "generators/language/splat_selection.h"

namespace vane {

struct SearchOptions {
  double temperature = 10;
  /// A thing whose score is lower is not there.
  double threshold = 0.425;
  /// A part must be so much more relevant than any whole to be what is meant, or there at all.
  double part_margin = 0.1;
};

/// What was found for a question in space.
struct FoundInSpace {
  int level = 0;
  /// The relevancy that the best 0.2 % of the Gaussians reach, counted by what the views saw of
  /// them; less the margin of parts where the level is not the last, that of wholes.
  double score = 0;
  bool present = false;
  std::vector<float> relevancy;    // [N] at that level
  std::vector<int64_t> gaussians;  // selected; empty when it is not there
};

/// The level of each question is the one that scores highest. A Gaussian that belongs to one object
/// by more than half is as relevant as that object: what lies at a border would otherwise mean a
/// mixture, which nothing is called. Others are as relevant as their mixture.
std::vector<FoundInSpace> search_space(const SplatCloud& cloud, const LanguageField& field,
                                       const QuestionSet& questions, const SearchOptions& options,
                                       Job& job);

/// What was found for a question in a view. Maps are [H,W].
struct FoundInView {
  std::vector<float> relevancy;
  /// 0 or 1: where the Gaussians that were selected in space are most of what is seen.
  std::vector<uint8_t> mask;
  std::vector<uint8_t> range_mask;     // 0 or 1: LangSplat's rule
  std::array<int, 2> point{0, 0};      // the highest smoothed relevancy, pixels
  std::array<int, 4> box{0, 0, 0, 0};  // of the mask, end exclusive; all 0 when it is empty
  double peak = 0;
};

/// Relevancy of pixels at the level found in space, smoothed and cut as LangSplat does (splatting
/// sheet, section 7.5): half the map and half its box mean; the point is the highest of the box
/// mean, deepest inside where several are as high. The box is 30 pixels for pictures of LERF's size
/// (986 wide) and scales with them. The range mask is where the map passes 0.7 of its range, then a
/// majority of 7 x 7. What is not there has empty masks.
std::vector<FoundInView> search_view(const SplatRaster& raster, const Camera& camera,
                                     const LanguageField& field, const QuestionSet& questions,
                                     const std::vector<FoundInSpace>& found,
                                     const SearchOptions& options, Job& job);

/// Mean over a box of `size` pixels, the border mirrored without repeating it (OpenCV's
/// reflect101).
std::vector<float> box_mean(const std::vector<float>& map, int width, int height, int size);

}  // namespace vane
