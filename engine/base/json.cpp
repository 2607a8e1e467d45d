// SPDX-License-Identifier: Apache-2.0
#include "engine/base/json.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>

#include "engine/base/text.h"

namespace vane {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// How far the lexer has read, so that a value knows where it stands.
struct Progress {
  const char* furthest;
  const char* end;
  uint64_t skipped = 0;
  bool in_string = false, escaped = false;
};

// Input of the lexer. A run of white space between tokens is shown as its first character only: the
// lexer keeps what it skips, so that a header of 100 MB of spaces would cost a multiple of that.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* position, Progress* progress)
      : position_(position), progress_(progress) {}
  reference operator*() const { return *position_; }
  CountingIterator& operator++() {
    const char passed = *position_++;
    if (progress_->in_string) {
      const bool ends = passed == '"' && !progress_->escaped;
      progress_->escaped = passed == '\\' && !progress_->escaped;
      progress_->in_string = !ends;
    } else if (passed == '"') {
      progress_->in_string = true;
    } else if (is_blank(passed)) {
      const char* const first = position_;
      while (position_ != progress_->end && is_blank(*position_)) ++position_;
      progress_->skipped += static_cast<uint64_t>(position_ - first);
    }
    progress_->furthest = position_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) {
    return a.position_ == b.position_;
  }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) { return !(a == b); }

 private:
  const char* position_;
  Progress* progress_;
};

Error located(ErrorCode code, std::string message, std::string_view text, uint64_t byte) {
  std::string_view before = text.substr(0, std::min<uint64_t>(byte, text.size()));
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const size_t last_break = before.rfind('\n');
  const uint64_t column =
      last_break == std::string_view::npos ? before.size() : before.size() - last_break - 1;
  constexpr int64_t kMax = 1'000'000'000;
  return Error(code, std::move(message))
      .at_line(static_cast<int>(std::min<int64_t>(lines + 1, kMax)),
               static_cast<int>(std::min<int64_t>(static_cast<int64_t>(column) + 1, kMax)))
      .at_byte(before.size());
}

}  // namespace

JsonRules JsonRules::from(const Limits& limits, ErrorCode code) {
  return {limits.json_bytes, limits.json_depth, limits.json_nodes, code};
}

// Receives nlohmann's SAX events and builds the tree; the first fault throws.
class JsonBuilder {
 public:
  JsonBuilder(std::string_view text, const JsonRules& rules)
      : text_(text), rules_(rules), progress_{text.data(), text.data() + text.size()} {}

  Json build() {
    nlohmann::json::sax_parse(CountingIterator(text_.data(), &progress_),
                              CountingIterator(progress_.end, &progress_), this,
                              nlohmann::json::input_format_t::json, /*strict=*/true);
    return std::move(root_);
  }

  bool null() { return add({}); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(int64_t value) { return add(value); }
  bool number_unsigned(uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(std::vector<uint8_t>&) { return false; }  // JSON text has no binary values.
  bool start_object(size_t) { return open(std::make_unique<Json::Object>()); }
  bool start_array(size_t) { return open(std::make_unique<Json::Array>()); }
  bool key(std::string& name) {
    pending_key_ = std::move(name);
    return true;
  }
  bool end_array() {
    open_.pop_back();
    return true;
  }
  bool end_object() {
    index(*std::get<std::unique_ptr<Json::Object>>(open_.back()->value_));
    open_.pop_back();
    return true;
  }
  template <class Exception>
  bool parse_error(size_t position, const std::string& last_token, const Exception&) {
    const uint64_t byte = (position > 0 ? position - 1 : 0) + progress_.skipped;
    throw located(rules_.code,
                  byte >= text_.size() ? std::string("JSON ends too early")
                                       : "malformed JSON at \"" + printable(last_token, 40) + "\"",
                  text_, byte);
  }

 private:
  using Value = decltype(Json::value_);

  uint64_t byte() const { return static_cast<uint64_t>(progress_.furthest - text_.data()); }

  Json* place(Value value) {
    if (++nodes_ > rules_.max_nodes) {
      throw located(rules_.code,
                    "JSON has more than " + std::to_string(rules_.max_nodes) + " values", text_,
                    byte());
    }
    Json* slot = &root_;
    if (!open_.empty()) {
      Json& parent = *open_.back();
      if (auto* array = std::get_if<std::unique_ptr<Json::Array>>(&parent.value_)) {
        slot = &(*array)->emplace_back();
      } else {
        auto& members = std::get<std::unique_ptr<Json::Object>>(parent.value_)->members;
        Json::Member& member = members.emplace_back();
        member.first = std::move(pending_key_);
        slot = &member.second;
      }
    }
    slot->value_ = std::move(value);
    slot->byte_ = byte();
    slot->code_ = rules_.code;
    return slot;
  }
  bool add(Value value) {
    place(std::move(value));
    return true;
  }
  bool open(Value container) {
    if (open_.size() >= rules_.max_depth) {
      throw located(rules_.code,
                    "JSON is nested deeper than " + std::to_string(rules_.max_depth) + " levels",
                    text_, byte());
    }
    // A parent cannot move while a child is open: only its last element is ever extended.
    open_.push_back(place(std::move(container)));
    return true;
  }
  void index(Json::Object& object) {
    auto& order = object.by_key;
    const auto& members = object.members;
    order.resize(members.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return members[a].first < members[b].first; });
    for (size_t i = 1; i < order.size(); ++i) {
      const auto& again = members[std::max(order[i - 1], order[i])];
      if (members[order[i - 1]].first != members[order[i]].first) continue;
      throw located(rules_.code, "duplicate key \"" + printable(again.first) + "\"", text_,
                    again.second.byte());
    }
  }

  std::string_view text_;
  const JsonRules& rules_;
  Progress progress_;
  Json root_;
  std::vector<Json*> open_;
  std::string pending_key_;
  uint64_t nodes_ = 0;
};

Json parse_json(std::string_view text, const JsonRules& rules) {
  if (text.size() > rules.max_bytes) {
    throw Error(rules.code, "JSON of " + byte_size_text(text.size()) + " is over the limit of " +
                                byte_size_text(rules.max_bytes));
  }
  // nlohmann skips a byte order mark; RFC 8259 forbids one.
  if (text.substr(0, 3) == "\xEF\xBB\xBF") {
    throw located(rules.code, "JSON starts with a byte order mark", text, 0);
  }
  // nlohmann takes a NUL for the end and would skip what follows; JSON text never holds one.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw located(rules.code, "JSON holds a NUL byte", text, nul);
  }
  // So that an end that comes too early is told from a fault at the last character.
  const size_t last = text.find_last_not_of(" \t\r\n");
  return JsonBuilder(text.substr(0, last == std::string_view::npos ? 0 : last + 1), rules).build();
}

