// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane evaluate edit CONFIG.yaml`: portraits of nobody are edited by each method and measured.

#include "editing/services/train.h"

namespace vane {

/// Takes recipe, output, sheet and overrides of the request. Throws Error{input} when the face
/// generator or dlib's networks are not installed, Error{config} for a recipe that asks for what
/// cannot be measured, Cancelled.
EvaluateResult evaluate_edit(const EvaluateRequest& request, Job& job);

}  // namespace vane
