// SPDX-License-Identifier: Apache-2.0
#pragma once
// Byte-pair merges of the CLIP vocabulary (Sennrich et al. 2016; clip sheet 3.1 and 3.2).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vane {

/// Symbols are numbered as in the published vocabulary: 0..255 the bytes in the order of the byte
/// alphabet, 256..511 the same as the last byte of a word, 512+k the product of merge k.
class BytePairTable {
 public:
  static constexpr int kMerges = 48894;

  /// `merge_list` is the text of the merge file: a version line, then one merge per line.
  /// Throws Error{input} with the line when it is not of that form.
  explicit BytePairTable(std::string_view merge_list);

  /// Appends the ids of one piece (its bytes, not empty). The pair of lowest rank is merged
  /// wherever it stands, left to right, until no pair has a rank; O(n log n).
  void encode(std::string_view piece, std::vector<int64_t>& ids) const;

  /// Bytes of symbol `id` < 512 + kMerges; a symbol that ends a word carries a final "</w>".
  std::string bytes(int64_t id) const;

 private:
  struct Slot {
    uint32_t pair = 0xFFFFFFFF;  // left id << 16 | right id
    uint32_t product = 0;
  };
  /// Id of the product of two symbols, 0 when they do not merge. Lower ids merge first.
  uint32_t product(uint32_t left, uint32_t right) const;
  void add_merge(uint32_t left, uint32_t right, uint32_t product);

  std::vector<Slot> slots_;
  std::string names_;                  // all symbols in the byte alphabet, one after another
  std::vector<uint32_t> name_offset_;  // start of each symbol in names_, and its end
  std::array<uint16_t, 256> symbol_of_byte_{};
};

}  // namespace vane
