// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/camera.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/byte_source.h"
#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/scene/rigid.h"

namespace vane {
namespace {

constexpr int kMostPixels = 16384;
constexpr double kRigidTolerance = 1e-3;

Error fault(const Json& value, std::string_view key, std::string message) {
  return Error(ErrorCode::input, std::move(message)).at_key(std::string(key)).at_byte(value.byte());
}

double number(const Json& object, std::string_view key) {
  const Json& value = object.at(key);
  if (!value.is_number() || !std::isfinite(value.as_number())) {
    throw fault(value, key, "expected a finite number");
  }
  return value.as_number();
}

int side(const Json& object, std::string_view key) {
  const double value = number(object, key);
  if (value != std::floor(value) || value < 1 || value > kMostPixels) {
    throw fault(object.at(key), key, fmt::format("expected 1 to {} whole pixels", kMostPixels));
  }
  return static_cast<int>(value);
}

double focal_length(const Json& object, std::string_view key) {
  const double value = number(object, key);
  if (!(value > 0)) throw fault(object.at(key), key, "a focal length is above 0");
  return value;
}

std::array<double, 12> rigid_motion(const Json& object) {
  constexpr std::string_view kKey = "world_to_camera";
  const Json& value = object.at(kKey);
  const auto wrong = [&] { return fault(value, kKey, "expected four rows of four numbers"); };
  if (!value.is_array() || value.items().size() != 4) throw wrong();
  std::array<double, 16> m{};
  for (size_t row = 0; row < 4; ++row) {
    const Json& line = value.items()[row];
    if (!line.is_array() || line.items().size() != 4) throw wrong();
    for (size_t column = 0; column < 4; ++column) {
      const Json& entry = line.items()[column];
      if (!entry.is_number()) throw wrong();
      m[4 * row + column] = entry.as_number();
    }
  }
  bool is_rigid = std::isfinite(m[3]) && std::isfinite(m[7]) && std::isfinite(m[11]);
  for (size_t column = 0; column < 4; ++column) {
    is_rigid &= std::abs(m[12 + column] - (column == 3 ? 1 : 0)) <= kRigidTolerance;
  }
  const auto r =
      nearest_rotation({m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10]}, kRigidTolerance);
  if (!is_rigid || !r) {
    throw fault(value, kKey, "is no rigid motion (a rotation, a shift, and 0 0 0 1 below)");
  }
  return {(*r)[0], (*r)[1], (*r)[2], m[3],    (*r)[3], (*r)[4],
          (*r)[5], m[7],    (*r)[6], (*r)[7], (*r)[8], m[11]};
}

std::array<float, 3> colour(const Json& value) {
  constexpr std::string_view kKey = "background";
  std::array<float, 3> rgb{};
  bool is_colour = value.is_array() && value.items().size() == 3;
  for (size_t c = 0; is_colour && c < 3; ++c) {
    const Json& channel = value.items()[c];
    is_colour = channel.is_number() && channel.as_number() >= 0 && channel.as_number() <= 1;
    if (is_colour) rgb[c] = static_cast<float>(channel.as_number());
  }
  if (!is_colour) throw fault(value, kKey, "expected three numbers in [0,1]");
  return rgb;
}

Camera camera_of(const Json& object) {
  if (!object.is_object()) {
    throw Error(ErrorCode::input, "expected a camera {\"width\", \"height\", …}, found " +
                                      std::string(object.kind_name()))
        .at_byte(object.byte());
  }
  Camera camera;
  camera.width = side(object, "width");
  camera.height = side(object, "height");
  camera.fx = focal_length(object, "fl_x");
  camera.fy = focal_length(object, "fl_y");
  camera.cx = number(object, "cx");
  camera.cy = number(object, "cy");
  camera.world_to_camera = rigid_motion(object);
  if (const Json* background = object.find("background")) camera.background = colour(*background);
  return camera;
}

}  // namespace

std::array<double, 3> Camera::centre() const {
  const auto& m = world_to_camera;
  std::array<double, 3> out{};
  for (size_t column = 0; column < 3; ++column) {
    out[column] = -(m[column] * m[3] + m[4 + column] * m[7] + m[8 + column] * m[11]);
  }
  return out;
}

std::array<double, 3> Camera::to_camera(const std::array<double, 3>& world) const {
  const auto& m = world_to_camera;
  std::array<double, 3> out{};
  for (size_t row = 0; row < 3; ++row) {
    out[row] = m[4 * row] * world[0] + m[4 * row + 1] * world[1] + m[4 * row + 2] * world[2] +
               m[4 * row + 3];
  }
  return out;
}

Camera Camera::resized(int new_width, int new_height) const {
  Camera out = *this;
  const double across = double(new_width) / width, down = double(new_height) / height;
  out.width = new_width;
  out.height = new_height;
  out.fx *= across;
  out.cx *= across;
  out.fy *= down;
  out.cy *= down;
  return out;
}

Camera Camera::at_most(int64_t longest) const {
  const int side = std::max(width, height);
  if (side <= longest) return *this;
  const double factor = static_cast<double>(longest) / side;
  return resized(std::max(1, static_cast<int>(std::lround(width * factor))),
                 std::max(1, static_cast<int>(std::lround(height * factor))));
}

std::vector<Camera> read_cameras(const std::filesystem::path& file) {
  const Limits limits;
  try {
    const auto source =
        MappedFile::open(file, limits.json_bytes, static_cast<int>(ErrorCode::input));
    const Json document =
        parse_json(text_view(source->view()), JsonRules::from(limits, ErrorCode::input));
    if (!document.is_array()) return {camera_of(document)};
    if (document.items().empty()) throw Error(ErrorCode::input, "holds no camera");
    std::vector<Camera> cameras;
    for (const Json& item : document.items()) {
      try {
        cameras.push_back(camera_of(item));
      } catch (Error& error) {
        error.add_context(fmt::format("while reading camera {}", cameras.size()));
        throw;
      }
    }
    return cameras;
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

nlohmann::ordered_json camera_json(const Camera& camera) {
  const auto& m = camera.world_to_camera;
  nlohmann::ordered_json matrix = nlohmann::ordered_json::array();
  for (size_t row = 0; row < 3; ++row) {
    matrix.push_back({m[4 * row], m[4 * row + 1], m[4 * row + 2], m[4 * row + 3]});
  }
  matrix.push_back({0., 0., 0., 1.});
  return {{"width", camera.width},     {"height", camera.height},
          {"fl_x", camera.fx},         {"fl_y", camera.fy},
          {"cx", camera.cx},           {"cy", camera.cy},
          {"world_to_camera", matrix}, {"background", camera.background}};
}

}  // namespace vane
