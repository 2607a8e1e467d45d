// SPDX-License-Identifier: Apache-2.0
#pragma once
// The stream that torch.save wrote before 1.6: five pickles (magic number, protocol, system,
// object, storage keys), then for each key an i64 element count and the elements.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/weights/pickle_reader.h"

namespace vane {

struct LegacyStream {
  Pickle object;
  /// The bytes of each storage by its key; views of the stream.
  std::map<std::string_view, std::span<const std::byte>> runs;
};

/// Throws Error{checkpoint}: another start, storages that disagree with the object, bytes too few
/// or too many. `bytes` must outlive the result.
LegacyStream read_legacy_stream(std::span<const std::byte> bytes, const Limits& limits,
                                const std::string& file, bool allows_streams);

/// The storage that a stream inside a pickle holds, or nothing when it holds something else.
/// Throws Error{checkpoint}, with bytes counted from the start of the stream.
std::optional<PickleStorage> read_storage_stream(std::span<const std::byte> bytes,
                                                 const Limits& limits);

}  // namespace vane
