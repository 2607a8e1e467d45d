// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/transforms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/scene/rigid.h"
#include "engine/scene/scene_layouts.h"

namespace vane {
namespace {

constexpr double kMostPixels = 65'500;
/// Matrices of published sets have 4 to 7 digits.
constexpr double kRotationTolerance = 1e-2;

Error fault(const Json& value, std::string_view key, std::string message) {
  return Error(ErrorCode::input, std::move(message)).at_key(std::string(key)).at_byte(value.byte());
}

double finite(const Json& value, std::string_view key) {
  if (!value.is_number() || !std::isfinite(value.as_number())) {
    throw fault(value, key, "expected a finite number");
  }
  return value.as_number();
}

/// A field that may stand with the frame or, for all of them, at the top.
class FrameFields {
 public:
  FrameFields(const Json& frame, const Json& top) : frame_(frame), top_(top) {}

  const Json* find(std::string_view key) const {
    const Json* own = frame_.find(key);
    return own != nullptr ? own : top_.find(key);
  }
  std::optional<double> number(std::string_view key) const {
    const Json* value = find(key);
    return value == nullptr ? std::nullopt : std::optional(finite(*value, key));
  }
  std::optional<double> between(std::string_view key, double low, double high) const {
    const auto value = number(key);
    if (value && !(*value > low && *value < high)) {
      throw fault(*find(key), key,
                  fmt::format("expected a number between {:.6g} and {:.6g}", low, high));
    }
    return value;
  }

