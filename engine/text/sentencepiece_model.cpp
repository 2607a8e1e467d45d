// SPDX-License-Identifier: Apache-2.0
#include "engine/text/sentencepiece_model.h"

#include <cmath>
#include <cstring>
#include <optional>
#include <set>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

constexpr size_t kMostPieces = 1u << 21;

[[noreturn]] void fail(const std::string& what, uint64_t byte) {
  throw Error(ErrorCode::checkpoint, "damaged SentencePiece model: " + what).at_byte(byte);
}

/// One field of a message. Varints and fixed words are in `value`, strings and messages in `bytes`.
struct Field {
  uint32_t number = 0;
  int wire_type = 0;
  uint64_t value = 0;
  std::span<const std::byte> bytes;
  uint64_t position = 0;
};

/// Walks the fields of one message (Protocol Buffers encoding, wire types 0, 1, 2 and 5).
class Message {
 public:
  /// `position` of the first byte in the file, for messages.
  Message(std::span<const std::byte> bytes, uint64_t position)
      : bytes_(bytes), position_(position) {}

  std::optional<Field> next() {
    if (at_ == bytes_.size()) return std::nullopt;
    Field field;
    field.position = position_ + at_;
    const uint64_t key = varint();
    if (key >> 3 == 0 || key >> 32 != 0) fail("a field has no valid number", field.position);
    field.number = static_cast<uint32_t>(key >> 3);
    field.wire_type = static_cast<int>(key & 7);
    switch (field.wire_type) {
      case 0:
        field.value = varint();
        break;
      case 1:
        field.value = fixed<uint64_t>();
        break;
      case 2: {
        const uint64_t size = varint();
        const auto part = checked_slice(bytes_, at_, size);
        if (!part) fail("a field of " + std::to_string(size) + " bytes is cut", field.position);
        field.bytes = *part;
        field.position = position_ + at_;
        at_ += static_cast<size_t>(size);
        break;
      }
      case 5:
        field.value = fixed<uint32_t>();
        break;
      default:
        fail("a field is of wire type " + std::to_string(field.wire_type), field.position);
    }
    return field;
  }

 private:
  uint64_t varint() {
    uint64_t value = 0;
    const uint64_t start = position_ + at_;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == bytes_.size()) fail("a number is cut", start);
      const auto byte = std::to_integer<uint64_t>(bytes_[at_++]);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    fail("a number is longer than 64 bits", start);
  }

  template <class T>
  T fixed() {
    const std::optional<T> value = read_le<T>(bytes_, at_);
    if (!value) fail("a number is cut", position_ + at_);
    at_ += sizeof(T);
    return *value;
  }

  std::span<const std::byte> bytes_;
  uint64_t position_;
  size_t at_ = 0;
};

void expect(const Field& field, int wire_type, const char* name) {
  if (field.wire_type == wire_type) return;
  fail(std::string(name) + " is of wire type " + std::to_string(field.wire_type) + ", expected " +
           std::to_string(wire_type),
       field.position);
}

bool flag(const Field& field, const char* name) {
  expect(field, 0, name);
  return field.value != 0;
}

SentencePieceModel::Piece piece_of(const Field& message) {
  expect(message, 2, "a piece");
  SentencePieceModel::Piece piece;
  Message fields(message.bytes, message.position);
  while (const std::optional<Field> field = fields.next()) {
    if (field->number == 1) {
      expect(*field, 2, "the text of a piece");
      piece.text = text_view(field->bytes);
    } else if (field->number == 2) {
      expect(*field, 5, "the score of a piece");
      const auto bits = static_cast<uint32_t>(field->value);
      std::memcpy(&piece.score, &bits, sizeof(bits));
      if (!std::isfinite(piece.score)) fail("a score is no finite number", field->position);
    } else if (field->number == 3) {
      expect(*field, 0, "the type of a piece");
      if (field->value < 1 || field->value > 6) {
        fail("a piece is of type " + std::to_string(field->value), field->position);
      }
      piece.type = static_cast<SentencePieceModel::Type>(field->value);
    }
  }
  if (piece.text.empty() || piece.text.find('\0') != std::string::npos) {
    fail("a piece is empty or holds a zero byte", message.position);
  }
  return piece;
}