bool Json::is_integer() const {
  return std::holds_alternative<int64_t>(value_) || std::holds_alternative<uint64_t>(value_);
}

std::string_view Json::kind_name() const {
  if (is_null()) return "null";
  if (is_bool()) return "true or false";
  if (is_integer()) return "an integer";
  if (is_number()) return "a fractional number";
  if (is_string()) return "a string";
  return is_array() ? "an array" : "an object";
}

void Json::wrong_kind(std::string_view expected) const {
  throw Error(code_, "expected " + std::string(expected) + ", found " + std::string(kind_name()))
      .at_byte(byte_);
}

bool Json::as_bool() const {
  if (const bool* value = std::get_if<bool>(&value_)) return *value;
  wrong_kind("true or false");
}

int64_t Json::as_integer() const {
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return *value;
  if (const uint64_t* value = std::get_if<uint64_t>(&value_)) {
    if (*value <= static_cast<uint64_t>(INT64_MAX)) return static_cast<int64_t>(*value);
    throw Error(code_, "integer " + std::to_string(*value) + " is too large").at_byte(byte_);
  }
  wrong_kind("an integer");
}

uint64_t Json::as_count() const {
  constexpr int64_t kExact = int64_t{1} << 53;
  const int64_t value = as_integer();
  if (value < 0 || value > kExact) {
    throw Error(code_, "expected an integer between 0 and 2^53, found " + std::to_string(value))
        .at_byte(byte_);
  }
  return static_cast<uint64_t>(value);
}

double Json::as_number() const {
  if (const double* value = std::get_if<double>(&value_)) return *value;
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  if (const uint64_t* value = std::get_if<uint64_t>(&value_)) return static_cast<double>(*value);
  wrong_kind("a number");
}

const std::string& Json::as_string() const {
  if (const std::string* value = std::get_if<std::string>(&value_)) return *value;
  wrong_kind("a string");
}

const Json::Array& Json::items() const {
  if (auto* value = std::get_if<std::unique_ptr<Array>>(&value_)) return **value;
  wrong_kind("an array");
}

const std::vector<Json::Member>& Json::members() const {
  if (auto* value = std::get_if<std::unique_ptr<Object>>(&value_)) return (*value)->members;
  wrong_kind("an object");
}

const Json* Json::find(std::string_view key) const {
  auto* held = std::get_if<std::unique_ptr<Object>>(&value_);
  if (held == nullptr) return nullptr;
  const Object& object = **held;
  auto found = std::lower_bound(
      object.by_key.begin(), object.by_key.end(), key,
      [&](uint32_t i, std::string_view wanted) { return object.members[i].first < wanted; });
  if (found == object.by_key.end() || object.members[*found].first != key) return nullptr;
  return &object.members[*found].second;
}

const Json& Json::at(std::string_view key) const {
  if (!is_object()) wrong_kind("an object");
  if (const Json* member = find(key)) return *member;
  throw Error(code_, "key \"" + printable(key) + "\" is missing").at_byte(byte_);
}

std::string json_quoted(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (byte < 0x20) {
      quoted += {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace vane
