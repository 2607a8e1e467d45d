// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/state_dict.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/weights/module_tree.h"
#include "engine/weights/pickle_globals.h"

namespace vane {
namespace {

// The last one is that of NVLabs' StyleGAN pickles, beside G and D.
constexpr std::array<std::string_view, 9> kUsualKeys = {
    "state_dict", "model", "params_ema", "params", "g_ema", "generator", "ema", "module", "G_ema"};
constexpr std::string_view kParallelPrefix = "module.";
// Of sequences in a sequence.
constexpr int kMostNested = 3;

Error fault(std::string message) { return Error(ErrorCode::checkpoint, std::move(message)); }

class Selector {
 public:
  Selector(const PickleArena& arena, const Limits& limits) : arena_(arena), limits_(limits) {}

  std::vector<NamedTensor> select(PickleId root, std::string_view key) const {
    std::vector<NamedTensor> found = key.empty() ? by_default(root) : by_key(root, key);
    strip_parallel_prefix(found);
    check_names(found);
    return found;
  }

 private:
  bool is_candidate(PickleId value) const {
    // Other objects have a dict as their state too (argparse's Namespace): tensors tell.
    if (is_module(arena_, value)) return !module_tensors(arena_, value, limits_).empty();
    if (arena_.kind(value) != PickleKind::dict) return false;
    const std::vector<PickleId>& entries = arena_.dict(value);
    for (size_t i = 1; i < entries.size(); i += 2) {
      if (arena_.kind(entries[i]) == PickleKind::tensor) return true;
    }
    return false;
  }

  // The tensors of one dict or module; plain values beside them are left out.
  std::vector<NamedTensor> collect(PickleId value) const {
    if (is_module(arena_, value)) return module_tensors(arena_, value, limits_);
    if (arena_.kind(value) == PickleKind::tensor) return {{"tensor", value}};
    if (arena_.kind(value) == PickleKind::opaque) throw fault(opaque_text("the root", value));
    if (arena_.kind(value) != PickleKind::dict) {
      throw fault("holds " + std::string(kind_name(arena_.kind(value))) + ", not a state dict");
    }
    std::vector<NamedTensor> found;
    const std::vector<PickleId>& entries = arena_.dict(value);
    for (size_t i = 0; i + 1 < entries.size(); i += 2) {
      const bool is_named = arena_.kind(entries[i]) == PickleKind::string;
      const std::string name(is_named ? arena_.text(entries[i]) : "");
      if (arena_.kind(entries[i + 1]) == PickleKind::opaque) {
        throw fault(opaque_text("this value", entries[i + 1])).at_key(name);
      }
      if (arena_.kind(entries[i + 1]) != PickleKind::tensor) continue;
      if (!is_named) {
        throw fault("the name of a tensor is " + std::string(kind_name(arena_.kind(entries[i]))) +
                    ", not a string");
      }
      found.push_back({name, entries[i + 1]});
    }
    return found;
  }

  std::string opaque_text(std::string_view subject, PickleId value) const {
    const std::string reason = opaque_reason(arena_.opaque_name(value));
    return reason.starts_with("is ") ? std::string(subject) + " " + reason : reason;
  }

  std::vector<NamedTensor> by_key(PickleId root, std::string_view key) const {
    const std::optional<PickleId> value = descend(root, key);
    if (!value) {
      throw fault("has no key \"" + printable(key) + "\"; its keys are: " + key_list(root));
    }
    if (arena_.kind(*value) == PickleKind::tensor) return {{std::string(key), *value}};
    return collect(*value);
  }

  std::optional<PickleId> descend(PickleId value, std::string_view key) const {
    if (arena_.kind(value) != PickleKind::dict) return std::nullopt;
    if (const PickleId* exact = arena_.find(value, key)) return *exact;
    for (size_t dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.', dot + 1)) {
      const PickleId* child = arena_.find(value, key.substr(0, dot));
      if (child != nullptr) return descend(*child, key.substr(dot + 1));
    }
    return std::nullopt;
  }

  bool is_sequence(PickleId value) const {
    return arena_.kind(value) == PickleKind::tuple || arena_.kind(value) == PickleKind::list;
  }

  std::span<const PickleId> items(PickleId sequence) const {
    if (arena_.kind(sequence) == PickleKind::tuple) return arena_.tuple(sequence);
    return arena_.list(sequence);
  }

