// SPDX-License-Identifier: Apache-2.0
#include "editing/faces/dlib_file.h"

#include <string>

#include "engine/base/error.h"
#include "engine/base/hash.h"

namespace vane {

std::shared_ptr<const MappedFile> open_dlib_file(const std::filesystem::path& path,
                                                 std::string_view sha256, std::string_view what) {
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCode::input, std::string(what) + " are not there")
        .in_file(path)
        .with_hint("vane models get faces");
  }
  const auto file = MappedFile::open(path, 1ull << 30, static_cast<int>(ErrorCode::checkpoint));
  if (sha256_hex(file->view()) != sha256) {
    throw Error(ErrorCode::checkpoint, "does not hold " + std::string(what) + " as published")
        .in_file(path)
        .with_hint("delete it and call vane models get faces");
  }
  return file;
}

}  // namespace vane
