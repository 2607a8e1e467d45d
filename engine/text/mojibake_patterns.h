// SPDX-License-Identifier: Apache-2.0
#pragma once
// The character sequences that tell mojibake from text, as data.

#include <cstdint>
#include <string_view>
#include <vector>

namespace vane {

/// A set of characters: classes of the generated table, listed members, and a predicate.
struct CharacterSet {
  uint32_t classes = 0;
  std::u32string_view members = {};
  bool (*holds)(char32_t) = nullptr;

  bool contains(char32_t c, uint32_t classes_of_c) const {
    return (classes & classes_of_c) != 0 || members.find(c) != members.npos ||
           (holds != nullptr && holds(c));
  }
};

/// Sets that must match consecutive characters, at the start of the text only if `at_start`.
struct MojibakePattern {
  std::vector<CharacterSet> sets;
  bool at_start = false;
};

/// Text that matches one of these anywhere looks like mojibake.
const std::vector<MojibakePattern>& mojibake_patterns();

}  // namespace vane
