// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>
#include <utility>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/shard_index.h"

namespace vane {
namespace {

// A shard is named by the index, which may come from a stranger: it must not reach other folders.
void check_bare_name(const Json& value) {
  const std::string& name = value.as_string();
  const bool is_bare = !name.empty() && name.find_first_of("/\\") == std::string::npos &&
                       name.find('\0') == std::string::npos &&
                       name.find("..") == std::string::npos && name != ".";
  if (is_bare) return;
  throw Error(ErrorCode::checkpoint,
              "shard name \"" + printable(name) + "\" is not a bare file name")
      .at_byte(value.byte())
      .with_hint("shards must lie beside the index");
}

TensorTable open_shard(const std::filesystem::path& index_json, const std::string& shard,
                       const Limits& limits) {
  const std::filesystem::path folder =
      index_json.has_parent_path() ? index_json.parent_path() : std::filesystem::path(".");
  try {
    return parse_safetensors(MappedFile::open_in_folder(folder, shard, limits.weights_file_bytes,
                                                        static_cast<int>(ErrorCode::checkpoint)),
                             limits);
  } catch (Error& error) {
    error.add_context("while reading a shard of " + index_json.string());
    throw;
  }
}

}  // namespace

std::map<std::string, std::string> parse_shard_index(std::string_view text, const Limits& limits) {
  const Json root = parse_json(text, JsonRules::from(limits, ErrorCode::checkpoint));
  std::map<std::string, std::string> shard_of;
  for (const auto& [name, shard] : root.at("weight_map").members()) {
    check_bare_name(shard);
    shard_of.emplace(name, shard.as_string());
  }
  if (shard_of.size() > limits.weights_tensors) {
    throw Error(ErrorCode::checkpoint,
                "lists more than " + std::to_string(limits.weights_tensors) + " tensors");
  }
  return shard_of;
}

TensorTable open_sharded_safetensors(const std::filesystem::path& index_json,
                                     const Limits& limits) {
  constexpr int kCode = static_cast<int>(ErrorCode::checkpoint);
  const auto index = MappedFile::open(index_json, limits.json_bytes, kCode);
  std::map<std::string, std::string> shard_of;
  try {
    shard_of = parse_shard_index(text_view(index->view()), limits);
  } catch (Error& error) {
    error.set_file_if_empty(index_json);
    throw;
  }
  std::set<std::string> shards;
  for (const auto& [name, shard] : shard_of) shards.insert(shard);

  TensorTable table;
  table.format = "safetensors (sharded)";
  table.path = index_json;
  for (const std::string& shard : shards) {
    TensorTable part = open_shard(index_json, shard, limits);
    for (TensorRecord& tensor : part.tensors) {
      const auto listed = shard_of.find(tensor.name);
      if (listed == shard_of.end() || listed->second != shard) {
        throw Error(ErrorCode::checkpoint, "the index does not place this tensor in \"" +
                                               printable(shard) + "\", which holds it")
            .in_file(index_json)
            .at_key(tensor.name);
      }
      shard_of.erase(listed);
      table.tensors.push_back(std::move(tensor));
    }
    table.metadata.merge(part.metadata);
    table.owners.insert(table.owners.end(), part.owners.begin(), part.owners.end());
  }
  if (!shard_of.empty()) {
    const auto& [name, shard] = *shard_of.begin();
    throw Error(ErrorCode::checkpoint, "shard \"" + printable(shard) + "\" lacks this tensor (" +
                                           std::to_string(shard_of.size()) + " missing in all)")
        .in_file(index_json)
        .at_key(name);
  }
  table.reindex();
  return table;
}

}  // namespace vane
