// SPDX-License-Identifier: Apache-2.0
#pragma once
// Strict JSON (RFC 8259): duplicate keys are errors, integers stay exact, sizes are capped.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/limits.h"

namespace vane {

class Json;

/// Caps on one document; `code` is the class of error that every fault in it raises.
struct JsonRules {
  uint64_t max_bytes = 256ull << 20;
  uint64_t max_depth = 64;
  uint64_t max_nodes = 20'000'000;
  ErrorCode code = ErrorCode::input;

  static JsonRules from(const Limits& limits, ErrorCode code);
};

/// One value of a JSON document. Members of an object keep the order of the file.
class Json {
 public:
  using Member = std::pair<std::string, Json>;
  using Array = std::vector<Json>;
  struct Object {
    std::vector<Member> members;
    /// Positions in `members` ordered by key; made when the object is complete.
    std::vector<uint32_t> by_key;
  };

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  /// A number written without fraction and exponent that fits 64 bits.
  bool is_integer() const;
  bool is_number() const { return is_integer() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<std::unique_ptr<Array>>(value_); }
  bool is_object() const { return std::holds_alternative<std::unique_ptr<Object>>(value_); }
  /// "a string", "an object", ...: for messages.
  std::string_view kind_name() const;

  /// The accessors throw Error{rules.code} ("expected a string, found null") when the kind differs.
  bool as_bool() const;
  int64_t as_integer() const;
  /// An integer in [0, 2^53]: what every JSON implementation reads back exactly.
  uint64_t as_count() const;
  double as_number() const;
  const std::string& as_string() const;
  const Array& items() const;
  const std::vector<Member>& members() const;

  /// Member of an object, or nullptr when it is absent or this is no object.
  const Json* find(std::string_view key) const;
  /// Member of an object; throws Error{rules.code} naming the key when it is absent.
  const Json& at(std::string_view key) const;

  /// Byte of the document at or shortly after the end of the value's first token.
  uint64_t byte() const { return byte_; }

 private:
  friend class JsonBuilder;
  [[noreturn]] void wrong_kind(std::string_view expected) const;

  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, std::unique_ptr<Array>,
               std::unique_ptr<Object>>
      value_;
  uint64_t byte_ = 0;
  ErrorCode code_ = ErrorCode::input;
};

/// Parses one document; nothing but white space may surround it.
/// Throws Error{rules.code} with line, column and byte on malformed text, invalid UTF-8, a
/// duplicate key at any level, or a document over a limit.
Json parse_json(std::string_view text, const JsonRules& rules = {});

/// `text` as a JSON string with its quotes; non-ASCII characters stay as they are.
std::string json_quoted(std::string_view text);

}  // namespace vane
