// SPDX-License-Identifier: Apache-2.0
// Data sets that COLMAP made: pictures in images/, the model in sparse/0 or sparse.
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/scene/colmap.h"
#include "engine/scene/scene_layouts.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Opens `path` and parses it; errors get its name.
template <class Parse>
auto parsed(const fs::path& path, const Limits& limits, Parse parse) {
  try {
    const auto source =
        MappedFile::open(path, limits.scene_file_bytes, static_cast<int>(ErrorCode::input));
    return parse(source->view());
  } catch (Error& error) {
    error.set_file_if_empty(path);
    throw;
  }
}

SceneView view_of(const ColmapImage& image, const std::map<uint32_t, Camera>& cameras,
                  const fs::path& dataset, const fs::path& file, const Limits& limits) {
  try {
    const auto lens = cameras.find(image.camera);
    if (lens == cameras.end()) {
      throw Error(ErrorCode::input, "its camera " + std::to_string(image.camera) +
                                        " is not among the cameras of the model");
    }
    SceneView view;
    view.name = "images/" + image.name;
    view.image = inner_file(dataset, view.name);
    view.camera = fitted(lens->second, picture_size(view.image, limits));
    view.camera.world_to_camera = image.world_to_camera;
    return view;
  } catch (Error& error) {
    error.set_file_if_empty(file);
    error.add_context("while reading view " + image.name);
    throw;
  }
}

}  // namespace

std::optional<fs::path> colmap_model(const fs::path& dataset) {
  std::error_code fault;
  for (const char* folder : {"sparse/0", "sparse"}) {
    for (const char* file : {"cameras.bin", "cameras.txt"}) {
      if (fs::exists(dataset / folder / file, fault)) return dataset / folder;
    }
  }
  return std::nullopt;
}

SceneData read_colmap(const fs::path& dataset, const fs::path& model, const Limits& limits) {
  std::error_code fault;
  const bool is_binary = fs::exists(model / "cameras.bin", fault);
  const ColmapForm form = is_binary ? ColmapForm::binary : ColmapForm::text;
  const auto file = [&](const char* stem) {
    return model / (std::string(stem) + (is_binary ? ".bin" : ".txt"));
  };
  SceneData data;
  data.layout = "colmap";
  const auto cameras = parsed(file("cameras"), limits, [&](std::span<const std::byte> bytes) {
    return parse_colmap_cameras(bytes, form, limits);
  });
  const auto images = parsed(file("images"), limits, [&](std::span<const std::byte> bytes) {
    return parse_colmap_images(bytes, form, limits);
  });
  for (const ColmapImage& image : images) {
    data.views.push_back(view_of(image, cameras, dataset, file("images"), limits));
  }
  if (fs::exists(file("points3D"), fault)) {
    data.points = parsed(file("points3D"), limits, [&](std::span<const std::byte> bytes) {
      return parse_colmap_points(bytes, form, limits);
    });
  }
  hold_out_by_rule(data);
  return data;
}

}  // namespace vane
