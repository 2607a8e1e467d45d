// SPDX-License-Identifier: Apache-2.0
#include "engine/config/config_writer.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/hash.h"
#include "engine/base/text.h"

namespace vane {
namespace {

using Json = nlohmann::ordered_json;

bool is_scalar(FieldKind kind) {
  return kind != FieldKind::group && kind != FieldKind::list && kind != FieldKind::tree;
}
bool is_wordy(FieldKind kind) { return kind == FieldKind::text || kind == FieldKind::path; }

// Double-quoted YAML is JSON's string syntax; bytes that are not UTF-8 (paths) become U+FFFD.
std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string scalar_yaml(const FieldNode& node) {
  return is_wordy(node.kind()) ? quoted(node.text()) : node.text();
}

std::string tree_yaml(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "null";
    case YamlNode::Kind::scalar:
      return node.plain && !node.text.empty() ? node.text : quoted(node.text);
    case YamlNode::Kind::sequence: {
      std::vector<std::string> parts;
      for (const auto& item : node.items) parts.push_back(tree_yaml(*item));
      return "[" + join(parts, ", ") + "]";
    }
    case YamlNode::Kind::map:
      break;
  }
  std::vector<std::string> parts;
  for (const YamlEntry& entry : node.entries) {
    parts.push_back(quoted(entry.key) + ": " + tree_yaml(*entry.value));
  }
  return "{" + join(parts, ", ") + "}";
}

class YamlWriter {
 public:
  explicit YamlWriter(bool comments) : comments_(comments) {}

