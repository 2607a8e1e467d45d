// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/checkpoint_notes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>

#include "engine/base/text.h"

namespace vane {
namespace {

constexpr std::array<std::string_view, 2> kOptions = {"opts", "args"};

std::optional<std::string> plain_text(const PickleArena& arena, PickleId value) {
  switch (arena.kind(value)) {
    case PickleKind::boolean:
      return value == PickleArena::kTrue ? "True" : "False";
    case PickleKind::integer:
      return std::to_string(arena.integer(value));
    case PickleKind::real:
      return number_text(std::bit_cast<double>(arena.nodes[value].payload));
    case PickleKind::string:
      if (!is_utf8(arena.text(value))) return std::nullopt;
      return std::string(arena.text(value));
    default:
      return std::nullopt;
  }
}

bool is_name(const PickleArena& arena, PickleId key, const Limits& limits) {
  return arena.kind(key) == PickleKind::string &&
         arena.text(key).size() <= limits.weights_name_bytes && is_utf8(arena.text(key));
}

void add_options(const PickleArena& arena, std::string_view group, PickleId options,
                 const Limits& limits, TensorTable& table) {
  if (arena.kind(options) == PickleKind::opaque) options = arena.opaque(options).state;
  if (arena.kind(options) != PickleKind::dict) return;
  const std::vector<PickleId>& entries = arena.dict(options);
  for (size_t i = 0; i + 1 < entries.size(); i += 2) {
    if (!is_name(arena, entries[i], limits)) continue;
    if (const auto text = plain_text(arena, entries[i + 1])) {
      table.metadata[std::string(group) + "." + std::string(arena.text(entries[i]))] = *text;
    }
  }
}

}  // namespace

void add_checkpoint_notes(const PickleArena& arena, PickleId root,
                          const std::vector<NamedTensor>& found, const StorageBytes& storage_bytes,
                          const Limits& limits, TensorTable& table) {
  if (arena.kind(root) != PickleKind::dict) return;
  std::unordered_set<PickleId> known;
  for (const NamedTensor& named : found) known.insert(named.tensor);
  std::map<std::string, PickleId> beside;  // of a name that appears twice the last, as in Python
  const std::vector<PickleId>& entries = arena.dict(root);
  for (size_t i = 0; i + 1 < entries.size(); i += 2) {
    if (!is_name(arena, entries[i], limits)) continue;
    const std::string_view name = arena.text(entries[i]);
    if (arena.kind(entries[i + 1]) == PickleKind::tensor) {
      if (!known.contains(entries[i + 1])) beside[std::string(name)] = entries[i + 1];
    } else if (std::find(kOptions.begin(), kOptions.end(), name) != kOptions.end()) {
      add_options(arena, name, entries[i + 1], limits, table);
    }
  }
  std::vector<NamedTensor> named;
  for (const auto& [name, tensor] : beside) named.push_back({name, tensor});
  TensorTable notes;
  add_pickled_tensors(arena, named, storage_bytes, notes);
  table.beside = std::move(notes.tensors);
  for (auto& owner : notes.owners) table.owners.push_back(std::move(owner));
}

}  // namespace vane
