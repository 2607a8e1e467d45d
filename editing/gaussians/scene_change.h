// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an edit did to the rows of a scene's file: enough to do it again, to any strength, and to
// take it back.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/splat_cloud.h"
#include "engine/scene/splat_file.h"
#include "generators/gaussians/gaussian_generator.h"

namespace vane {

struct SceneChange {
  int64_t gaussians = 0;                // rows of the file
  std::vector<int64_t> rows;            // those that changed, ascending, as stored in the file
  std::vector<std::string> properties;  // of an INRIA .ply: "f_dc_0", …
  std::vector<float> before, after;     // [rows, properties], the bits of the file
};

/// The change of the Gaussians `indices` of `scene`, read from `source`, to `moved` (in the order
/// of `indices`), of the properties that `groups` move. Throws Error{input} unless `source` is a
/// binary INRIA .ply with these properties as floats.
SceneChange scene_change(const std::filesystem::path& source, const SplatFile& scene,
                         const std::vector<int64_t>& indices, const SplatCloud& moved,
                         const GaussianGroups& groups, const Limits& limits);

/// `source`, the scene before the change or after it, with the change at a strength: 0 has the
/// bits of before, 1 those of after, others lie on the line through both. Every other byte is that
/// of `source`. Throws Error{input} for a scene with another number of Gaussians.
void apply_scene_change(const std::filesystem::path& source, const SceneChange& change,
                        float strength, const std::filesystem::path& target, const Limits& limits);

/// A safetensors file: rows I64 [M], before and after F32 [M,P], and metadata. Throws
/// Error{checkpoint} for another kind of file, rows that are not ascending or not in the scene,
/// values that are not finite.
void save_scene_change(const std::filesystem::path& file, const SceneChange& change);
SceneChange load_scene_change(const std::filesystem::path& file, const Limits& limits);

}  // namespace vane
