// SPDX-License-Identifier: Apache-2.0
#pragma once
// Checks JSON against a schema (draft 2020-12), for the keywords that our schemas use.

#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

namespace vane::testing {

/// What is wrong, a line each, with where it is; empty when the document obeys. A keyword that is
/// not known here throws: nothing is passed over in silence.
class JsonSchema {
 public:
  using Json = nlohmann::json;
  explicit JsonSchema(Json schema) : root_(std::move(schema)) {}

  std::vector<std::string> problems(const Json& document) const {
    std::vector<std::string> found;
    check(root_, document, "", found);
    return found;
  }

 private:
  static bool has_type(const std::string& type, const Json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number() && std::isfinite(value.get<double>());
    if (type == "boolean") return value.is_boolean();
    throw std::invalid_argument("unknown type " + type);
  }

  void check(const Json& schema, const Json& value, const std::string& place,
             std::vector<std::string>& found) const {
    const auto wrong = [&](const std::string& what) { found.push_back(place + ": " + what); };
    for (const auto& [keyword, rule] : schema.items()) {
      if (keyword == "$schema" || keyword == "title" || keyword == "description" ||
          keyword == "$defs") {
        continue;
      }
      if (keyword == "$ref") {
        check(root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), value, place, found);
      } else if (keyword == "type") {
        if (!has_type(rule, value)) wrong("is no " + rule.get<std::string>());
      } else if (keyword == "const") {
        if (value != rule) wrong("is not " + rule.dump());
      } else if (keyword == "enum") {
        if (std::find(rule.begin(), rule.end(), value) == rule.end()) wrong("is none of the enum");
      } else if (keyword == "minimum") {
        if (value.is_number() && value < rule) wrong("is below " + rule.dump());
      } else if (keyword == "maximum") {
        if (value.is_number() && value > rule) wrong("is above " + rule.dump());
      } else if (keyword == "minLength") {
        if (value.is_string() && value.get<std::string>().size() < rule) wrong("is too short");
      } else if (keyword == "pattern") {
        if (value.is_string() &&
            !std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>()))) {
          wrong("does not match " + rule.dump());
        }
      } else if (keyword == "required") {
        for (const Json& name : rule) {
          if (value.is_object() && !value.contains(name)) wrong("lacks " + name.dump());
        }
      } else if (keyword == "properties") {
        for (const auto& [name, inner] : rule.items()) {
          if (value.is_object() && value.contains(name)) {
            check(inner, value.at(name), place + "/" + name, found);
          }
        }
      } else if (keyword == "additionalProperties") {
        if (rule != Json(false)) throw std::invalid_argument("additionalProperties is not false");
        if (!value.is_object()) continue;
        for (const auto& [name, inner] : value.items()) {
          if (!schema.at("properties").contains(name)) wrong("has \"" + name + "\"");
        }
      } else if (keyword == "items") {
        for (size_t i = 0; value.is_array() && i < value.size(); ++i) {
          check(rule, value[i], place + "/" + std::to_string(i), found);
        }
      } else {
        throw std::invalid_argument("unknown keyword " + keyword);
      }
    }
  }

  Json root_;
};

}  // namespace vane::testing
