// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which of many words a text starts with.

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace vane {

/// Words in the order of their bytes; the owner keeps the characters alive.
class PrefixIndex {
 public:
  PrefixIndex() = default;
  /// The words must differ; they are numbered by their place in `words`.
  explicit PrefixIndex(const std::vector<std::string_view>& words) {
    for (size_t i = 0; i < words.size(); ++i) entries_.push_back({words[i], i});
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.word < b.word; });
  }

  /// Calls found(number, bytes) for every word that `text` starts with, the shortest first.
  template <class Found>
  void each_prefix(std::string_view text, const Found& found) const {
    auto begin = entries_.begin(), end = entries_.end();
    for (size_t depth = 0; depth < text.size() && begin != end; ++depth) {
      // All that is left agrees with the text up to `depth`; a word of that length comes first.
      const auto byte = static_cast<unsigned char>(text[depth]);
      const auto key = [depth](const Entry& entry) {
        return entry.word.size() == depth ? -1 : int{static_cast<unsigned char>(entry.word[depth])};
      };
      begin = std::lower_bound(begin, end, int{byte},
                               [&](const Entry& entry, int value) { return key(entry) < value; });
      end = std::upper_bound(begin, end, int{byte},
                             [&](int value, const Entry& entry) { return value < key(entry); });
      if (begin != end && begin->word.size() == depth + 1) found(begin->number, depth + 1);
    }
  }

 private:
  struct Entry {
    std::string_view word;
    size_t number;
  };
  std::vector<Entry> entries_;
};

}  // namespace vane
