// SPDX-License-Identifier: Apache-2.0
#pragma once
// One reader a layout of data sets. scene_data.h is the door for others.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/scene/scene_data.h"

namespace vane {

struct PictureSize {
  int width = 0, height = 0;
};

/// A name that a data set gives to one of its files, without "./" and with '/'. Throws Error{input}
/// for names that are absolute, lead upwards, hold NUL or backslashes, or have more than 4096
/// bytes.
std::string inner_name(const std::string& name);

/// The file `name` (of inner_name) of a data set, links followed. Throws Error{input} when there is
/// none or when it lies outside of `dataset`.
std::filesystem::path inner_file(const std::filesystem::path& dataset, const std::string& name);

/// What the header of a picture says. Throws Error{input}.
PictureSize picture_size(const std::filesystem::path& image, const Limits& limits);

/// `camera` on a picture of `size`, which may be a smaller version of the one it was made for.
/// Throws Error{input} when the sides are in another proportion.
Camera fitted(const Camera& camera, PictureSize size);

/// x, y, z of the rows of "vertex", and red, green, blue where there are such (grey elsewhere).
/// Points that are not finite are left out. Throws Error{input}.
std::vector<ScenePoint> parse_points_ply(std::span<const std::byte> file, const Limits& limits);

/// Throws Error{input} when there are no views, or more than scene.views.
void check_views(uint64_t count, const Limits& limits);

/// `file` is a transforms.json of nerfstudio or instant-ngp.
SceneData read_nerfstudio(const std::filesystem::path& file, const Limits& limits);
/// `dataset` holds transforms_train.json.
SceneData read_blender(const std::filesystem::path& dataset, const Limits& limits);

/// Where a data set keeps its COLMAP model: sparse/0 or sparse; nothing when it has none.
std::optional<std::filesystem::path> colmap_model(const std::filesystem::path& dataset);
SceneData read_colmap(const std::filesystem::path& dataset, const std::filesystem::path& model,
                      const Limits& limits);

/// Holds out every eighth view in order of name when there are 16 or more, else every fourth; none
/// of a single one.
void hold_out_by_rule(SceneData& data);

}  // namespace vane
