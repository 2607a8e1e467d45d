// SPDX-License-Identifier: Apache-2.0
#include "engine/base/assets.h"

#include <cstdlib>
#include <system_error>

#include "engine/base/error.h"

namespace vane {
namespace fs = std::filesystem;
namespace {

fs::path find_assets() {
  std::error_code ignored;
  if (const char* given = std::getenv("VANE_ASSETS"); given && *given) {
    if (fs::is_directory(given, ignored)) return given;
    throw Error(ErrorCode::input, "VANE_ASSETS is not a folder").in_file(given);
  }
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& candidate :
       {program / "assets", program.parent_path() / "assets",
        program.parent_path() / "share/vane/assets", fs::path(VANE_SOURCE_ASSETS)}) {
    if (fs::is_directory(candidate, ignored)) return candidate;
  }
  throw Error(ErrorCode::input, "the assets folder was not found")
      .with_hint("set VANE_ASSETS to the assets folder of Vane");
}

/// "vane" in the folder that `variable` names, else in `usual` of the home folder.
fs::path folder_of_user(const char* variable, const char* usual) {
  fs::path base;
  if (const char* xdg = std::getenv(variable); xdg && *xdg) {
    base = xdg;
  } else if (const char* home = std::getenv("HOME"); home && *home) {
    base = fs::path(home) / usual;
  } else {
    base = fs::temp_directory_path();
  }
  base /= "vane";
  std::error_code ignored;
  fs::create_directories(base, ignored);
  return base;
}

}  // namespace

const fs::path& assets_folder() {
  static const fs::path folder = find_assets();
  return folder;
}

fs::path cache_folder() { return folder_of_user("XDG_CACHE_HOME", ".cache"); }

fs::path data_folder() { return folder_of_user("XDG_DATA_HOME", ".local/share"); }

fs::path models_folder() { return assets_folder().parent_path() / "models"; }

}  // namespace vane
