// SPDX-License-Identifier: Apache-2.0
#pragma once
// safetensors: the only weights format that Vane writes. Layout and checks: robustness sheet 2.1.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/base/atomic_file.h"
#include "engine/weights/tensor_table.h"

namespace vane {

/// Parses one safetensors file; tensors are views into `source`.
/// Throws Error{checkpoint}; each class of fault has its own message.
TensorTable parse_safetensors(std::shared_ptr<const ByteSource> source, const Limits& limits = {});

/// Reads `NAME.safetensors.index.json` and its shards (bare file names in the same folder only).
TensorTable open_sharded_safetensors(const std::filesystem::path& index_json,
                                     const Limits& limits = {});

/// Writes contiguous tensors atomically: header padded so that data starts at a multiple of 64,
/// tensors sorted by element size descending, then name; the same input gives the same bytes.
/// Every record must be contiguous; throws Error{internal} otherwise, Error{resource} when the file
/// cannot be written.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorRecord>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

/// The same bytes into any sink.
void stream_safetensors(const ByteSink& sink, const std::vector<TensorRecord>& tensors,
                        const std::map<std::string, std::string>& metadata = {});

}  // namespace vane
