// SPDX-License-Identifier: Apache-2.0
#pragma once
// Named kinds of a thing, made from configuration: no macros, no static constructors.
//
//   Registry<Objective, const ClipEncoder&> objectives;
//   objectives.add<ClipDirectionConfig>("clip_direction", "follows a direction", "Gal et al. 2021",
//       [](const ClipDirectionConfig& config, const ClipEncoder& clip) { return …; });
//   auto objective = objectives.make(*node, clip);      // {kind: clip_direction, weight: 2}

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/config/config_reader.h"
#include "engine/config/config_writer.h"

namespace vane {

template <class T, class... Arguments>
class Registry {
 public:
  struct Entry {
    std::string name, summary;
    /// Paper and year, or the published implementation.
    std::string source;
    /// JSON Schema of the configuration.
    std::function<nlohmann::ordered_json()> schema;
    std::function<std::unique_ptr<T>(const YamlNode&, const std::filesystem::path& file,
                                     Arguments...)>
        make;
  };

  /// Config is a struct with fields(); the key `kind` is the registry's own. Throws Error{internal}
  /// for a name that is taken.
  template <class Config, class Make>
  void add(const std::string& name, const std::string& summary, const std::string& source,
           Make make) {
    Entry entry{name, summary, source, {}, {}};
    entry.schema = [name] {
      WithKind<Config> config;
      return json_schema(fields_of(config), name);
    };
    entry.make = [make](const YamlNode& node, const std::filesystem::path& file,
                        Arguments... arguments) {
      WithKind<Config> config;
      const Fields fields = fields_of(config);
      ConfigOrigins origins;
      apply_yaml(node, file, fields, &origins);
      require_all(fields, origins, file);
      return std::unique_ptr<T>(
          make(static_cast<const Config&>(config), std::forward<Arguments>(arguments)...));
    };
    if (!entries_.emplace(name, std::move(entry)).second) {
      throw Error(ErrorCode::internal, "two entries are called \"" + name + "\"");
    }
  }

  /// Makes what the key `kind` of `node` names; a relative path in it means relative to the folder
  /// of `file`. Throws Error{config} for a missing or unknown kind (naming the nearest) and for
  /// whatever the entry's configuration refuses.
  std::unique_ptr<T> make(const YamlNode& node, const std::filesystem::path& file,
                          Arguments... arguments) const {
    const YamlNode* kind = node.kind == YamlNode::Kind::map ? node.find("kind") : nullptr;
    if (!kind || kind->kind != YamlNode::Kind::scalar) {
      throw Error(ErrorCode::config, "the key kind is missing")
          .in_file(file)
          .at_line(node.line, node.column)
          .with_hint("kinds: " + join(names(), ", "));
    }
    const auto found = entries_.find(kind->text);
    if (found == entries_.end()) {
      const auto nearest = nearest_name(kind->text, names());
      throw Error(ErrorCode::config, "there is no kind \"" + printable(kind->text) + "\"")
          .in_file(file)
          .at_line(kind->line, kind->column)
          .with_hint(nearest ? "did you mean " + *nearest + "?" : "kinds: " + join(names(), ", "));
    }
    return found->second.make(node, file, std::forward<Arguments>(arguments)...);
  }

  /// Sorted by name.
  std::vector<const Entry*> entries() const {
    std::vector<const Entry*> out;
    for (const auto& [name, entry] : entries_) out.push_back(&entry);
    return out;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, entry] : entries_) out.push_back(name);
    return out;
  }

 private:
  template <class Config>
  struct WithKind : Config {
    std::string kind;
    template <class V>
    static void fields(V& v) {
      v.field("kind", &WithKind::kind, "which kind");
      Config::fields(v);
    }
  };

  std::map<std::string, Entry> entries_;
};

}  // namespace vane
