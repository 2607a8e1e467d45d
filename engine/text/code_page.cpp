// SPDX-License-Identifier: Apache-2.0
#include "engine/text/code_page.h"

#include <algorithm>

#include "engine/text/mojibake_tables.h"
#include "engine/text/unicode.h"

namespace vane {
namespace {

constexpr char32_t kSubstitute = 0x1A;

}  // namespace

CodePage::CodePage(std::span<const uint16_t> high, bool sloppy_page, bool may_lose_spaces)
    : sloppy(sloppy_page), may_lose_no_break_space(may_lose_spaces) {
  for (size_t i = 0; i < byte_of_.size(); ++i) {
    const auto byte = static_cast<uint8_t>(0x80 + i);
    byte_of_[i] = {high.empty() ? byte : high[i], byte};
  }
  std::sort(byte_of_.begin(), byte_of_.end());
}

std::optional<std::string> CodePage::encode(std::u32string_view text) const {
  std::string out;
  out.reserve(text.size());
  for (char32_t c : text) {
    if (sloppy && (c == kSubstitute || c == kReplacementCharacter)) {
      if (c == kSubstitute) return std::nullopt;
      out.push_back(static_cast<char>(kSubstitute));
    } else if (c < 0x80) {
      out.push_back(static_cast<char>(c));
    } else {
      const auto found = std::lower_bound(byte_of_.begin(), byte_of_.end(), c,
                                          [](const std::pair<uint16_t, uint8_t>& entry,
                                             char32_t value) { return entry.first < value; });
      if (found == byte_of_.end() || found->first != c) return std::nullopt;
      out.push_back(static_cast<char>(found->second));
    }
  }
  return out;
}

std::span<const CodePage> code_pages() {
  using namespace text_tables;
  static const std::array<CodePage, 10> pages = {
      CodePage({}, false, true),
      CodePage(kSloppyWindows1252, true, true),
      CodePage(kSloppyWindows1251, true, true),
      CodePage(kSloppyWindows1250, true, true),
      CodePage(kSloppyWindows1253, true, true),
      CodePage(kSloppyWindows1254, true, true),
      CodePage(kSloppyWindows1257, true, true),
      CodePage(kIso88592, false, true),
      CodePage(kMacroman, false, false),
      CodePage(kCp437, false, true),
  };
  return pages;
}

}  // namespace vane
