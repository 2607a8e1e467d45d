// SPDX-License-Identifier: Apache-2.0
#include "engine/config/field_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

[[noreturn]] void wrong_kind(const char* wanted) {
  throw Error(ErrorCode::internal, std::string("a configuration field is not a ") + wanted);
}

std::string got(std::string_view text) { return ", got \"" + printable(text, 60) + "\""; }

Complaint complaint(FieldKind kind, const FieldOptions& options, std::string_view text) {
  return "expected " + expectation(kind, options) + got(text);
}

template <class T>
Complaint parse_integer_field(std::string_view text, const FieldOptions& options, T& value) {
  std::string_view digits = text;
  if (digits.size() > 1 && digits.front() == '+') digits.remove_prefix(1);
  T parsed = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
  const bool whole = end == digits.data() + digits.size() && !digits.empty();
  if (whole && status == std::errc::result_out_of_range) {
    return fmt::format("expected a whole number from {} to {}{}", std::numeric_limits<T>::min(),
                       std::numeric_limits<T>::max(), got(text));
  }
  if (!whole || status != std::errc() || static_cast<double>(parsed) < options.min ||
      static_cast<double>(parsed) > options.max) {
    return complaint(FieldKind::integer, options, text);
  }
  value = parsed;
  return std::nullopt;
}

template <class T>
Complaint parse_number_field(std::string_view text, const FieldOptions& options, T& value) {
  const auto parsed = parse_number(text);
  if (!parsed || *parsed < options.min || *parsed > options.max ||
      !std::isfinite(static_cast<T>(*parsed))) {
    return complaint(FieldKind::number, options, text);
  }
  value = static_cast<T>(*parsed);
  return std::nullopt;
}

Complaint check_text(std::string_view text, const FieldOptions& options) {
  if (!is_utf8(text)) return "expected UTF-8 text" + got(text);
  if (options.choices.empty() ||
      std::find(options.choices.begin(), options.choices.end(), text) != options.choices.end()) {
    return std::nullopt;
  }
  auto message = *complaint(FieldKind::text, options, text);
  if (const auto nearest = nearest_name(text, options.choices)) {
    message += "; did you mean " + *nearest + "?";
  }
  return message;
}

}  // namespace

void FieldNode::clear() { wrong_kind("value that may be absent"); }
std::optional<std::string> FieldNode::assign(std::string_view, const FieldOptions&) {
  wrong_kind("scalar");
}
std::string FieldNode::text() const { wrong_kind("scalar"); }
Fields FieldNode::fields() { wrong_kind("group"); }
size_t FieldNode::size() const { wrong_kind("list"); }
void FieldNode::resize(size_t) { wrong_kind("list"); }
std::unique_ptr<FieldNode> FieldNode::element(size_t) { wrong_kind("list"); }
std::shared_ptr<const YamlNode>& FieldNode::tree() { wrong_kind("tree"); }

Complaint parse_field(std::string_view text, const FieldOptions& options, bool& value) {
  for (const auto& [word, meaning] :
       {std::pair{"true", true}, std::pair{"True", true}, std::pair{"TRUE", true},
        std::pair{"false", false}, std::pair{"False", false}, std::pair{"FALSE", false}}) {
    if (text != word) continue;
    value = meaning;
    return std::nullopt;
  }
  return complaint(FieldKind::boolean, options, text);
}
Complaint parse_field(std::string_view text, const FieldOptions& options, int& value) {
  return parse_integer_field(text, options, value);
}
Complaint parse_field(std::string_view text, const FieldOptions& options, int64_t& value) {
  return parse_integer_field(text, options, value);
}
Complaint parse_field(std::string_view text, const FieldOptions& options, uint64_t& value) {
  return parse_integer_field(text, options, value);
}
Complaint parse_field(std::string_view text, const FieldOptions& options, float& value) {
  return parse_number_field(text, options, value);
}
Complaint parse_field(std::string_view text, const FieldOptions& options, double& value) {
  return parse_number_field(text, options, value);
}
Complaint parse_field(std::string_view text, const FieldOptions& options, std::string& value) {
  if (auto wrong = check_text(text, options)) return wrong;
  value = text;
  return std::nullopt;
}
// File names are bytes: they need not be UTF-8, but a NUL would cut them short.
Complaint parse_field(std::string_view text, const FieldOptions&, std::filesystem::path& value) {
  if (text.find('\0') != std::string_view::npos) return "expected a path" + got(text);
  value = std::string(text);
  return std::nullopt;
}

std::string field_text(bool value) { return value ? "true" : "false"; }
std::string field_text(int value) { return fmt::format("{}", value); }
std::string field_text(int64_t value) { return fmt::format("{}", value); }
std::string field_text(uint64_t value) { return fmt::format("{}", value); }
std::string field_text(float value) { return fmt::format("{}", value); }
std::string field_text(double value) { return number_text(value); }
std::string field_text(const std::string& value) { return value; }
std::string field_text(const std::filesystem::path& value) { return value.string(); }

std::string dashed(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

std::string expectation(FieldKind kind, const FieldOptions& options) {
  if (!options.choices.empty()) return "one of " + join(options.choices, ", ");
  std::string what;
  switch (kind) {
    case FieldKind::boolean:
      return "true or false";
    case FieldKind::integer:
      what = "a whole number";
      break;
    case FieldKind::number:
      what = "a number";
      break;
    case FieldKind::text:
      return "text";
    case FieldKind::path:
      return "a path";
    case FieldKind::group:
      return "a group of keys";
    case FieldKind::list:
      return "a list";
    case FieldKind::tree:
      return "a group of keys or a list";
  }
  const bool low = std::isfinite(options.min), high = std::isfinite(options.max);
  if (low && high) {
    what += " from " + number_text(options.min) + " to " + number_text(options.max);
  } else if (low) {
    what += " of at least " + number_text(options.min);
  } else if (high) {
    what += " of at most " + number_text(options.max);
  }
  return what;
}

}  // namespace vane
