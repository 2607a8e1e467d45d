// SPDX-License-Identifier: Apache-2.0
#pragma once
// Configuration structs as YAML, JSON, JSON Schema, help tables and a content hash.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/config/field_node.h"

namespace vane {

/// Block-style YAML with the doc strings as comments when `comments`; reading it back gives an
/// equal object.
std::string yaml_text(const Fields& fields, bool comments = false);
template <class T>
std::string to_yaml(const T& config, bool comments = false) {
  T copy = config;  // nodes bind to mutable objects
  return yaml_text(fields_of(copy), comments);
}

/// The same values as JSON; absent and non-finite ones are null.
nlohmann::ordered_json fields_json(const Fields& fields);

/// JSON Schema 2020-12 of the files that apply_yaml() accepts, for completion in editors.
nlohmann::ordered_json json_schema(const Fields& fields, const std::string& title);

/// One line of documentation for each scalar or list, groups written out as dotted keys.
struct FieldLine {
  std::string key, accepts, default_text, doc;
  bool required = false;
};
std::vector<FieldLine> field_lines(const Fields& fields);
/// A Markdown table of field_lines().
std::string markdown_table(const Fields& fields);

/// Equal for equal values, whatever file or flag they came from.
uint64_t content_hash(const Fields& fields);

}  // namespace vane
