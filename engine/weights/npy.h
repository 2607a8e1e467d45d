// SPDX-License-Identifier: Apache-2.0
#pragma once
// NumPy's .npy: one array. The published relevance matrices and latents of StyleGAN editing come so
// (StyleGAN sheet, section 2.5).

#include <filesystem>
#include <memory>

#include "engine/weights/tensor_table.h"

namespace vane {

/// A table of the one tensor "array", a view into `source`. Versions 1 to 3; little-endian numbers
/// and booleans only. Arrays of objects, which are pickles, are refused. Throws Error{checkpoint}.
TensorTable parse_npy(std::shared_ptr<const ByteSource> source, const Limits& limits = {});

/// Writes one array, version 1.0 and row by row, as NumPy would; the name of the record is not
/// kept. The file appears whole or not at all. Throws Error{internal} for a record that is not
/// contiguous or whose type NumPy lacks (bfloat16, 8-bit floats), Error{resource} when it cannot be
/// written.
void write_npy(const std::filesystem::path& path, const TensorRecord& array);

}  // namespace vane
