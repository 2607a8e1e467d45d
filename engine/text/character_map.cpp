// SPDX-License-Identifier: Apache-2.0
#include "engine/text/character_map.h"

#include <algorithm>
#include <cstring>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";      // U+2581
constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";  // U+FFFD

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::checkpoint, "damaged SentencePiece model: " + what)
      .at_key("normalizer_spec.precompiled_charsmap");
}

// A unit of Darts-clone, a 32-bit word (google/sentencepiece, third_party/darts_clone/darts.h).
bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t label_of(uint32_t unit) { return unit & 0x800000FF; }
uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

/// Bytes of a well-formed character at the start of `text`, or 0.
size_t well_formed_bytes(std::string_view text) {
  const size_t size = character_bytes(text);
  return is_utf8(text.substr(0, size)) ? size : 0;
}

void trim_end(std::string& text, std::string_view space) {
  while (text.ends_with(space)) text.resize(text.size() - space.size());
}

}  // namespace

size_t character_bytes(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  return std::min(size, text.size());
}

CharacterMap::CharacterMap(NormaliserSpec spec, const std::vector<std::string_view>& verbatim)
    : spec_(std::move(spec)), verbatim_(verbatim) {
  const std::string blob = std::move(spec_.character_map);
  spec_.character_map.clear();
  if (blob.empty()) return;
  const auto size = read_le<uint32_t>(std::as_bytes(std::span(blob)), 0);
  if (!size || *size == 0 || *size % 4 != 0 || *size >= blob.size() - 4) {
    fail("the character map of " + std::to_string(blob.size()) + " bytes has no room for its trie");
  }
  if (blob.back() != '\0') fail("the last replacement of the character map does not end");
  trie_.resize(*size / 4);
  std::memcpy(trie_.data(), blob.data() + 4, *size);
  replacements_ = blob.substr(4 + size_t(*size));
}

std::optional<CharacterMap::Step> CharacterMap::mapped(std::string_view text) const {
  if (trie_.empty()) return std::nullopt;
  // A walk over offsets of a file: leaving the array ends it, as a missing transition does.
  size_t node = offset_of(trie_[0]);
  std::optional<Step> longest;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (node >= trie_.size() || label_of(trie_[node]) != byte) break;
    const uint32_t unit = trie_[node];
    node ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    if (node >= trie_.size()) break;
    const uint32_t start = value_of(trie_[node]);
    if (start >= replacements_.size()) break;
    longest = Step{std::string_view(replacements_.c_str() + start), i + 1};
  }
  return longest;
}

CharacterMap::Step CharacterMap::step(std::string_view text) const {
  size_t kept = 0;
  verbatim_.each_prefix(text, [&](size_t, size_t bytes) { kept = bytes; });
  if (kept > 0) return {text.substr(0, kept), kept};
  if (const std::optional<Step> found = mapped(text)) return *found;
  const size_t size = well_formed_bytes(text);
  return size > 0 ? Step{text.substr(0, size), size} : Step{kReplacementText, 1};
}

std::string CharacterMap::normalise(std::string_view text) const {
  const std::string_view space = spec_.escape_spaces ? kSpaceSymbol : " ";
  if (spec_.remove_extra_spaces) {
    while (!text.empty()) {
      const Step first = step(text);
      if (first.text != " ") break;
      text.remove_prefix(first.consumed);
    }
  }
  std::string out;
  if (text.empty()) return out;
  if (spec_.add_dummy_prefix && !spec_.space_as_suffix) out += space;
  bool behind_space = spec_.remove_extra_spaces;
  while (!text.empty()) {
    const Step next = step(text);
    std::string_view part = next.text;
    while (behind_space && part.starts_with(' ')) part.remove_prefix(1);
    for (const char c : part) {
      if (c == ' ') {
        out += space;
      } else {
        out += c;
      }
    }
    if (!part.empty()) behind_space = spec_.remove_extra_spaces && part.ends_with(' ');
    text.remove_prefix(next.consumed);
  }
  if (spec_.remove_extra_spaces) trim_end(out, space);
  if (spec_.add_dummy_prefix && spec_.space_as_suffix) out += space;
  return out;
}

}  // namespace vane
