// SPDX-License-Identifier: Apache-2.0
#pragma once
// The global part of develop settings as a 3D look-up table for other programs.

#include <filesystem>
#include <string>

#include "generators/develop/develop_settings.h"

namespace vane {

/// Samples along each axis of the table.
inline constexpr int kCubeSize = 33;

/// A `.cube` file (Adobe Cube LUT Specification 1.0): sRGB-encoded in and out, red fastest.
/// The vignette and the local grid depend on the place in the picture and are left out; the
/// comment at the top says so. Throws Error{usage} when `size` is outside [2,256] or a setting is
/// not finite.
std::string cube_text(const DevelopSettings& settings, int size = kCubeSize);

/// Writes cube_text() atomically. Throws Error{resource}.
void write_cube(const std::filesystem::path& path, const DevelopSettings& settings,
                int size = kCubeSize);

}  // namespace vane
