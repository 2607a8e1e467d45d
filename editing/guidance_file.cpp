// SPDX-License-Identifier: Apache-2.0
#include "editing/guidance_file.h"

#include "engine/base/error.h"
#include "engine/config/config_reader.h"
#include "engine/config/yaml_document.h"

namespace vane {
namespace {

struct EncoderEntry {
  std::string clip;
  float weight = 1.f;

  template <class V>
  static void fields(V& v) {
    using C = EncoderEntry;
    v.field("clip", &C::clip, "CLIP model: a folder, a checkpoint file or a built-in name",
            {.required = true});
    v.field("weight", &C::weight, "its share in every CLIP objective", {.min = 1e-3, .max = 1e3});
  }
};

struct FileConfig {
  std::vector<EncoderEntry> encoders;
  std::shared_ptr<const YamlNode> objectives;

  template <class V>
  static void fields(V& v) {
    using C = FileConfig;
    v.field("encoders", &C::encoders, "who looks; --clip alone by default");
    v.field("objectives", &C::objectives, "what is wanted", {.required = true});
  }
};

// No text of the file may be longer than one on the command line.
void check_texts(const YamlNode& node, const std::filesystem::path& path, const Limits& limits) {
  if (node.text.size() > limits.text_prompt_bytes) {
    throw Error(ErrorCode::config, "a text of " + std::to_string(node.text.size()) +
                                       " bytes is over the limit text.prompt_bytes of " +
                                       std::to_string(limits.text_prompt_bytes))
        .in_file(path)
        .at_line(node.line, node.column);
  }
  for (const auto& item : node.items) check_texts(*item, path, limits);
  for (const YamlEntry& entry : node.entries) check_texts(*entry.value, path, limits);
}

}  // namespace

GuidanceFile read_guidance_file(const std::filesystem::path& path, const std::string& clip,
                                const Limits& limits) {
  const auto document = parse_yaml_file(path, limits);
  check_texts(*document, path, limits);
  FileConfig config;
  if (document->kind == YamlNode::Kind::map) {
    const Fields fields = fields_of(config);
    ConfigOrigins origins;
    apply_yaml(*document, path, fields, &origins);
    require_all(fields, origins, path);
  } else {
    config.objectives = document;
  }
  GuidanceFile file;
  ClipLoadOptions options;
  options.limits = limits;
  for (const EncoderEntry& entry : config.encoders) {
    file.encoders.push_back({load_clip(entry.clip, options), entry.weight});
  }
  if (file.encoders.empty()) file.encoders.push_back({load_clip(clip, options)});
  file.objectives = objective_stack(objective_registry(), *config.objectives, path,
                                    GuidanceContext{file.encoders});
  return file;
}

}  // namespace vane
