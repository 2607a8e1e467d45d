// SPDX-License-Identifier: Apache-2.0
#include "generators/develop/develop_lut.h"

#include <charconv>

#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "generators/develop/develop_constants.h"

namespace vane {
namespace {

// Six decimals are finer than a 16-bit level.
void append_number(std::string& text, double value) {
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 6);
  text.append(buffer, end.ptr);
}

std::string header(const DevelopSettings& settings, int size) {
  std::string text = "# Global colour of a Vane edit; sRGB-encoded input and output.\n";
  std::string left_out;
  if (settings.vignette != 0.f) left_out = "the vignette";
  if (!settings.grid.empty()) {
    left_out += left_out.empty() ? "the local colour grid" : " and the local colour grid";
  }
  text += left_out.empty() ? "# The edit has no part that depends on the place in the picture.\n"
                           : "# Left out, because a table knows no place: " + left_out + ".\n";
  text += "TITLE \"Vane develop settings\"\nLUT_3D_SIZE " + std::to_string(size) + "\n";
  text += "DOMAIN_MIN 0.0 0.0 0.0\nDOMAIN_MAX 1.0 1.0 1.0\n";
  return text;
}

}  // namespace

std::string cube_text(const DevelopSettings& settings, int size) {
  check_settings(settings);
  if (size < 2 || size > 256) {
    throw Error(ErrorCode::usage,
                "a 3D LUT needs 2 to 256 samples an axis, got " + std::to_string(size));
  }
  DevelopSettings global = scaled(settings, 1.f);
  global.vignette = 0;
  global.grid = {};
  const auto constants = develop::develop_constants<double>(global, 1, 1, {});
  std::string text = header(settings, size);
  const double step = 1.0 / (size - 1);
  for (int b = 0; b < size; ++b) {
    for (int g = 0; g < size; ++g) {
      for (int r = 0; r < size; ++r) {
        const double encoded[3] = {r * step, g * step, b * step};
        double linear[3], out[3];
        for (int i = 0; i < 3; ++i) linear[i] = develop::linear_from_srgb(encoded[i]);
        develop::develop_pixel(constants, 0.5, 0.5, encoded, linear, out);
        for (int i = 0; i < 3; ++i) {
          append_number(text, out[i]);
          text += i < 2 ? ' ' : '\n';
        }
      }
    }
  }
  return text;
}

void write_cube(const std::filesystem::path& path, const DevelopSettings& settings, int size) {
  atomic_write(path, cube_text(settings, size));
}

}  // namespace vane
