// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the files that come with the program are.

#include <filesystem>

namespace vane {

/// `$VANE_ASSETS` when set, else the `assets` folder beside or above the program, else the one of
/// the source tree it was built from. Throws Error{input} when none exists.
const std::filesystem::path& assets_folder();
/// A folder for files made at run time (`$XDG_CACHE_HOME/vane` or `~/.cache/vane`); created on use.
std::filesystem::path cache_folder();
/// A folder for what a person made and did not say where (`$XDG_DATA_HOME/vane` or
/// `~/.local/share/vane`); created on use.
std::filesystem::path data_folder();
/// Downloaded models (`models/` beside the assets folder): filled by setup.sh, may be absent.
std::filesystem::path models_folder();

}  // namespace vane
