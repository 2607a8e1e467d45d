// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toy_scene.h"

#include "engine/base/error.h"

namespace vane {
namespace {

float linear_from_srgb(float x) {
  return x <= 0.04045f ? x / 12.92f : std::pow((x + 0.055f) / 1.055f, 2.4f);
}

struct NamedColour {
  std::string_view name;
  uint32_t hex;
};
// Chosen by eye: saturated enough to be named without doubt, soft enough to sit together.
constexpr NamedColour kColours[] = {
    {"red", 0xdb3a34},    {"orange", 0xf28a30}, {"yellow", 0xf7c93e}, {"green", 0x4fa65a},
    {"blue", 0x3577cf},   {"purple", 0x8452bd}, {"pink", 0xf08ab0},   {"brown", 0x84532f},
    {"white", 0xf3eee6},  {"black", 0x2a2a30},  {"grey", 0x8c9098},   {"blond", 0xe6bf6b},
    {"ginger", 0xc45a24}, {"teal", 0x49b3a8},   {"cream", 0xf4e3c1},  {"pale", 0xf9d9c2},
    {"light", 0xedbb95},  {"tan", 0xcf9467},    {"dark", 0x6f4630},
};

std::string_view find_value(const std::vector<ToyAttribute>& attributes, std::string_view key) {
  for (const ToyAttribute& attribute : attributes) {
    if (attribute.key == key) return attribute.value;
  }
  return {};
}

}  // namespace

std::string_view toy_part_name(ToyPart part) {
  constexpr std::string_view names[kToyPartCount] = {"none",  "body",    "skin",    "hair",
                                                     "eye",   "mouth",   "glasses", "hat",
                                                     "beard", "clothes", "shoes",   "detail"};
  return names[static_cast<size_t>(part)];
}

std::string_view ToyThing::attribute(std::string_view key) const {
  return find_value(attributes, key);
}
std::string_view ToyScene::attribute(std::string_view key) const {
  return find_value(attributes, key);
}

Vec3 linear_from_hex(uint32_t hex) {
  const auto channel = [&](int shift) {
    return linear_from_srgb(static_cast<float>(hex >> shift & 255) / 255.f);
  };
  return {channel(16), channel(8), channel(0)};
}

Vec3 toy_colour(std::string_view name) {
  for (const NamedColour& colour : kColours) {
    if (colour.name == name) return linear_from_hex(colour.hex);
  }
  throw Error(ErrorCode::usage, "no colour of the toybox is called so").at_key(std::string(name));
}

ToyCamera ToyCamera::looking(Vec3 eye, Vec3 target, double field, int width, int height) {
  ToyCamera camera;
  camera.width = width;
  camera.height = height;
  camera.fl_x = camera.fl_y = 0.5 * std::min(width, height) / std::tan(0.5 * field);
  camera.cx = 0.5 * width;
  camera.cy = 0.5 * height;
  const Vec3 forward = normalised(target - eye);
  // Straight up or down there is no "right" by the world's z; the world's x serves.
  Vec3 right = cross(forward, {0, 0, 1});
  right = length(right) < 1e-4f ? Vec3{1, 0, 0} : normalised(right);
  const Vec3 down = cross(forward, right);
  const Vec3 rows[3] = {right, down, forward};
  for (size_t i = 0; i < 3; ++i) {
    camera.world_to_camera[4 * i] = rows[i].x;
    camera.world_to_camera[4 * i + 1] = rows[i].y;
    camera.world_to_camera[4 * i + 2] = rows[i].z;
    camera.world_to_camera[4 * i + 3] =
        -(double{rows[i].x} * eye.x + double{rows[i].y} * eye.y + double{rows[i].z} * eye.z);
  }
  return camera;
}

std::array<double, 3> ToyCamera::to_camera(Vec3 world) const {
  std::array<double, 3> out{};
  for (size_t i = 0; i < 3; ++i) {
    const double* row = world_to_camera.data() + 4 * i;
    out[i] = row[0] * world.x + row[1] * world.y + row[2] * world.z + row[3];
  }
  return out;
}

Vec3 ToyCamera::eye() const {
  const auto& m = world_to_camera;
  const auto coordinate = [&](size_t j) {
    return static_cast<float>(-(m[j] * m[3] + m[4 + j] * m[7] + m[8 + j] * m[11]));
  };
  return {coordinate(0), coordinate(1), coordinate(2)};
}

std::array<double, 16> ToyCamera::opengl_camera_to_world() const {
  const auto& m = world_to_camera;
  std::array<double, 16> out{};
  for (size_t j = 0; j < 3; ++j) {
    out[4 * j] = m[j];
    out[4 * j + 1] = -m[4 + j];
    out[4 * j + 2] = -m[8 + j];
    out[4 * j + 3] = -(m[j] * m[3] + m[4 + j] * m[7] + m[8 + j] * m[11]);
  }
  out[15] = 1;
  return out;
}

}  // namespace vane