  void group(const Fields& fields, size_t indent) {
    for (const Field& field : fields) {
      if (comments_) line(indent, "# " + field.doc);
      value(field.name + ":", *field.node, indent);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void line(size_t indent, const std::string& text) {
    out_ += std::string(indent, ' ') + text + "\n";
  }

  void value(const std::string& head, FieldNode& node, size_t indent) {
    const FieldKind kind = node.kind();
    if (!node.present()) {
      line(indent, head + " null");
    } else if (is_scalar(kind)) {
      line(indent, head + " " + scalar_yaml(node));
    } else if (kind == FieldKind::tree) {
      line(indent, head + " " + tree_yaml(*node.tree()));
    } else if (kind == FieldKind::group) {
      const Fields inner = node.fields();
      line(indent, inner.empty() ? head + " {}" : head);
      group(inner, indent + 2);
    } else {
      list(head, node, indent);
    }
  }

  void list(const std::string& head, FieldNode& node, size_t indent) {
    std::vector<std::string> words;
    for (size_t i = 0; i < node.size(); ++i) {
      const auto element = node.element(i);
      if (is_scalar(element->kind())) words.push_back(scalar_yaml(*element));
    }
    if (words.size() == node.size()) {
      line(indent, head + " [" + join(words, ", ") + "]");
      return;
    }
    line(indent, head);
    for (size_t i = 0; i < node.size(); ++i) value("-", *node.element(i), indent + 2);
  }

  bool comments_;
  std::string out_;
};

Json tree_json(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::null) return nullptr;
  if (node.kind == YamlNode::Kind::sequence) {
    Json out = Json::array();
    for (const auto& item : node.items) out.push_back(tree_json(*item));
    return out;
  }
  if (node.kind == YamlNode::Kind::map) {
    Json out = Json::object();
    for (const YamlEntry& entry : node.entries) out[entry.key] = tree_json(*entry.value);
    return out;
  }
  if (node.plain) {
    if (node.text == "true" || node.text == "false") return node.text == "true";
    if (const auto whole = parse_integer(node.text)) return *whole;
    if (const auto number = parse_number(node.text)) return *number;
  }
  return node.text;
}

Json value_json(FieldNode& node) {
  if (!node.present()) return nullptr;
  switch (node.kind()) {
    case FieldKind::boolean:
      return node.text() == "true";
    case FieldKind::integer: {
      const std::string text = node.text();
      uint64_t natural = 0;
      if (!parse_field(text, FieldOptions{}, natural)) return natural;
      return *parse_integer(text);
    }
    case FieldKind::number: {
      const auto number = parse_number(node.text());
      return number ? Json(*number) : Json(nullptr);
    }
    case FieldKind::text:
    case FieldKind::path:
      return node.text();
    case FieldKind::group:
      return fields_json(node.fields());
    case FieldKind::tree:
      return tree_json(*node.tree());
    case FieldKind::list:
      break;
  }
  Json out = Json::array();
  for (size_t i = 0; i < node.size(); ++i) out.push_back(value_json(*node.element(i)));
  return out;
}

Json value_schema(FieldNode& node, const FieldOptions& options) {
  Json out;
  const char* type = "string";
  switch (node.kind()) {
    case FieldKind::boolean:
      type = "boolean";
      break;
    case FieldKind::integer:
      type = "integer";
      break;
    case FieldKind::number:
      type = "number";
      break;
    case FieldKind::text:
    case FieldKind::path:
      break;
    case FieldKind::tree:
      return Json::object();
    case FieldKind::group:
      return json_schema(node.fields(), "");
    case FieldKind::list: {
      out["type"] = "array";
      // An empty list has no element to ask, so one is made and taken away again.
      const size_t size = node.size();
      if (size == 0) node.resize(1);
      out["items"] = value_schema(*node.element(0), options);
      if (size == 0) node.resize(0);
      return out;
    }
  }
  out["type"] = node.is_optional() ? Json::array({type, "null"}) : Json(type);
  if (std::isfinite(options.min)) out["minimum"] = options.min;
  if (std::isfinite(options.max)) out["maximum"] = options.max;
  if (!options.choices.empty()) out["enum"] = options.choices;
  return out;
}

void add_lines(const Fields& fields, const std::string& prefix, std::vector<FieldLine>& out) {
  for (const Field& field : fields) {
    const std::string key = prefix.empty() ? field.name : prefix + "." + field.name;
    FieldNode& node = *field.node;
    if (node.kind() == FieldKind::group && node.present()) {
      add_lines(node.fields(), key, out);
      continue;
    }
    FieldLine line{key, expectation(node.kind(), field.options), "", field.doc,
                   field.options.required};
    if (!field.options.unit.empty()) line.accepts += " " + field.options.unit;
    if (node.present() && !line.required) {
      line.default_text = is_scalar(node.kind()) ? node.text() : value_json(node).dump();
    }
    out.push_back(std::move(line));
  }
}

std::string table_cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

}  // namespace

std::string yaml_text(const Fields& fields, bool comments) {
  YamlWriter writer(comments);
  writer.group(fields, 0);
  return writer.take();
}

Json fields_json(const Fields& fields) {
  Json out = Json::object();
  for (const Field& field : fields) out[field.name] = value_json(*field.node);
  return out;
}

Json json_schema(const Fields& fields, const std::string& title) {
  Json out;
  if (!title.empty()) {
    out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    out["title"] = title;
  }
  out["type"] = "object";
  out["additionalProperties"] = false;
  Json properties = Json::object(), required = Json::array();
  for (const Field& field : fields) {
    Json entry = value_schema(*field.node, field.options);
    entry["description"] = field.doc;
    if (field.options.required) {
      required.push_back(field.name);
    } else if (is_scalar(field.node->kind())) {
      entry["default"] = value_json(*field.node);
    }
    properties[field.name] = std::move(entry);
  }
  out["properties"] = std::move(properties);
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

std::vector<FieldLine> field_lines(const Fields& fields) {
  std::vector<FieldLine> out;
  add_lines(fields, "", out);
  return out;
}

std::string markdown_table(const Fields& fields) {
  std::string out = "| key | accepts | default | meaning |\n|---|---|---|---|\n";
  for (const FieldLine& line : field_lines(fields)) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", line.key, table_cell(line.accepts),
                       line.required               ? "required"
                       : line.default_text.empty() ? ""
                                                   : "`" + table_cell(line.default_text) + "`",
                       table_cell(line.doc));
  }
  return out;
}

uint64_t content_hash(const Fields& fields) { return xxh64(yaml_text(fields)); }

}  // namespace vane
