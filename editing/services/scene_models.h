// SPDX-License-Identifier: Apache-2.0
#pragma once
// The part of `vane models` that deals with scenes. No torch.

#include "editing/services/models.h"

namespace vane {

/// Fills `result` when the path is a scene of Gaussian splats (kind "scene") or a data set of
/// photographs with cameras ("dataset"), and tells whether it is one. A file of such a kind that
/// does not load has `fault`.
bool inspect_scene(const ModelsInspectRequest& request, ModelsInspectResult& result);

/// Writes a scene of splats in the layout that the name of the output ends with, and tells whether
/// the input is one. Throws Error{input} when it does not load, Error{usage} for another ending.
bool convert_scene(const ModelsConvertRequest& request, ModelsConvertResult& result);

}  // namespace vane
