// SPDX-License-Identifier: Apache-2.0
#include "generators/splats/splat_recolour.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "engine/base/error.h"
#include "engine/base/text.h"

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

std::vector<float> recoloured(const SplatCloud& cloud, const std::vector<int64_t>& indices,
                              const std::array<float, 3>& colour) {
  double mean = 0;
  for (const int64_t index : indices) {
    mean += static_cast<double>(luma(rgb_of(cloud, index).data()));
  }
  const float middle =
      std::max(static_cast<float>(mean / static_cast<double>(indices.size())), kDark);
  std::vector<float> sh0;
  sh0.reserve(3 * indices.size());
  for (const int64_t index : indices) {
    const float gain = luma(rgb_of(cloud, index).data()) / middle;
    for (const float channel : colour) {
      sh0.push_back((std::clamp(channel * gain, 0.f, 1.f) - 0.5f) / kShOfColour);
    }
  }
  return sh0;
}

}  // namespace vane
