// SPDX-License-Identifier: Apache-2.0
#pragma once
// An uncompressed DNG without a camera (sheet enhance.md, section 9): a known picture seen through
// a Bayer mosaic. Written from the DNG specification alone, field by field.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/image/file_builder.h"

namespace vane::testing {

struct DngScene {
  uint32_t width = 96, height = 64;
  /// The light of the scene as the sensor is to record it: linear, in [0,1], by x, y and channel.
  std::function<double(uint32_t, uint32_t, int)> light = [](uint32_t, uint32_t, int) {
    return 0.2;
  };
  /// What grey looks like to the sensor: the camera's white balance undoes it.
  double neutral[3] = {1, 1, 1};
  uint16_t black = 256, white = 4095, orientation = 1;
  /// EXIF, to be found again in whatever is made of the file.
  bool has_exif = true;
  /// Changes to the fields after everything is laid out: tag and new type, count or value.
  std::function<void(std::vector<TiffItem>&)> change = [](std::vector<TiffItem>&) {};
};

/// Sensor values: the picture through red, green / green, blue filters.
inline std::vector<uint16_t> mosaic(const DngScene& scene) {
  std::vector<uint16_t> values;
  const double range = scene.white - scene.black;
  for (uint32_t y = 0; y < scene.height; ++y) {
    for (uint32_t x = 0; x < scene.width; ++x) {
      const int channel = static_cast<int>(y % 2 + x % 2);
      const double seen = scene.light(x, y, channel) * scene.neutral[channel];
      values.push_back(
          static_cast<uint16_t>(std::lround(scene.black + std::clamp(seen, 0.0, 1.0) * range)));
    }
  }
  return values;
}

inline std::vector<std::byte> dng_file(const DngScene& scene) {
  FileBuilder data;  // begins at byte 8 of the file
  const auto here = [&] { return static_cast<uint32_t>(8 + data.bytes.size()); };
  const auto rationals = [&](const std::vector<double>& values) {
    const uint32_t at = here();
    for (const double value : values) {
      data.le(static_cast<uint32_t>(static_cast<int32_t>(std::lround(value * 10000))), 4);
      data.le(10000, 4);
    }
    return at;
  };
  const auto text = [&](const std::string& value) {
    const uint32_t at = here();
    data.text(value).fill(value.size() % 2 ? 1 : 2, 0);
    return at;
  };
  const auto directory = [&](const std::vector<TiffItem>& fields) {
    const uint32_t at = here();
    data.le(fields.size(), 2);
    for (const TiffItem& f : fields) data.le(f.tag, 2).le(f.type, 2).le(f.count, 4).le(f.value, 4);
    data.le(0, 4);
    return at;
  };
  const uint32_t samples = here();
  for (const uint16_t value : mosaic(scene)) data.le(value, 2);
  // XYZ (D65) to linear sRGB (IEC 61966-2-1): the sensor has the primaries of sRGB.
  const uint32_t matrix =
      rationals({3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570});
  const uint32_t neutral = rationals({scene.neutral[0], scene.neutral[1], scene.neutral[2]});
  const uint32_t maker = text("Vane"), model = text("Test One"), camera = text("Vane Test One");
  std::vector<TiffItem> fields = {
      {254, 4, 1, 0},
      {256, 4, 1, scene.width},
      {257, 4, 1, scene.height},
      {258, 3, 1, 16},
      {259, 3, 1, 1},
      {262, 3, 1, 32803},
      {271, 2, 5, maker},
      {272, 2, 9, model},
      {273, 4, 1, samples},
      {274, 3, 1, scene.orientation},
      {277, 3, 1, 1},
      {278, 4, 1, scene.height},
      {279, 4, 1, scene.width * scene.height * 2},
      {284, 3, 1, 1},
      {33421, 3, 2, 2 | 2 << 16},
      {33422, 1, 4, 0 | 1 << 8 | 1 << 16 | 2 << 24},
  };
  if (scene.has_exif) {
    const uint32_t exposure = rationals({0.004}), aperture = rationals({2.8});
    const uint32_t date = text("2026:11:24 12:34:56");
    const uint32_t north = rationals({46, 30, 15}), east = rationals({7, 20, 5});
    const uint32_t exif = directory({{0x829A, 5, 1, exposure},
                                     {0x829D, 5, 1, aperture},
                                     {0x8827, 3, 1, 200},
                                     {0x9003, 2, 20, date},
                                     {0xA002, 4, 1, scene.width},
                                     {0xA003, 4, 1, scene.height}});
    const uint32_t gps =
        directory({{1, 2, 2, 'N'}, {2, 5, 3, north}, {3, 2, 2, 'E'}, {4, 5, 3, east}});
    fields.insert(fields.end(), {{0x8769, 4, 1, exif}, {0x8825, 4, 1, gps}});
  }
  fields.insert(fields.end(), {{50706, 1, 4, 1 | 4 << 8},
                               {50708, 2, 14, camera},
                               {50714, 3, 1, scene.black},
                               {50717, 3, 1, scene.white},
                               {50721, 10, 9, matrix},
                               {50728, 5, 3, neutral},
                               {50778, 3, 1, 21}});
  scene.change(fields);
  return tiff_file(fields, {reinterpret_cast<const char*>(data.bytes.data()), data.bytes.size()});
}

}  // namespace vane::testing
