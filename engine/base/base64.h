// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes as text (RFC 4648, section 4: standard alphabet, padded).

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vane {

std::string base64_text(std::span<const std::byte> bytes);
/// The bytes of well-formed, padded base64 without white space; nothing for any other text
/// (foreign characters, wrong length, bits left over).
std::optional<std::vector<std::byte>> base64_bytes(std::string_view text);

}  // namespace vane
