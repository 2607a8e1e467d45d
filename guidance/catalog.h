// SPDX-License-Identifier: Apache-2.0
#pragma once
// The objectives by name, and a stack of them from a configuration list.

#include <filesystem>
#include <memory>
#include <vector>

#include "engine/config/registry.h"
#include "guidance/clip_views.h"
#include "guidance/objective.h"

namespace vane {

/// The encoders that CLIP objectives of a list share.
struct GuidanceContext {
  std::vector<WeightedEncoder> encoders;
};

using ObjectiveRegistry = Registry<Objective, const GuidanceContext&>;

/// All built-in objectives, the only list of them. Every configuration has `weight` and an optional
/// `name` for reports besides its own fields.
ObjectiveRegistry objective_registry();

/// A stack from a YAML list such as
///
///   - {kind: clip_directional, from: a photo, to: a warm photo, weight: 1}
///   - {kind: edge_structure, weight: 0.1}
///
/// Terms are named after `name`, else after the kind, with "_2" and so on for repetitions.
/// Throws Error{config} with file, line and column for what the registry refuses, and for a node
/// that is no list or an empty one.
std::unique_ptr<Objective> objective_stack(const ObjectiveRegistry& registry, const YamlNode& list,
                                           const std::filesystem::path& file,
                                           const GuidanceContext& context);

}  // namespace vane
