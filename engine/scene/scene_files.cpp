// SPDX-License-Identifier: Apache-2.0
// The files that a data set names: where they are, how large their pictures are, their points.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/scene/ply.h"
#include "engine/scene/scene_layouts.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostNameBytes = 4096;

bool lies_in(const fs::path& folder, const fs::path& file) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first ==
         folder.end();
}

/// Colours are stored as bytes, as 16-bit numbers, or as floats in [0,1].
float colour_scale(PlyType type) {
  if (type == PlyType::u8) return 1.f / 255;
  if (type == PlyType::u16) return 1.f / 65535;
  return 1.f;
}

}  // namespace

std::string inner_name(const std::string& name) {
  const fs::path path = fs::path(name).lexically_normal();
  const bool is_safe = !name.empty() && name.size() <= kMostNameBytes && path.is_relative() &&
                       name.find('\0') == std::string::npos &&
                       name.find('\\') == std::string::npos && *path.begin() != ".." &&
                       path.has_filename() && path != ".";
  if (!is_safe) {
    throw Error(ErrorCode::input,
                "the name \"" + printable(name) + "\" does not stay within the data set")
        .with_hint("names are relative to the data set and do not lead upwards");
  }
  return path.generic_string();
}

fs::path inner_file(const fs::path& dataset, const std::string& name) {
  std::error_code fault;
  const fs::path file = dataset / name;
  if (!fs::exists(file, fault)) {
    throw Error(ErrorCode::input, "there is no file " + printable(name) + " in the data set");
  }
  const fs::path folder = fs::canonical(dataset, fault);
  const fs::path target = fault ? fs::path() : fs::canonical(file, fault);
  if (fault || !lies_in(folder, target)) {
    throw Error(ErrorCode::input, "the file " + printable(name) + " leads out of the data set")
        .with_hint("put the file itself in the place of the link");
  }
  return file;
}

PictureSize picture_size(const fs::path& image, const Limits& limits) {
  const auto source =
      MappedFile::open(image, limits.image_file_bytes, static_cast<int>(ErrorCode::input));
  const ImageHeader header = read_image_header(*source, limits);
  return {static_cast<int>(header.width), static_cast<int>(header.height)};
}

Camera fitted(const Camera& camera, PictureSize size) {
  if (camera.width == size.width && camera.height == size.height) return camera;
  const double across = double(size.width) / camera.width;
  const double down = double(size.height) / camera.height;
  // Both sides were rounded to whole pixels.
  const bool fits = std::abs(camera.height * across - size.height) <= 1 ||
                    std::abs(camera.width * down - size.width) <= 1;
  if (!fits) {
    throw Error(ErrorCode::input,
                fmt::format("the picture has {}x{} pixels, its camera {}x{}: other proportions",
                            size.width, size.height, camera.width, camera.height));
  }
  return camera.resized(size.width, size.height);
}

std::vector<ScenePoint> parse_points_ply(std::span<const std::byte> file, const Limits& limits) {
  const PlyHeader header = parse_ply_header(file);
  const PlyTable table(file, header, "vertex", limits.scene_points, "scene.points");
  const PlyColumn position[3] = {table.column("x"), table.column("y"), table.column("z")};
  const std::optional<PlyColumn> colour[3] = {table.find_column("red"), table.find_column("green"),
                                              table.find_column("blue")};
  const bool is_text = header.encoding == PlyEncoding::ascii;
  float scale[3] = {1, 1, 1};
  for (size_t c = 0; c < 3; ++c) {
    if (!colour[c]) continue;
    constexpr const char* kNames[] = {"red", "green", "blue"};
    scale[c] = colour_scale(is_text ? table.element().find(kNames[c])->type : colour[c]->type);
  }
  std::vector<ScenePoint> points;
  points.reserve(static_cast<size_t>(table.count()));
  for (uint64_t i = 0; i < table.count(); ++i) {
    const std::byte* row = table.row(i);
    ScenePoint point{};
    bool is_finite = true;
    for (size_t c = 0; c < 3; ++c) {
      point.position[c] = static_cast<float>(position[c].load(row));
      is_finite &= std::isfinite(point.position[c]);
      const double value = colour[c] ? colour[c]->load(row) * double{scale[c]} : 0.5;
      point.rgb[c] = static_cast<float>(std::clamp(std::isnan(value) ? 0.5 : value, 0., 1.));
    }
    if (is_finite) points.push_back(point);
  }
  return points;
}

}  // namespace vane
