// SPDX-License-Identifier: Apache-2.0
#include "engine/text/byte_pair.h"

#include <algorithm>
#include <queue>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/text/unicode.h"

namespace vane {
namespace {

constexpr std::string_view kWordEnd = "</w>";
constexpr uint32_t kSlotCount = 1u << 17;
constexpr int32_t kNone = -1;

/// Bytes that stand for themselves in the byte alphabet.
constexpr bool is_plain_byte(unsigned byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

/// All bytes in the order of the vocabulary: those that stand for themselves, then the others,
/// which are written as U+0100, U+0101, ...
std::array<uint8_t, 256> byte_order() {
  std::array<uint8_t, 256> order{};
  size_t count = 0;
  for (unsigned pass = 0; pass < 2; ++pass) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (is_plain_byte(byte) == (pass == 0)) order[count++] = static_cast<uint8_t>(byte);
    }
  }
  return order;
}

constexpr size_t kPlainBytes = 188;

uint32_t spread(uint32_t pair) { return (pair * 0x9E3779B1u) >> 15; }

/// Names to ids while the merge list is read.
class NameIndex {
 public:
  NameIndex(const std::string& names, const std::vector<uint32_t>& offsets)
      : names_(names), offsets_(offsets), slots_(kSlotCount, kNone) {}

  void insert(uint32_t id) {
    const std::string_view name = name_of(id);
    size_t slot = fnv1a(name) % kSlotCount;
    while (slots_[slot] != kNone) slot = (slot + 1) % kSlotCount;
    slots_[slot] = static_cast<int32_t>(id);
  }

  int32_t find(std::string_view name) const {
    size_t slot = fnv1a(name) % kSlotCount;
    while (slots_[slot] != kNone && name_of(static_cast<uint32_t>(slots_[slot])) != name) {
      slot = (slot + 1) % kSlotCount;
    }
    return slots_[slot];
  }

 private:
  std::string_view name_of(uint32_t id) const {
    return std::string_view(names_).substr(offsets_[id], offsets_[id + 1] - offsets_[id]);
  }
  const std::string& names_;
  const std::vector<uint32_t>& offsets_;
  std::vector<int32_t> slots_;
};

/// A pair that may be merged: `position` is the index of its left symbol.
struct Candidate {
  uint32_t product, left, right;
  int32_t position;
  bool operator>(const Candidate& other) const {
    return product != other.product ? product > other.product : position > other.position;
  }
};

}  // namespace

BytePairTable::BytePairTable(std::string_view merge_list) : slots_(kSlotCount) {
  names_.reserve(merge_list.size());
  name_offset_.reserve(512 + kMerges + 1);
  name_offset_.push_back(0);
  NameIndex index(names_, name_offset_);
  const auto finish_name = [&] {
    name_offset_.push_back(static_cast<uint32_t>(names_.size()));
    index.insert(static_cast<uint32_t>(name_offset_.size()) - 2);
  };
  const std::array<uint8_t, 256> order = byte_order();
  for (uint32_t id = 0; id < 512; ++id) {
    const size_t place = id % 256;
    const char32_t letter =
        place < kPlainBytes ? order[place] : 0x100 + char32_t(place - kPlainBytes);
    append_utf8(names_, letter);
    if (id < 256) symbol_of_byte_[order[place]] = static_cast<uint16_t>(place);
    if (id >= 256) names_ += kWordEnd;
    finish_name();
  }
  size_t begin = merge_list.find('\n') + 1;
  for (int merge = 0; merge < kMerges; ++merge) {
    const size_t end = std::min(merge_list.find('\n', begin), merge_list.size());
    const std::string_view line =
        merge_list.substr(std::min(begin, end), end - std::min(begin, end));
    const size_t space = line.find(' ');
    const std::string_view right_name =
        space == line.npos ? std::string_view() : line.substr(space + 1);
    const int32_t left = index.find(line.substr(0, space)), right = index.find(right_name);
    if (left == kNone || right == kNone) {
      throw Error(ErrorCode::input, "a merge must name two symbols defined before it")
          .at_line(merge + 2, 1)
          .with_hint("use the published bpe_simple_vocab_16e6.txt.gz");
    }
    names_ += line.substr(0, space);
    names_ += right_name;
    finish_name();
    add_merge(static_cast<uint32_t>(left), static_cast<uint32_t>(right),
              static_cast<uint32_t>(512 + merge));
    begin = end + 1;
  }
}

