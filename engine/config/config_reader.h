// SPDX-License-Identifier: Apache-2.0
#pragma once
// Fills configuration structs from YAML files and from `--set key=value`.

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/limits.h"
#include "engine/config/field_node.h"

namespace vane {

/// All that is wrong with one configuration file; what() tells the first and counts the rest.
class ConfigErrors final : public Error {
 public:
  explicit ConfigErrors(std::vector<Error> errors);
  const std::vector<Error>& errors() const { return errors_; }

 private:
  std::vector<Error> errors_;
};

/// Who set a value last: dotted key -> "file.yaml:3:5" or "--set" or "--strength".
using ConfigOrigins = std::map<std::string, std::string>;

/// Stores the values of a YAML map into the fields. Maps merge recursively, lists are replaced,
/// null leaves a default (or clears an optional field). A relative path means relative to the
/// folder of `file`. A top-level `schema: 1` is accepted.
///
/// Throws ConfigErrors (code config) with every unknown key (and the nearest valid one), wrong
/// type, value out of range and unknown word, each with line and column; at most 20 are collected.
void apply_yaml(const YamlNode& root, const std::filesystem::path& file, const Fields& fields,
                ConfigOrigins* origins = nullptr);

/// Applies "a.b=1", "guidance.0.weight=1.5", "sizes=[1, 2]". The index one past the end of a list
/// appends. Throws Error{usage} as apply_yaml would, naming the key.
void apply_override(std::string_view assignment, const Fields& fields,
                    ConfigOrigins* origins = nullptr);

/// Dotted keys of required fields that nobody set.
std::vector<std::string> missing_fields(const Fields& fields, const ConfigOrigins& origins);
/// Throws ConfigErrors for required fields that nobody set; `where` is the file or the command.
void require_all(const Fields& fields, const ConfigOrigins& origins,
                 const std::filesystem::path& where);

/// Defaults, then the file, then the overrides; everything required must be there.
void read_config_into(const Fields& fields, const std::filesystem::path& file,
                      std::span<const std::string> overrides = {}, const Limits& limits = {});
template <class T>
T read_config(const std::filesystem::path& file, std::span<const std::string> overrides = {},
              const Limits& limits = {}) {
  T config{};
  read_config_into(fields_of(config), file, overrides, limits);
  return config;
}

}  // namespace vane
