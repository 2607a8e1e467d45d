// SPDX-License-Identifier: Apache-2.0
#include "engine/base/file_words.h"

namespace vane {
namespace {

constexpr size_t kLongest = 40;

}  // namespace

std::string file_words(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
    if (name.size() == kLongest) break;
  }
  while (name.ends_with('-')) name.pop_back();
  return name;
}

}  // namespace vane