  /// Tensors in a tuple of tuples, named by their places; a list may hold itself, so the depth
  /// ends.
  void collect_places(PickleId sequence, const std::string& prefix, int depth,
                      std::vector<NamedTensor>& found) const {
    const std::span<const PickleId> values = items(sequence);
    for (size_t i = 0; i < values.size(); ++i) {
      if (found.size() > limits_.weights_tensors) return;
      const std::string name = prefix + std::to_string(i);
      if (arena_.kind(values[i]) == PickleKind::tensor) found.push_back({name, values[i]});
      if (is_sequence(values[i]) && depth > 0) {
        collect_places(values[i], name + ".", depth - 1, found);
      }
    }
  }

  std::vector<NamedTensor> by_default(PickleId root) const {
    if (is_sequence(root)) {
      std::vector<NamedTensor> found;
      collect_places(root, "", kMostNested, found);
      if (!found.empty()) return found;
    }
    if (arena_.kind(root) != PickleKind::dict) return collect(root);
    const std::vector<PickleId>& entries = arena_.dict(root);
    bool has_tensor = false, is_pure = true;
    std::vector<std::string> usual, other;
    std::optional<PickleId> opaque;
    for (size_t i = 0; i + 1 < entries.size(); i += 2) {
      const PickleId value = entries[i + 1];
      const bool is_tensor = arena_.kind(value) == PickleKind::tensor;
      has_tensor = has_tensor || is_tensor;
      is_pure = is_pure && is_tensor;
      if (arena_.kind(value) == PickleKind::opaque && !opaque) opaque = value;
      if (arena_.kind(entries[i]) != PickleKind::string || !is_candidate(value)) continue;
      const std::string_view name = arena_.text(entries[i]);
      const bool is_usual =
          std::find(kUsualKeys.begin(), kUsualKeys.end(), name) != kUsualKeys.end();
      (is_usual ? usual : other).emplace_back(name);
    }
    if (is_pure) return collect(root);
    // Restoration networks save both; their own loaders take the averaged one.
    if (usual.size() == 2 && std::count(usual.begin(), usual.end(), "params_ema") == 1 &&
        std::count(usual.begin(), usual.end(), "params") == 1) {
      usual = {"params_ema"};
    }
    if (usual.empty()) usual = std::move(other);
    if (has_tensor && usual.empty()) return collect(root);
    if (usual.size() == 1) return collect(*arena_.find(root, usual.front()));
    if (usual.empty()) {
      throw fault("holds no state dict; " + (opaque ? opaque_text("a value in it", *opaque)
                                                    : "its keys are: " + key_list(root)));
    }
    std::sort(usual.begin(), usual.end());
    throw fault("holds several state dicts: " + printable(join(usual, ", ")))
        .with_hint("choose one with --state-dict-key");
  }

  std::string key_list(PickleId root) const {
    std::vector<std::string> keys;
    if (arena_.kind(root) == PickleKind::dict) {
      const std::vector<PickleId>& entries = arena_.dict(root);
      for (size_t i = 0; i + 1 < entries.size() && keys.size() < 10; i += 2) {
        if (arena_.kind(entries[i]) != PickleKind::string) continue;
        keys.push_back(printable(arena_.text(entries[i]), 40));
      }
    }
    return keys.empty() ? "none" : join(keys, ", ");
  }

  static void strip_parallel_prefix(std::vector<NamedTensor>& found) {
    for (const NamedTensor& tensor : found) {
      if (!tensor.name.starts_with(kParallelPrefix)) return;
    }
    for (NamedTensor& tensor : found) tensor.name.erase(0, kParallelPrefix.size());
  }

  void check_names(const std::vector<NamedTensor>& found) const {
    if (found.size() > limits_.weights_tensors) {
      throw fault("holds more than " + std::to_string(limits_.weights_tensors) + " tensors");
    }
    std::set<std::string_view> seen;
    for (const NamedTensor& tensor : found) {
      if (tensor.name.size() > limits_.weights_name_bytes) throw fault("tensor name is too long");
      if (!is_utf8(tensor.name)) throw fault("tensor name is not UTF-8").at_key(tensor.name);
      if (!seen.insert(tensor.name).second) {
        throw fault("tensor name appears twice").at_key(tensor.name);
      }
    }
  }

  const PickleArena& arena_;
  const Limits& limits_;
};

}  // namespace

std::vector<NamedTensor> select_state_dict(const PickleArena& arena, PickleId root,
                                           std::string_view key, const Limits& limits) {
  return Selector(arena, limits).select(root, key);
}

}  // namespace vane
