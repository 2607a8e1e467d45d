// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ways to edit a generated face by a phrase, as `vane evaluate edit` sees them.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "editing/training/edit_evaluation_config.h"
#include "engine/base/limits.h"
#include "engine/clip/clip_encoder.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

/// A face that is edited.
struct EditedSource {
  Tensor w_plus;           // [1,rows,W]
  Tensor image_embedding;  // [E], unit, of the guiding CLIP
};

/// Strength -> the picture [1,3,side,side], not clamped; 0 gives the unedited one bit for bit.
using EditedPicture = std::function<Tensor(double strength, int64_t side)>;

class EvaluatedEdit {
 public:
  virtual ~EvaluatedEdit() = default;
  /// The edit of one source. What it needs is computed here, so that strengths are cheap.
  virtual EditedPicture edit(const EditedSource& source, const std::string& from,
                             const std::string& to) = 0;
};

/// What methods share.
struct EditTools {
  const StyleGenerator& generator;
  const ClipEncoder& clip;
  const EditEvaluationConfig& config;
  Limits limits;
};

const std::vector<std::string>& evaluated_edit_names();
/// Throws Error{config} with the names that there are.
std::unique_ptr<EvaluatedEdit> make_evaluated_edit(const std::string& name, const EditTools& tools);

}  // namespace vane
