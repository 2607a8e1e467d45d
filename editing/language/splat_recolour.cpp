// SPDX-License-Identifier: Apache-2.0
#include "editing/language/splat_recolour.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/scene/ply_patch.h"

namespace vane {
namespace {

constexpr float kShOfColour = 0.28209479f;
constexpr float kDark = 1e-3f;

float luma(const float* rgb) { return 0.2126f * rgb[0] + 0.7152f * rgb[1] + 0.0722f * rgb[2]; }

std::array<float, 3> rgb_of(const SplatCloud& cloud, int64_t index) {
  std::array<float, 3> rgb{};
  for (size_t c = 0; c < 3; ++c) {
    rgb[c] =
        std::clamp(0.5f + kShOfColour * cloud.sh0[3 * static_cast<size_t>(index) + c], 0.f, 1.f);
  }
  return rgb;
}

}  // namespace

std::array<float, 3> colour_named(const std::string& name) {
  static const std::map<std::string, uint32_t> kNames = {
      {"red", 0xd02020},   {"orange", 0xf08020}, {"yellow", 0xf0d030}, {"green", 0x30a040},
      {"blue", 0x2850c8},  {"purple", 0x8038b0}, {"pink", 0xf080b0},   {"white", 0xf4f4f4},
      {"black", 0x202020}, {"grey", 0x808080},   {"brown", 0x805030},  {"teal", 0x208888}};
  uint32_t hex = 0;
  const auto known = kNames.find(name);
  if (known != kNames.end()) {
    hex = known->second;
  } else {
    const char* end = name.data() + name.size();
    const bool is_hex = name.size() == 7 && name[0] == '#' &&
                        std::from_chars(name.data() + 1, end, hex, 16).ptr == end;
    if (!is_hex) {
      throw Error(ErrorCode::usage, "\"" + printable(name, 40) + "\" is no colour")
          .at_key("--recolour")
          .with_hint("say #rrggbb, or red, orange, yellow, green, blue, …");
    }
  }
  return {static_cast<float>(hex >> 16 & 255) / 255, static_cast<float>(hex >> 8 & 255) / 255,
          static_cast<float>(hex & 255) / 255};
}

void recolour_ply(const std::filesystem::path& source, const SplatFile& scene,
                  const std::vector<int64_t>& indices, const std::array<float, 3>& colour,
                  const std::filesystem::path& target, const Limits& limits) {
  if (scene.layout != "ply") {
    throw Error(ErrorCode::input, "only .ply scenes are recoloured, this is " + scene.layout)
        .in_file(source);
  }
  double mean = 0;
  for (const int64_t index : indices) {
    mean += static_cast<double>(luma(rgb_of(scene.cloud, index).data()));
  }
  const float middle =
      std::max(static_cast<float>(mean / static_cast<double>(indices.size())), kDark);
  const int rest = 3 * scene.cloud.rest_coefficients();
  std::vector<std::string> properties = {"f_dc_0", "f_dc_1", "f_dc_2"};
  for (int k = 0; k < rest; ++k) properties.push_back("f_rest_" + std::to_string(k));
  std::vector<int64_t> rows;
  std::vector<float> values;
  for (const int64_t index : indices) {
    rows.push_back(scene.source_row(index));
    const float gain = luma(rgb_of(scene.cloud, index).data()) / middle;
    for (const float channel : colour) {
      values.push_back((std::clamp(channel * gain, 0.f, 1.f) - 0.5f) / kShOfColour);
    }
    values.insert(values.end(), static_cast<size_t>(rest), 0.f);
  }
  patch_ply_rows(source, rows, properties, values, target, limits);
}

}  // namespace vane