 private:
  const Json& frame_;
  const Json& top_;
};

void refuse_lens(const Json& value, std::string_view key, std::string lens) {
  throw fault(value, key, "the cameras have " + std::move(lens) + ", only pinholes are supported")
      .with_hint("undistort the pictures first (colmap image_undistorter does)");
}

void check_lens(const FrameFields& fields) {
  constexpr std::string_view kModels[] = {"OPENCV",        "PINHOLE", "SIMPLE_PINHOLE",
                                          "SIMPLE_RADIAL", "RADIAL",  "FULL_OPENCV"};
  if (const Json* model = fields.find("camera_model")) {
    const std::string& name = model->as_string();
    if (std::find(std::begin(kModels), std::end(kModels), name) == std::end(kModels)) {
      refuse_lens(*model, "camera_model", "the model " + printable(name, 40));
    }
  }
  for (const char* key : {"k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2"}) {
    const auto value = fields.number(key);
    if (value && *value != 0) {
      refuse_lens(*fields.find(key), key, fmt::format("lens distortion ({} = {})", key, *value));
    }
  }
  if (const Json* parameters = fields.find("distortion_params")) {
    for (const Json& parameter : parameters->items()) {
      if (finite(parameter, "distortion_params") != 0) {
        refuse_lens(parameter, "distortion_params", "lens distortion");
      }
    }
  }
  for (const char* key : {"is_fisheye", "equirectangular", "latlong", "orthographic"}) {
    const Json* flag = fields.find(key);
    if (flag != nullptr && flag->is_bool() && flag->as_bool()) {
      refuse_lens(*flag, key, fmt::format("another projection ({})", key));
    }
  }
}

std::array<double, 12> world_to_camera(const Json& frame) {
  constexpr std::string_view kKey = "transform_matrix";
  const Json& value = frame.at(kKey);
  const auto& rows = value.items();
  if (rows.size() != 4 && rows.size() != 3) throw fault(value, kKey, "expected four rows");
  std::array<std::array<double, 4>, 4> m{};
  m[3][3] = 1;
  for (size_t row = 0; row < rows.size(); ++row) {
    const auto& entries = rows[row].items();
    if (entries.size() != 4) throw fault(rows[row], kKey, "expected rows of four numbers");
    for (size_t column = 0; column < 4; ++column) m[row][column] = finite(entries[column], kKey);
  }
  for (size_t column = 0; column < 4; ++column) {
    if (!(std::abs(m[3][column] - (column == 3 ? 1 : 0)) <= 1e-6)) {
      throw fault(value, kKey, "its last row is not 0 0 0 1");
    }
  }
  Matrix3 axes{};
  for (size_t column = 0; column < 3; ++column) {
    // Some exporters scale the whole frame; a camera has no size.
    const double length = std::hypot(m[0][column], m[1][column], m[2][column]);
    for (size_t row = 0; row < 3; ++row) axes[3 * row + column] = m[row][column] / length;
  }
  const auto rotation = nearest_rotation(axes, kRotationTolerance);
  if (!rotation) throw fault(value, kKey, "holds no rotation");
  constexpr double kFarthest = 1e9;
  for (size_t row = 0; row < 3; ++row) {
    if (!(std::abs(m[row][3]) <= kFarthest)) throw fault(value, kKey, "lies too far away");
  }
  return world_to_camera_of_opengl(*rotation, {m[0][3], m[1][3], m[2][3]});
}

int side(const FrameFields& fields, std::string_view key) {
  const auto value = fields.number(key);
  if (!value) return 0;
  if (*value != std::floor(*value) || *value < 1 || *value > kMostPixels) {
    throw fault(*fields.find(key), key, fmt::format("expected 1 to {} whole pixels", kMostPixels));
  }
  return static_cast<int>(*value);
}

TransformsFrame frame_of(const Json& json, const Json& top) {
  const FrameFields fields(json, top);
  TransformsFrame frame;
  const Json& path = json.at("file_path");
  try {
    frame.file_path = inner_name(path.as_string());
  } catch (Error& error) {
    throw std::move(error).at_key("file_path").at_byte(path.byte());
  }
  check_lens(fields);
  frame.width = side(fields, "w");
  frame.height = side(fields, "h");
  constexpr double kMostFocal = 1e9;
  frame.fl_x = fields.between("fl_x", 0, kMostFocal);
  frame.fl_y = fields.between("fl_y", 0, kMostFocal);
  constexpr double kLeastAngle = 1e-6;  // keeps the focal length finite
  frame.angle_x = fields.between("camera_angle_x", kLeastAngle, std::numbers::pi);
  frame.angle_y = fields.between("camera_angle_y", kLeastAngle, std::numbers::pi);
  frame.cx = fields.number("cx");
  frame.cy = fields.number("cy");
  if (!frame.fl_x && !frame.angle_x) {
    throw fault(json, "fl_x", "the camera has no focal length (fl_x or camera_angle_x)");
  }
  frame.world_to_camera = world_to_camera(json);
  return frame;
}

std::set<std::string> names_of(const Json& list) {
  std::set<std::string> names;
  for (const Json& name : list.items()) names.insert(inner_name(name.as_string()));
  return names;
}

double focal_length(double angle, int pixels) { return 0.5 * pixels / std::tan(0.5 * angle); }

}  // namespace

Camera TransformsFrame::camera(int picture_width, int picture_height) const {
  Camera out;
  out.width = width > 0 ? width : picture_width;
  out.height = height > 0 ? height : picture_height;
  out.fx = fl_x ? *fl_x : focal_length(*angle_x, out.width);
  out.fy = fl_y ? *fl_y : angle_y ? focal_length(*angle_y, out.height) : out.fx;
  out.cx = cx.value_or(0.5 * out.width);
  out.cy = cy.value_or(0.5 * out.height);
  out.world_to_camera = world_to_camera;
  return fitted(out, {picture_width, picture_height});
}

Transforms parse_transforms(std::span<const std::byte> file, const Limits& limits) {
  const Json top = parse_json(text_view(file), JsonRules::from(limits, ErrorCode::input));
  Transforms out;
  const auto& frames = top.at("frames").items();
  check_views(frames.size(), limits);
  for (const Json& frame : frames) {
    try {
      out.frames.push_back(frame_of(frame, top));
    } catch (Error& error) {
      error.add_context(fmt::format("while reading frame {}", out.frames.size()));
      throw;
    }
  }
  if (const Json* path = top.find("ply_file_path"))
    out.ply_file_path = inner_name(path->as_string());
  if (const Json* list = top.find("train_filenames")) {
    out.has_training_list = true;
    out.training = names_of(*list);
  }
  if (const Json* list = top.find("val_filenames")) out.validation = names_of(*list);
  if (const Json* list = top.find("test_filenames")) out.test = names_of(*list);
  return out;
}

}  // namespace vane