void BytePairTable::add_merge(uint32_t left, uint32_t right, uint32_t product) {
  const uint32_t pair = left << 16 | right;
  uint32_t slot = spread(pair);
  while (slots_[slot].product != 0) slot = (slot + 1) % kSlotCount;
  slots_[slot] = {pair, product};
}

uint32_t BytePairTable::product(uint32_t left, uint32_t right) const {
  const uint32_t pair = left << 16 | right;
  uint32_t slot = spread(pair);
  while (slots_[slot].product != 0 && slots_[slot].pair != pair) slot = (slot + 1) % kSlotCount;
  return slots_[slot].product;
}

void BytePairTable::encode(std::string_view piece, std::vector<int64_t>& ids) const {
  struct Symbol {
    uint32_t id;
    int32_t previous, next;
  };
  const auto count = static_cast<int32_t>(piece.size());
  std::vector<Symbol> symbols(piece.size());
  for (int32_t i = 0; i < count; ++i) {
    const auto byte = static_cast<unsigned char>(piece[static_cast<size_t>(i)]);
    symbols[static_cast<size_t>(i)] = {symbol_of_byte_[byte], i - 1, i + 1 < count ? i + 1 : kNone};
  }
  symbols.back().id += 256;

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto candidate = [&](int32_t position, auto&& accept) {
    if (position == kNone) return;
    const Symbol& left = symbols[static_cast<size_t>(position)];
    if (left.next == kNone) return;
    const uint32_t right = symbols[static_cast<size_t>(left.next)].id;
    const uint32_t merged = product(left.id, right);
    if (merged != 0) accept(Candidate{merged, left.id, right, position});
  };
  for (int32_t i = 0; i < count; ++i) candidate(i, [&](const Candidate& c) { queue.push(c); });

  // Pairs that a round creates wait for the next one: the reference merges every occurrence of the
  // best pair before it looks for the next best. A symbol swallowed by its left neighbour gets id
  // kMerged, so that candidates that named it are seen to be stale.
  constexpr uint32_t kMerged = 0xFFFFFFFF;
  std::vector<Candidate> created;
  while (!queue.empty()) {
    const uint32_t best = queue.top().product;
    created.clear();
    while (!queue.empty() && queue.top().product == best) {
      const Candidate top = queue.top();
      queue.pop();
      Symbol& left = symbols[static_cast<size_t>(top.position)];
      if (left.id != top.left || left.next == kNone) continue;
      Symbol& right = symbols[static_cast<size_t>(left.next)];
      if (right.id != top.right) continue;
      left.id = best;
      right.id = kMerged;
      left.next = right.next;
      if (left.next != kNone) symbols[static_cast<size_t>(left.next)].previous = top.position;
      candidate(left.previous, [&](const Candidate& c) { created.push_back(c); });
      candidate(top.position, [&](const Candidate& c) { created.push_back(c); });
    }
    for (const Candidate& c : created) queue.push(c);
  }
  for (int32_t i = 0; i != kNone; i = symbols[static_cast<size_t>(i)].next) {
    ids.push_back(symbols[static_cast<size_t>(i)].id);
  }
}

std::string BytePairTable::bytes(int64_t id) const {
  const auto at = static_cast<size_t>(id);
  const std::string_view name =
      std::string_view(names_).substr(name_offset_[at], name_offset_[at + 1] - name_offset_[at]);
  static const std::array<uint8_t, 256> order = byte_order();
  std::string out;
  for (char32_t letter : decode_utf8(name)) {
    out.push_back(static_cast<char>(letter < 0x100 ? letter : order[kPlainBytes + letter - 0x100]));
  }
  return out;
}

}  // namespace vane
