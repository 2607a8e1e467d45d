// SPDX-License-Identifier: Apache-2.0
#pragma once
// SOG version 2 (PlayCanvas): meta.json beside lossless WebP textures, in a folder or a zip.

#include <functional>
#include <memory>
#include <string>

#include "engine/base/byte_source.h"
#include "engine/base/limits.h"
#include "engine/scene/splat_file.h"

namespace vane {

/// Opens a file that meta.json names; throws Error{input} when there is none.
using SogFiles = std::function<std::shared_ptr<const ByteSource>(const std::string& name)>;

/// Whether the text of a meta.json is that of a SOG scene.
bool is_sog_meta(std::span<const std::byte> text);

/// Throws Error{input}: another version, missing or ill-shaped members, codebooks of another length
/// than 256, names that are no bare file names, textures that are too small. `packed_bytes` is the
/// size of all files, which scene.ratio is measured by.
SplatFile parse_sog(std::span<const std::byte> meta, const SogFiles& files, uint64_t packed_bytes,
                    const Limits& limits);

/// `source` is a zip with meta.json in it. Throws Error{input}.
SplatFile parse_sog_zip(std::shared_ptr<const ByteSource> source, const Limits& limits);

}  // namespace vane
