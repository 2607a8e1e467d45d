// SPDX-License-Identifier: Apache-2.0
#include "engine/config/config_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/base/text.h"

namespace vane {
namespace {

constexpr size_t kMaxErrors = 20;
constexpr int kNewestSchema = 1;

std::string kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::scalar:
      return "\"" + printable(node.text, 60) + "\"";
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::map:
      return "a group of keys";
  }
  return "?";
}

std::vector<std::string> names_of(const Fields& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

std::string unknown_key_hint(std::string_view key, const Fields& fields) {
  const auto names = names_of(fields);
  if (const auto nearest = nearest_name(key, names)) return "did you mean " + *nearest + "?";
  if (names.empty()) return "there are no keys here";
  return "valid keys: " + join(names, ", ");
}

const Field* find_field(const Fields& fields, std::string_view name) {
  const std::string wanted = dashed(name);
  for (const Field& field : fields) {
    if (dashed(field.name) == wanted) return &field;
  }
  return nullptr;
}

std::string joined_key(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

// Walks a tree beside the fields and notes everything that does not fit.
class TreeReader {
 public:
  TreeReader(std::filesystem::path file, ConfigOrigins* origins)
      : file_(std::move(file)), origins_(origins) {}

  void read_group(const YamlNode& node, const Fields& fields, const std::string& prefix) {
    if (node.kind == YamlNode::Kind::null) return;
    if (node.kind != YamlNode::Kind::map) {
      note(node, prefix, "expected a group of keys, got " + kind_name(node));
      return;
    }
    for (const YamlEntry& entry : node.entries) {
      const Field* field = find_field(fields, entry.key);
      if (!field && prefix.empty() && entry.key == "schema") {
        check_schema(*entry.value);
      } else if (!field) {
        add(Error(ErrorCode::config, "unknown key \"" + printable(entry.key) + "\"")
                .in_file(file_)
                .at_line(entry.line, entry.column)
                .with_hint(unknown_key_hint(entry.key, fields)));
      } else {
        read_value(*entry.value, entry.value, *field->node, field->options,
                   joined_key(prefix, field->name));
      }
    }
  }

  void read_value(const YamlNode& value, const std::shared_ptr<const YamlNode>& shared,
                  FieldNode& node, const FieldOptions& options, const std::string& key) {
    if (value.kind == YamlNode::Kind::null) {
      read_null(value, node, options, key);
      return;
    }
    set_origin(value, key);
    switch (node.kind()) {
      case FieldKind::group:
        read_group(value, node.fields(), key);
        break;
      case FieldKind::list:
        read_list(value, node, options, key);
        break;
      case FieldKind::tree:
        node.tree() = shared;
        break;
      default:
        read_scalar(value, node, options, key);
    }
  }

  void finish() {
    if (!errors_.empty()) throw ConfigErrors(std::move(errors_));
  }

 private:
  void read_null(const YamlNode& value, FieldNode& node, const FieldOptions& options,
                 const std::string& key) {
    if (node.is_optional()) {
      node.clear();
      set_origin(value, key);
    } else if (node.kind() != FieldKind::group) {
      note(value, key, "expected " + expectation(node.kind(), options) + ", got nothing");
    }
  }

  void read_list(const YamlNode& value, FieldNode& node, const FieldOptions& options,
                 const std::string& key) {
    if (value.kind != YamlNode::Kind::sequence) {
      note(value, key, "expected a list, got " + kind_name(value));
      return;
    }
    node.resize(0);
    node.resize(value.items.size());
    for (size_t i = 0; i < value.items.size(); ++i) {
      read_value(*value.items[i], value.items[i], *node.element(i), options,
                 joined_key(key, fmt::format("{}", i)));
    }
  }

  void read_scalar(const YamlNode& value, FieldNode& node, const FieldOptions& options,
                   const std::string& key) {
    const FieldKind kind = node.kind();
    const bool wordy = kind == FieldKind::text || kind == FieldKind::path;
    if (value.kind != YamlNode::Kind::scalar || (!wordy && !value.plain)) {
      note(value, key,
           "expected " + expectation(kind, options) + ", got " +
               (value.kind == YamlNode::Kind::scalar ? "the text " : "") + kind_name(value));
      return;
    }
    std::string text = value.text;
    if (kind == FieldKind::path && !text.empty() && text != "-" && !file_.empty()) {
      const std::filesystem::path path(text);
      if (path.is_relative()) text = (file_.parent_path() / path).lexically_normal().string();
    }
    if (auto complaint = node.assign(text, options)) note(value, key, *complaint);
  }

  void check_schema(const YamlNode& value) {
    const auto version = parse_integer(value.text);
    if (value.kind == YamlNode::Kind::scalar && version == kNewestSchema) return;
    note(value, "schema",
         fmt::format("this version reads schema {}, got {}", kNewestSchema, kind_name(value)));
  }

  void set_origin(const YamlNode& value, const std::string& key) {
    if (!origins_) return;
    (*origins_)[key] =
        file_.empty() ? "--set" : fmt::format("{}:{}:{}", file_.string(), value.line, value.column);
  }

  void note(const YamlNode& value, const std::string& key, std::string message) {
    add(Error(ErrorCode::config, std::move(message))
            .in_file(file_)
            .at_line(value.line, value.column)
            .at_key(key));
  }
  void add(Error error) {
    if (errors_.size() < kMaxErrors) errors_.push_back(std::move(error));
  }

  const std::filesystem::path file_;
  ConfigOrigins* origins_;
  std::vector<Error> errors_;
};

void collect_missing(const Fields& fields, const ConfigOrigins& origins, const std::string& prefix,
                     std::vector<std::string>& missing) {
  for (const Field& field : fields) {
    const std::string key = joined_key(prefix, field.name);
    if (field.options.required && !origins.contains(key)) {
      missing.push_back(key);
      continue;
    }
    if (!field.node->present()) continue;
    if (field.node->kind() == FieldKind::group) {
      collect_missing(field.node->fields(), origins, key, missing);
    } else if (field.node->kind() == FieldKind::list) {
      for (size_t i = 0; i < field.node->size(); ++i) {
        const auto element = field.node->element(i);
        if (element->kind() != FieldKind::group) break;
        // Elements that are defaults of the program need no file to be complete.
        const std::string entry = joined_key(key, fmt::format("{}", i));
        if (origins.contains(entry)) {
          collect_missing(element->fields(), origins, entry, missing);
        }
      }
    }
  }
}

std::string sequel(size_t count) {
  return count == 2 ? "1 more error follows" : fmt::format("{} more errors follow", count - 1);
}

[[noreturn]] void bad_override(const std::string& key, std::string message, std::string hint = {}) {
  throw Error(ErrorCode::usage, std::move(message))
      .at_key("--set " + printable(key))
      .with_hint(std::move(hint));
}

// The node that a dotted key names. A list index may be one past the end.
struct Target {
  std::unique_ptr<FieldNode> owned;
  FieldNode* node = nullptr;
  FieldOptions options;
  std::string key;
};

void step_into_list(Target& target, const std::string& part, const std::string& whole) {
  const auto index = parse_integer(part);
  const size_t size = target.node->size();
  if (!index || *index < 0 || static_cast<size_t>(*index) > size) {
    bad_override(whole,
                 fmt::format("\"{}\" is not an index of {}, which has {} {}", printable(part),
                             target.key, size, size == 1 ? "entry" : "entries"));
  }
  if (static_cast<size_t>(*index) == size) target.node->resize(size + 1);
  target.owned = target.node->element(static_cast<size_t>(*index));
  target.node = target.owned.get();
}

}  // namespace

ConfigErrors::ConfigErrors(std::vector<Error> errors)
    : Error(errors.empty() ? Error(ErrorCode::config, "invalid") : errors.front()),
      errors_(std::move(errors)) {
  if (errors_.size() > 1) add_context(sequel(errors_.size()));
}

void apply_yaml(const YamlNode& root, const std::filesystem::path& file, const Fields& fields,
                ConfigOrigins* origins) {
  TreeReader reader(file, origins);
  reader.read_group(root, fields, "");
  reader.finish();
}

void apply_override(std::string_view assignment, const Fields& fields, ConfigOrigins* origins) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw Error(ErrorCode::usage,
                "expected --set KEY=VALUE, got \"" + printable(assignment, 80) + "\"");
  }
  const std::string key = trimmed(assignment.substr(0, equals));
  const std::string text(assignment.substr(equals + 1));
  // Fields of a group that is stepped into; `level` owns the node that `target.node` points at.
  std::vector<Fields> levels;
  Target target;
  const Fields* here = &fields;
  for (const std::string& part : split(key, '.')) {
    if (target.node && target.node->kind() == FieldKind::list) {
      step_into_list(target, part, key);
    } else {
      if (target.node) {
        if (target.node->kind() != FieldKind::group) {
          bad_override(key, target.key + " has no keys inside");
        }
        levels.push_back(target.node->fields());
        here = &levels.back();
      }
      const Field* field = find_field(*here, part);
      if (!field) {
        bad_override(key, "there is no key \"" + printable(part) + "\"",
                     unknown_key_hint(part, *here));
      }
      target.node = field->node.get();
      target.options = field->options;
    }
    target.key = joined_key(target.key, part);
  }
  const FieldKind kind = target.node->kind();
  if (origins) (*origins)[target.key] = "--set";
  if (kind != FieldKind::group && kind != FieldKind::list && kind != FieldKind::tree) {
    if (auto complaint = target.node->assign(text, target.options)) bad_override(key, *complaint);
    return;
  }
  try {
    const auto value = parse_yaml(text, "");
    TreeReader reader({}, origins);
    reader.read_value(*value, value, *target.node, target.options, target.key);
    reader.finish();
  } catch (const Error& problem) {
    bad_override(key, problem.message(), problem.hint());
  }
}

std::vector<std::string> missing_fields(const Fields& fields, const ConfigOrigins& origins) {
  std::vector<std::string> missing;
  collect_missing(fields, origins, "", missing);
  return missing;
}

void require_all(const Fields& fields, const ConfigOrigins& origins,
                 const std::filesystem::path& where) {
  const auto missing = missing_fields(fields, origins);
  if (missing.empty()) return;
  std::vector<Error> errors;
  for (const std::string& key : missing) {
    errors.push_back(Error(ErrorCode::config, "the key " + key + " is missing").in_file(where));
  }
  throw ConfigErrors(std::move(errors));
}

void read_config_into(const Fields& fields, const std::filesystem::path& file,
                      std::span<const std::string> overrides, const Limits& limits) {
  ConfigOrigins origins;
  apply_yaml(*parse_yaml_file(file, limits), file, fields, &origins);
  for (const std::string& assignment : overrides) apply_override(assignment, fields, &origins);
  require_all(fields, origins, file);
}

}  // namespace vane
