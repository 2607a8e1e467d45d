// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every parser owes for any bytes whatever: a result, or an Error that points into the input.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/byte_source.h"
#include "engine/base/error.h"

namespace vane {

/// Ends the run, so that the fuzzer keeps the input, when `holds` is false.
inline void require(bool holds, std::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "broken property: %.*s\n", static_cast<int>(property.size()),
               property.data());
  __builtin_trap();
}

/// Runs `parse`; an Error must be of class `code` and lie within the `size` bytes of the input.
/// Any other exception is a fault.
template <class Parse>
void require_result_or_error(size_t size, ErrorCode code, Parse parse) {
  try {
    parse();
  } catch (const Error& error) {
    require(error.code() == code, "the class of the error");
    require(error.byte().value_or(0) <= size, "the error lies within the input");
    require(!error.message().empty(), "the error says something");
  }
}

inline std::shared_ptr<const ByteSource> fuzz_source(const uint8_t* data, size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  return std::make_shared<MemorySource>(std::vector<std::byte>(bytes, bytes + size), "fuzz");
}

}  // namespace vane
