// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane edit` of scenes: some of their Gaussians, or all, moved along a direction. No torch here.

#include "editing/services/edit.h"

namespace vane {

/// Whether the request is for scene_edit(): its input is a scene by its name.
bool is_scene_edit(const EditRequest& request);

/// Edits an INRIA .ply into another; what is not edited keeps its bytes. `--mask` is a phrase, and
/// what it names is looked for in the scene's language field (`--field`, or the .lang beside the
/// scene); without it the whole scene moves. A change file is always written, beside the output
/// unless --sidecar names a place; with --apply it does the edit again, at --strength 0 it takes it
/// back, bit for bit. Throws Error; Error{input} when the scene holds nothing of that name.
EditResult scene_edit(const EditRequest& request, Job& job);

}  // namespace vane
