// SPDX-License-Identifier: Apache-2.0
#pragma once
// The edits of a scene as a chain of `vane query`: each asks what the one before left.

#include <filesystem>
#include <vector>

#include "editing/document/commands.h"

namespace vane {

/// What is asked: a language field (`vane lift`), and its scene where the field names another place
/// (empty otherwise).
struct SceneField {
  std::filesystem::path field, scene;
};

/// What an edit of kind scene looks for, without anything to write.
QueryRequest scene_query(const Edit& edit, const SceneField& asked);

/// Whether an edit changes the scene, if it finds something.
bool changes_scene(const Edit& edit);

/// The commands that do `edits`, which change the scene and find something, in their order. Those
/// between leave step-N.ply and step-N.lang in the document's folder; the last writes `output`, or
/// is one of those when that is empty.
std::vector<Step> scene_steps(const std::vector<EditStack::Entry>& edits,
                              const DocumentPlaces& places, const SceneField& asked,
                              const std::filesystem::path& output);

/// What can be asked after those steps, which wrote no output of their own.
SceneField field_after(const std::vector<Step>& steps, const SceneField& asked);

/// The command that writes only what `edit` finds after `before`.
std::vector<Step> selection_steps(const std::vector<EditStack::Entry>& before, const Edit& edit,
                                  const DocumentPlaces& places, const SceneField& asked,
                                  const std::filesystem::path& output);

}  // namespace vane
