// SPDX-License-Identifier: Apache-2.0
#pragma once
// Locating and checking the central directory of a zip archive.

#include <vector>

#include "engine/base/byte_source.h"
#include "engine/base/limits.h"
#include "engine/weights/zip_archive.h"

namespace vane {

/// Entries of the archive in directory order, each checked against its local header and against
/// all others. Throws Error{checkpoint}.
std::vector<ZipEntry> read_zip_directory(const ByteSource& source, const Limits& limits);

}  // namespace vane
