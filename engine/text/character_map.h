// SPDX-License-Identifier: Apache-2.0
#pragma once
// Text normalisation as a SentencePiece model carries it: a compiled map of character sequences.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/prefix_index.h"

namespace vane {

/// What a model file says about normalisation (sentencepiece_model.proto, NormalizerSpec).
struct NormaliserSpec {
  /// u32 size of the trie, a double-array trie (Darts-clone units, u32 little-endian), then
  /// replacements that end in NUL; empty: characters stay as they are.
  std::string character_map;
  bool add_dummy_prefix = true, remove_extra_spaces = true, escape_spaces = true;
  /// The dummy prefix is put behind the text instead (TrainerSpec).
  bool space_as_suffix = false;
};

/// Applies a NormaliserSpec; every lookup stays within the map, whatever it holds.
class CharacterMap {
 public:
  CharacterMap() = default;
  /// `verbatim`: strings that are copied as they are (user-defined pieces); the caller keeps them.
  /// Throws Error{checkpoint} when the map is cut or its sizes contradict each other.
  CharacterMap(NormaliserSpec spec, const std::vector<std::string_view>& verbatim);

  /// Malformed UTF-8 becomes U+FFFD, byte by byte; spaces become U+2581 when the spec says so.
  std::string normalise(std::string_view text) const;

 private:
  struct Step {
    std::string_view text;
    size_t consumed = 0;
  };
  Step step(std::string_view text) const;
  std::optional<Step> mapped(std::string_view text) const;

  NormaliserSpec spec_;
  std::vector<uint32_t> trie_;
  std::string replacements_;
  PrefixIndex verbatim_;
};

/// Bytes of the UTF-8 character at the start, judged by its first byte alone; at most text.size().
size_t character_bytes(std::string_view text);

}  // namespace vane
