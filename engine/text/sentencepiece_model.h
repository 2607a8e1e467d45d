// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reader of SentencePiece model files (spiece.model): the protocol buffer ModelProto of
// google/sentencepiece, src/sentencepiece_model.proto.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/character_map.h"

namespace vane {

struct SentencePieceModel {
  enum class Algorithm { unigram = 1, byte_pair = 2, word = 3, character = 4 };
  enum class Type : uint8_t {
    normal = 1,
    unknown = 2,
    control = 3,
    user_defined = 4,
    unused = 5,
    byte = 6,
  };
  struct Piece {
    std::string text;
    float score = 0;
    Type type = Type::normal;
  };
  /// Position = id.
  std::vector<Piece> pieces;
  Algorithm algorithm = Algorithm::unigram;
  /// Unknown characters are cut into pieces "<0x00>"…"<0xFF>".
  bool byte_fallback = false;
  NormaliserSpec normaliser;
};

/// Throws Error{checkpoint} with the byte when the bytes are no such model: cut or malformed
/// fields, no pieces or more than 2^21, an empty or repeated piece, a score that is no number, not
/// exactly one unknown piece, or byte pieces that are not the 256 of byte_fallback.
SentencePieceModel parse_sentencepiece_model(std::span<const std::byte> bytes);

/// "<0x00>"…"<0xFF>", the spelling of byte pieces, and back.
std::string byte_piece(unsigned char byte);
std::optional<unsigned char> byte_of_piece(std::string_view piece);

}  // namespace vane
