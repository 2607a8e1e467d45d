// SPDX-License-Identifier: Apache-2.0
#pragma once
// A YAML document as a plain tree that is safe to walk: bounded, acyclic, without duplicate keys.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/limits.h"

namespace vane {

struct YamlNode;

struct YamlEntry {
  std::string key;
  int line = 0, column = 0;  // of the key
  std::shared_ptr<const YamlNode> value;
};

/// Aliases share the node of their anchor. Lines and columns are 1-based.
struct YamlNode {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  std::string text;
  /// A scalar written without quotes, block style or an explicit !!str.
  bool plain = true;
  int line = 1, column = 1;
  std::vector<std::shared_ptr<const YamlNode>> items;
  std::vector<YamlEntry> entries;
  /// Nodes of this subtree with every alias written out, and its height.
  uint64_t expanded = 1;
  uint64_t height = 1;

  /// The value of `key` (with - and _ alike), or null.
  const YamlNode* find(std::string_view key) const;
};

/// Parses one document. Throws Error{config} with line and column for: bad syntax, invalid UTF-8,
/// size, depth or node count (aliases written out) over the limits, an alias inside its own anchor,
/// duplicate keys (both lines are named), keys that are not plain text, `<<` merge keys, integers
/// with leading zeros, tags outside the core schema, and a second document. An empty document is a
/// null node. `name` is what messages call it; may be empty.
std::shared_ptr<const YamlNode> parse_yaml(std::string_view text, const std::string& name,
                                           const Limits& limits = {});
/// The same for a file. Throws Error{input} when it cannot be read.
std::shared_ptr<const YamlNode> parse_yaml_file(const std::filesystem::path& path,
                                                const Limits& limits = {});

}  // namespace vane
