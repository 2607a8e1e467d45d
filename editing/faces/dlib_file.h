// SPDX-License-Identifier: Apache-2.0
#pragma once
// Published files of dlib, whose readers trust what they read.

#include <filesystem>
#include <memory>
#include <span>
#include <streambuf>
#include <string_view>

#include "engine/base/byte_source.h"

namespace vane {

/// Maps `path` when its SHA-256 is `sha256`. `what` it is: "the landmarks of faces". Throws
/// Error{input} when it is not there, Error{checkpoint} when it is another file.
std::shared_ptr<const MappedFile> open_dlib_file(const std::filesystem::path& path,
                                                 std::string_view sha256, std::string_view what);

/// Reads memory as a stream without a copy.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::span<const std::byte> bytes) {
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    setg(begin, begin, begin + bytes.size());
  }
};

}  // namespace vane
