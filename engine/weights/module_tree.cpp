// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/module_tree.h"

#include <optional>

#include "engine/base/error.h"
#include "engine/weights/pickle_globals.h"

namespace vane {
namespace {

// NVLabs' StyleGAN pickles make each module from one dict that holds its source and its state.
constexpr std::string_view kPersistent = "torch_utils.persistence._reconstruct_persistent_obj";

// The dict of a module's attributes, or nothing when `object` is no module.
std::optional<PickleId> module_state(const PickleArena& arena, PickleId object) {
  if (arena.kind(object) != PickleKind::opaque) return std::nullopt;
  const PickleOpaque& opaque = arena.opaque(object);
  if (arena.kind(opaque.state) == PickleKind::dict) return opaque.state;
  if (arena.opaque_name(object) != kPersistent || arena.kind(opaque.args) != PickleKind::tuple) {
    return std::nullopt;
  }
  const std::span<const PickleId> args = arena.tuple(opaque.args);
  if (args.size() != 1 || arena.kind(args[0]) != PickleKind::dict) return std::nullopt;
  const PickleId* state = arena.find(args[0], "state");
  if (state == nullptr || arena.kind(*state) != PickleKind::dict) return std::nullopt;
  return *state;
}

class Walker {
 public:
  Walker(const PickleArena& arena, const Limits& limits) : arena_(arena), limits_(limits) {}

  void walk(PickleId module, const std::string& prefix, uint64_t depth) {
    // One object may be reached on many paths, so the number of visits is capped, not of objects.
    if (depth > limits_.pickle_nesting || ++visits_ > limits_.weights_tensors) {
      throw Error(ErrorCode::checkpoint, "module tree is too deep or holds itself").at_key(prefix);
    }
    const PickleId state = *module_state(arena_, module);
    const PickleId* parameters = dict_under(state, "_parameters");
    const PickleId* children = dict_under(state, "_modules");
    if (parameters == nullptr || children == nullptr) {
      take_attributes(state, prefix, depth);
      return;
    }
    take_tensors(*parameters, prefix);
    if (const PickleId* buffers = dict_under(state, "_buffers")) take_tensors(*buffers, prefix);
    take_children(*children, prefix, depth);
  }

  std::vector<NamedTensor> take() { return std::move(found_); }

 private:
  const PickleId* dict_under(PickleId dict, std::string_view key) const {
    const PickleId* value = arena_.find(dict, key);
    return value != nullptr && arena_.kind(*value) == PickleKind::dict ? value : nullptr;
  }

  template <class Visit>
  void each(PickleId dict, const std::string& prefix, Visit visit) const {
    const std::vector<PickleId>& entries = arena_.dict(dict);
    for (size_t i = 0; i + 1 < entries.size(); i += 2) {
      if (arena_.kind(entries[i]) != PickleKind::string) continue;
      const std::string_view name = arena_.text(entries[i]);
      if (prefix.size() + name.size() > limits_.weights_name_bytes) {
        throw Error(ErrorCode::checkpoint, "tensor name is too long").at_key(prefix);
      }
      visit(prefix + std::string(name), entries[i + 1]);
    }
  }

  void take_tensor(std::string name, PickleId value) {
    if (arena_.kind(value) == PickleKind::tensor) {
      found_.push_back({std::move(name), value});
    } else if (arena_.kind(value) == PickleKind::opaque &&
               is_other_tensor(arena_.opaque_name(value))) {
      throw Error(ErrorCode::checkpoint, opaque_reason(arena_.opaque_name(value))).at_key(name);
    }
  }

  void take_attributes(PickleId state, const std::string& prefix, uint64_t depth) {
    each(state, prefix, [&](std::string name, PickleId value) {
      if (is_module(arena_, value)) {
        walk(value, name + ".", depth + 1);
      } else {
        take_tensor(std::move(name), value);
      }
    });
  }

  void take_tensors(PickleId dict, const std::string& prefix) {
    each(dict, prefix,
         [&](std::string name, PickleId value) { take_tensor(std::move(name), value); });
  }

  void take_children(PickleId dict, const std::string& prefix, uint64_t depth) {
    each(dict, prefix, [&](const std::string& name, PickleId value) {
      if (is_module(arena_, value)) walk(value, name + ".", depth + 1);
    });
  }

  const PickleArena& arena_;
  const Limits& limits_;
  std::vector<NamedTensor> found_;
  uint64_t visits_ = 0;
};

}  // namespace

bool is_module(const PickleArena& arena, PickleId object) {
  return module_state(arena, object).has_value();
}

std::vector<NamedTensor> module_tensors(const PickleArena& arena, PickleId module,
                                        const Limits& limits) {
  Walker walker(arena, limits);
  walker.walk(module, "", 0);
  return walker.take();
}

}  // namespace vane
