// SPDX-License-Identifier: Apache-2.0
#pragma once
// Develop settings as a YAML file beside a picture, exactly re-applicable and editable by hand.

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/limits.h"
#include "generators/develop/develop_settings.h"

namespace vane {

/// The text of a sidecar. Numbers read back as the same float32; values are kept within their
/// ranges, so that what is read back renders the same picture. The grid is base64 of little-endian
/// float32, [12,depth,height,width].
std::string sidecar_text(const DevelopSettings& settings);

/// Reads sidecar_text() or a hand-written file; settings that are left out are 0. `name` is what
/// messages call the file. Throws Error{config} with line and column for an unknown key, a value
/// out of range, a list of another length, a grid that contradicts its shape, another kind of file
/// or a newer version.
DevelopSettings sidecar_settings(std::string_view text, const std::string& name,
                                 const Limits& limits = {});

/// Writes atomically. Throws Error{resource}.
void save_sidecar(const std::filesystem::path& path, const DevelopSettings& settings);
/// Throws Error{input} when the file cannot be read, otherwise as sidecar_settings().
DevelopSettings load_sidecar(const std::filesystem::path& path, const Limits& limits = {});

}  // namespace vane