void read_trainer(const Field& message, SentencePieceModel& model) {
  expect(message, 2, "the trainer specification");
  Message fields(message.bytes, message.position);
  while (const std::optional<Field> field = fields.next()) {
    if (field->number == 3) {
      expect(*field, 0, "the model type");
      if (field->value < 1 || field->value > 4) {
        fail("the model type is " + std::to_string(field->value), field->position);
      }
      model.algorithm = static_cast<SentencePieceModel::Algorithm>(field->value);
    } else if (field->number == 24) {
      model.normaliser.space_as_suffix = flag(*field, "treat_whitespace_as_suffix");
    } else if (field->number == 35) {
      model.byte_fallback = flag(*field, "byte_fallback");
    }
  }
}

void read_normaliser(const Field& message, NormaliserSpec& spec) {
  expect(message, 2, "the normaliser specification");
  Message fields(message.bytes, message.position);
  while (const std::optional<Field> field = fields.next()) {
    if (field->number == 2) {
      expect(*field, 2, "the character map");
      spec.character_map = text_view(field->bytes);
    } else if (field->number == 3) {
      spec.add_dummy_prefix = flag(*field, "add_dummy_prefix");
    } else if (field->number == 4) {
      spec.remove_extra_spaces = flag(*field, "remove_extra_whitespaces");
    } else if (field->number == 5) {
      spec.escape_spaces = flag(*field, "escape_whitespaces");
    }
  }
}

/// What SentencePiece itself checks before it uses a model.
void check_pieces(const SentencePieceModel& model, uint64_t size) {
  using Type = SentencePieceModel::Type;
  if (model.pieces.empty()) fail("it has no pieces", size);
  // Pieces that are cut out of text, and those that only have an id, may share a spelling.
  std::set<std::string_view> ordinary, reserved;
  size_t unknown = 0, byte_pieces = 0;
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    const bool cut = piece.type == Type::normal || piece.type == Type::user_defined ||
                     piece.type == Type::unused;
    if (!(cut ? ordinary : reserved).insert(piece.text).second) {
      fail("the piece \"" + printable(piece.text, 60) + "\" appears twice", size);
    }
    unknown += piece.type == Type::unknown;
    if (piece.type != Type::byte) continue;
    if (!byte_of_piece(piece.text)) {
      fail("\"" + printable(piece.text, 60) + "\" is no byte piece", size);
    }
    ++byte_pieces;
  }
  if (unknown != 1) fail("it has " + std::to_string(unknown) + " unknown pieces, expected 1", size);
  if (byte_pieces != (model.byte_fallback ? 256u : 0u)) {
    fail("it has " + std::to_string(byte_pieces) + " byte pieces, which contradicts byte_fallback",
         size);
  }
}

}  // namespace

SentencePieceModel parse_sentencepiece_model(std::span<const std::byte> bytes) {
  SentencePieceModel model;
  bool normaliser = false;
  Message fields(bytes, 0);
  while (const std::optional<Field> field = fields.next()) {
    if (field->number == 1) {
      if (model.pieces.size() == kMostPieces) fail("it has too many pieces", field->position);
      model.pieces.push_back(piece_of(*field));
    } else if (field->number == 2) {
      read_trainer(*field, model);
    } else if (field->number == 3) {
      read_normaliser(*field, model.normaliser);
      normaliser = true;
    }
  }
  // SentencePiece writes it behind the pieces, so a file that is cut between two pieces is noticed.
  if (!normaliser) fail("it has no normaliser specification", bytes.size());
  check_pieces(model, bytes.size());
  return model;
}

std::string byte_piece(unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + ">";
}

std::optional<unsigned char> byte_of_piece(std::string_view piece) {
  for (unsigned byte = 0; byte < 256 && piece.size() == 6; ++byte) {
    if (piece == byte_piece(static_cast<unsigned char>(byte))) {
      return static_cast<unsigned char>(byte);
    }
  }
  return std::nullopt;
}

}  // namespace vane
