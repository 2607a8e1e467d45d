// SPDX-License-Identifier: Apache-2.0
#include "engine/base/limits.h"

#include <utility>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

using Member = uint64_t Limits::*;

const std::vector<std::pair<std::string, Member>>& table() {
  static const std::vector<std::pair<std::string, Member>> entries = {
      {"weights.file_bytes", &Limits::weights_file_bytes},
      {"weights.header_bytes", &Limits::weights_header_bytes},
      {"weights.tensors", &Limits::weights_tensors},
      {"weights.name_bytes", &Limits::weights_name_bytes},
      {"pickle.ops", &Limits::pickle_ops},
      {"pickle.stack", &Limits::pickle_stack},
      {"pickle.memo", &Limits::pickle_memo},
      {"pickle.nesting", &Limits::pickle_nesting},
      {"pickle.string_bytes", &Limits::pickle_string_bytes},
      {"zip.entries", &Limits::zip_entries},
      {"zip.ratio", &Limits::zip_ratio},
      {"image.pixels", &Limits::image_pixels},
      {"image.side", &Limits::image_side},
      {"image.decoded_bytes", &Limits::image_decoded_bytes},
      {"image.file_bytes", &Limits::image_file_bytes},
      {"image.ratio", &Limits::image_ratio},
      {"image.jpeg_scans", &Limits::image_jpeg_scans},
      {"scene.file_bytes", &Limits::scene_file_bytes},
      {"scene.gaussians", &Limits::scene_gaussians},
      {"scene.points", &Limits::scene_points},
      {"scene.views", &Limits::scene_views},
      {"scene.ratio", &Limits::scene_ratio},
      {"json.bytes", &Limits::json_bytes},
      {"json.depth", &Limits::json_depth},
      {"json.nodes", &Limits::json_nodes},
      {"yaml.bytes", &Limits::yaml_bytes},
      {"yaml.depth", &Limits::yaml_depth},
      {"yaml.nodes", &Limits::yaml_nodes},
      {"text.prompt_bytes", &Limits::text_prompt_bytes},
  };
  return entries;
}

}  // namespace

std::vector<std::string> Limits::names() {
  std::vector<std::string> names;
  for (const auto& [name, member] : table()) names.push_back(name);
  return names;
}

void Limits::set(std::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    throw Error(ErrorCode::usage,
                "expected --limit NAME=VALUE, got \"" + std::string(assignment) + "\"");
  }
  const std::string name = trimmed(assignment.substr(0, equals));
  const auto value = parse_byte_size(trimmed(assignment.substr(equals + 1)));
  for (const auto& [known, member] : table()) {
    if (known != name) continue;
    if (!value || *value == 0) {
      throw Error(ErrorCode::usage, "a limit is a positive number, such as 300M or 2GiB")
          .at_key("--limit " + name);
    }
    this->*member = *value;
    return;
  }
  const auto known = names();
  const auto nearest = nearest_name(name, known);
  throw Error(ErrorCode::usage, "there is no limit \"" + name + "\"")
      .with_hint(nearest ? "did you mean " + *nearest + "?" : "known limits: " + join(known, ", "));
}

}  // namespace vane
