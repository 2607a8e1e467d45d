// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/pickle_calls.h"

#include <algorithm>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/weights/legacy_stream.h"

namespace vane {
namespace {

constexpr size_t kMaxRank = 8;
// Broadcast views (stride 0) may show a storage this many times over, no more.
constexpr uint64_t kMaxExpansion = 4;
constexpr size_t kMaxKey = 64;

Error fault(std::string message) { return Error(ErrorCode::checkpoint, std::move(message)); }

bool is_storage_key(std::string_view key) {
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !key.empty() && key.size() <= kMaxKey && std::all_of(key.begin(), key.end(), is_word);
}

}  // namespace

PickleId PickleCalls::add(PickleKind kind, uint64_t payload, uint32_t length, uint16_t depth) {
  if (arena_.nodes.size() >= limits_.pickle_memo || item_count_ > 2 * limits_.pickle_memo) {
    throw fault("pickle makes more than " + std::to_string(limits_.pickle_memo) + " values");
  }
  if (depth > limits_.pickle_nesting) {
    throw fault("pickle is nested deeper than " + std::to_string(limits_.pickle_nesting) +
                " levels");
  }
  arena_.nodes.push_back({kind, depth, length, payload});
  return static_cast<PickleId>(arena_.nodes.size() - 1);
}

PickleId PickleCalls::add_container(PickleKind kind) {
  arena_.containers.emplace_back();
  return add(kind, arena_.containers.size() - 1);
}

PickleId PickleCalls::add_ordered_dict() {
  const PickleId id = add_container(PickleKind::dict);
  arena_.nodes[id].length = 1;  // BUILD is legal on an OrderedDict only.
  return id;
}

PickleId PickleCalls::add_tuple(std::span<const PickleId> items) {
  const uint64_t begin = arena_.tuple_items.size();
  arena_.tuple_items.insert(arena_.tuple_items.end(), items.begin(), items.end());
  const PickleId id = add(PickleKind::tuple, begin, static_cast<uint32_t>(items.size()));
  deepen(id, items);
  return id;
}

PickleId PickleCalls::add_opaque(uint32_t global, PickleId args, PickleId state) {
  arena_.opaques.push_back({global, args, state, {}});
  const PickleId id = add(PickleKind::opaque, arena_.opaques.size() - 1);
  deepen(id, std::span(&args, 1));
  return id;
}

void PickleCalls::deepen(PickleId container, std::span<const PickleId> items) {
  // Counted because a pickle can copy one long list again and again.
  item_count_ += items.size();
  uint64_t depth = arena_.nodes[container].depth;
  for (PickleId item : items) {
    // An item that is its own container (a cycle) has no depth to add.
    if (item != container) depth = std::max<uint64_t>(depth, arena_.nodes[item].depth + 1u);
  }
  if (depth > limits_.pickle_nesting) {
    throw fault("pickle is nested deeper than " + std::to_string(limits_.pickle_nesting) +
                " levels");
  }
  arena_.nodes[container].depth = static_cast<uint16_t>(depth);
}

void PickleCalls::append(PickleId list, std::span<const PickleId> items) {
  const PickleNode& node = arena_.nodes[list];
  if (node.kind == PickleKind::list) {
    auto& held = arena_.containers[node.payload];
    held.insert(held.end(), items.begin(), items.end());
  } else if (node.kind != PickleKind::opaque) {
    throw fault("items are appended to " + std::string(kind_name(node.kind)));
  }
  deepen(list, items);
}

void PickleCalls::set_items(PickleId dict, std::span<const PickleId> items) {
  const PickleNode& node = arena_.nodes[dict];
  if (items.size() % 2 != 0) throw fault("a key has no value");
  if (node.kind == PickleKind::dict) {
    auto& held = arena_.containers[node.payload];
    held.insert(held.end(), items.begin(), items.end());
  } else if (node.kind == PickleKind::opaque) {
    auto& held = arena_.opaques[node.payload].items;
    held.insert(held.end(), items.begin(), items.end());
  } else {
    throw fault("keys are set on " + std::string(kind_name(node.kind)));
  }
  deepen(dict, items);
}

PickleId PickleCalls::reduce(PickleId callable, PickleId args) {
  if (arena_.kind(args) != PickleKind::tuple) {
    throw fault("arguments of a call are " + std::string(kind_name(arena_.kind(args))) +
                ", not a tuple");
  }
  if (arena_.kind(callable) == PickleKind::opaque) {
    return add_opaque(arena_.opaque(callable).global, args, PickleArena::kNone);
  }
  if (arena_.kind(callable) != PickleKind::global) {
    throw fault("a call of " + std::string(kind_name(arena_.kind(callable))));
  }
  // A copy: the call may add to the table that the span looks into.
  const std::span<const PickleId> view = arena_.tuple(args);
  const std::vector<PickleId> items(view.begin(), view.end());
  return call(callable, items, args);
}

PickleId PickleCalls::call(PickleId callable, std::span<const PickleId> args, PickleId args_id) {
  const GlobalRole role = arena_.global(callable).role;
  switch (role) {
    case GlobalRole::ordered_dict:
      return ordered_dict_of(args);
    case GlobalRole::counter:
      if (args.empty()) return add_container(PickleKind::dict);
      if (arena_.kind(args[0]) == PickleKind::dict) return args[0];
      throw fault("a Counter is made of " + std::string(kind_name(arena_.kind(args[0]))));
    case GlobalRole::size:
      if (args.size() == 1 && arena_.kind(args[0]) == PickleKind::tuple) return args[0];
      throw fault("torch.Size needs one tuple");
    case GlobalRole::rebuild_parameter:
    case GlobalRole::parameter:
      return parameter_of(args);
    case GlobalRole::rebuild_tensor:
    case GlobalRole::rebuild_tensor_v2:
    case GlobalRole::rebuild_tensor_v3:
      return tensor_of(args, role);
    case GlobalRole::storage_stream:
      return storage_of_stream(callable, args_id);
    case GlobalRole::encode:
      if (!args.empty() && arena_.kind(args[0]) == PickleKind::string) {
        const PickleNode text = arena_.nodes[args[0]];
        return add(PickleKind::bytes, text.payload, text.length);
      }
      throw fault("_codecs.encode needs a string");
    case GlobalRole::opaque:
    case GlobalRole::storage_type:
    case GlobalRole::untyped_storage:
    case GlobalRole::dtype:
    case GlobalRole::plain_value:
      break;
  }
  return add_opaque(static_cast<uint32_t>(arena_.nodes[callable].payload), args_id,
                    PickleArena::kNone);
}

PickleId PickleCalls::ordered_dict_of(std::span<const PickleId> args) {
  const PickleId dict = add_ordered_dict();
  if (args.empty()) return dict;
  const PickleKind kind = arena_.kind(args[0]);
  if (args.size() != 1 || (kind != PickleKind::list && kind != PickleKind::tuple)) {
    throw fault("an OrderedDict is made of " + std::string(kind_name(kind)));
  }
  // Python 2 wrote a list of [key, value] lists here.
  const std::span<const PickleId> pairs = kind == PickleKind::list
                                              ? std::span<const PickleId>(arena_.list(args[0]))
                                              : arena_.tuple(args[0]);
  std::vector<PickleId> items;
  for (PickleId pair : pairs) {
    const bool is_list = arena_.kind(pair) == PickleKind::list;
    if (!is_list && arena_.kind(pair) != PickleKind::tuple) {
      throw fault("an item of an OrderedDict is " + std::string(kind_name(arena_.kind(pair))));
    }
    const std::span<const PickleId> both =
        is_list ? std::span<const PickleId>(arena_.list(pair)) : arena_.tuple(pair);
    if (both.size() != 2) throw fault("an item of an OrderedDict is not a key and a value");
    items.insert(items.end(), both.begin(), both.end());
  }
  set_items(dict, items);
  return dict;
}

PickleId PickleCalls::storage_of_stream(PickleId callable, PickleId args_id) {
  const std::span<const PickleId> args = arena_.tuple(args_id);
  const bool is_stream = args.size() == 1 && arena_.kind(args[0]) == PickleKind::bytes;
  const auto opaque = [&] {
    return add_opaque(static_cast<uint32_t>(arena_.nodes[callable].payload), args_id,
                      PickleArena::kNone);
  };
  if (!is_stream || !allows_streams_) return opaque();
  const PickleNode bytes = arena_.nodes[args[0]];
  const auto known = storage_of_.find(bytes.payload);
  if (known != storage_of_.end()) return known->second;
  const auto storage = read_storage_stream(
      std::as_bytes(std::span(arena_.pickle)).subspan(bytes.payload, bytes.length), limits_);
  PickleId made = PickleArena::kNone;
  if (storage) {
    arena_.storages.push_back(*storage);
    made = add(PickleKind::storage, arena_.storages.size() - 1);
  } else {
    made = opaque();  // Something else than a storage was saved.
  }
  storage_of_.emplace(bytes.payload, made);
  return made;
}

PickleId PickleCalls::parameter_of(std::span<const PickleId> args) {
  const PickleKind kind = args.empty() ? PickleKind::none : arena_.kind(args[0]);
  if (kind == PickleKind::tensor || kind == PickleKind::opaque) return args[0];
  throw fault("a parameter is made of " + std::string(kind_name(kind)));
}

int64_t PickleCalls::natural(PickleId id, std::string_view what) const {
  if (arena_.kind(id) != PickleKind::integer) {
    throw fault(std::string(what) + " is " + std::string(kind_name(arena_.kind(id))));
  }
  if (arena_.integer(id) < 0) {
    throw fault(std::string(what) + " is negative (" + std::to_string(arena_.integer(id)) + ")");
  }
  return arena_.integer(id);
}

PickleId PickleCalls::tensor_of(std::span<const PickleId> args, GlobalRole role) {
  const size_t needed = role == GlobalRole::rebuild_tensor      ? 4
                        : role == GlobalRole::rebuild_tensor_v2 ? 6
                                                                : 7;
  if (args.size() < needed) throw fault("a tensor is made of too few parts");
  // A storage of a kind that is not supported makes a tensor that is not either.
  if (arena_.kind(args[0]) == PickleKind::opaque) return args[0];
  if (arena_.kind(args[0]) != PickleKind::storage) {
    throw fault("a tensor is made of " + std::string(kind_name(arena_.kind(args[0]))) +
                " instead of a storage");
  }
  PickleTensor tensor;
  tensor.storage = static_cast<uint32_t>(arena_.nodes[args[0]].payload);
  const PickleStorage& storage = arena_.storages[tensor.storage];
  tensor.dtype = storage.dtype;
  if (role == GlobalRole::rebuild_tensor_v3) {
    // An element type that Vane does not load makes a tensor that it does not load either.
    if (arena_.kind(args[6]) == PickleKind::opaque) return args[6];
    if (arena_.kind(args[6]) != PickleKind::global ||
        arena_.global(args[6]).role != GlobalRole::dtype) {
      throw fault("a tensor has no element type");
    }
    tensor.dtype = arena_.global(args[6]).dtype;
  } else if (storage.is_untyped) {
    throw fault("a tensor over an untyped storage has no element type");
  }
  tensor.offset = natural(args[1], "tensor offset");
  if (arena_.kind(args[2]) != PickleKind::tuple || arena_.kind(args[3]) != PickleKind::tuple) {
    throw fault("tensor size and stride must be tuples");
  }
  const auto sides = arena_.tuple(args[2]), strides = arena_.tuple(args[3]);
  if (sides.size() != strides.size()) throw fault("tensor size and stride differ in rank");
  if (sides.size() > kMaxRank) {
    throw fault("tensor of rank " + std::to_string(sides.size()) + ", at most " +
                std::to_string(kMaxRank) + " is supported");
  }
  tensor.rank = static_cast<uint32_t>(sides.size());
  tensor.dims_begin = static_cast<uint32_t>(arena_.dims.size());
  for (PickleId side : sides) arena_.dims.push_back(natural(side, "tensor size"));
  for (PickleId stride : strides) arena_.dims.push_back(natural(stride, "tensor stride"));
  check_extent(tensor);
  arena_.tensors.push_back(tensor);
  return add(PickleKind::tensor, arena_.tensors.size() - 1);
}

// Every element lies inside the storage, and a few bytes do not pretend to be a huge tensor.
void PickleCalls::check_extent(const PickleTensor& tensor) const {
  const PickleStorage& storage = arena_.storages[tensor.storage];
  const uint64_t item = dtype_bytes(tensor.dtype);
  const uint64_t storage_bytes = static_cast<uint64_t>(storage.view_numel) *
                                 (storage.is_untyped ? 1 : dtype_bytes(storage.dtype));
  std::optional<uint64_t> total = item;
  std::optional<uint64_t> last = static_cast<uint64_t>(tensor.offset);
  bool is_empty = false;
  const auto sides = arena_.sides(tensor), strides = arena_.strides(tensor);
  for (size_t i = 0; i < sides.size(); ++i) {
    const auto side = static_cast<uint64_t>(sides[i]);
    is_empty = is_empty || side == 0;
    if (total) total = checked_mul(*total, std::max<uint64_t>(side, 1));
    const auto reach = side == 0 ? 0 : checked_mul(side - 1, static_cast<uint64_t>(strides[i]));
    last = last && reach ? checked_add(*last, *reach) : std::nullopt;
  }
  if (!total || *total > INT64_MAX) throw fault("tensor size overflows 64 bits");
  if (is_empty) return;
  if (!last || *last >= storage_bytes / item) {
    throw fault("tensor reaches beyond its storage of " + std::to_string(storage_bytes) + " bytes");
  }
  if (*total / kMaxExpansion > storage_bytes) {
    throw fault("tensor of " + std::to_string(*total) + " bytes is a view of only " +
                std::to_string(storage_bytes) + " bytes");
  }
}

PickleId PickleCalls::new_object(PickleId type, PickleId args) {
  if (arena_.kind(args) != PickleKind::tuple) {
    throw fault("arguments of a new object are " + std::string(kind_name(arena_.kind(args))));
  }
  if (arena_.kind(type) == PickleKind::opaque) {
    return add_opaque(arena_.opaque(type).global, args, PickleArena::kNone);
  }
  if (arena_.kind(type) != PickleKind::global) {
    throw fault("an object of type " + std::string(kind_name(arena_.kind(type))));
  }
  if (arena_.global(type).role == GlobalRole::ordered_dict) return add_ordered_dict();
  return add_opaque(static_cast<uint32_t>(arena_.nodes[type].payload), args, PickleArena::kNone);
}

void PickleCalls::build(PickleId object, PickleId state) {
  const PickleNode& node = arena_.nodes[object];
  if (node.kind == PickleKind::opaque) {
    arena_.opaques[node.payload].state = state;
    deepen(object, std::span(&state, 1));
    return;
  }
  // The state of a tensor or an OrderedDict (`_metadata`) holds nothing that a tensor needs.
  const bool is_ordered_dict = node.kind == PickleKind::dict && node.length == 1;
  if (node.kind == PickleKind::tensor || is_ordered_dict) return;
  throw fault("a state is set on " + std::string(kind_name(node.kind)));
}

PickleId PickleCalls::persistent(PickleId id, uint64_t byte) {
  if (arena_.kind(id) != PickleKind::tuple) throw fault("a persistent id is not a tuple");
  const std::span<const PickleId> parts = arena_.tuple(id);
  const auto is = [&](size_t i, PickleKind kind) {
    return i < parts.size() && arena_.kind(parts[i]) == kind;
  };
  const bool is_named = is(0, PickleKind::string) && parts.size() > 1;
  // Legacy files name the class of a pickled module this way, beside its source text.
  if (is_named && arena_.text(parts[0]) == "module") return parts[1];
  if (!is_named || arena_.text(parts[0]) != "storage" || !is(2, PickleKind::string) ||
      !is(3, PickleKind::string) || (parts.size() != 5 && parts.size() != 6)) {
    throw fault("a persistent id does not name a storage");
  }
  if (is(1, PickleKind::opaque)) return parts[1];  // A storage of an unknown element type.
  if (!is(1, PickleKind::global)) throw fault("a storage has no type");
  const PickleGlobal& type = arena_.global(parts[1]);
  if (type.role != GlobalRole::storage_type && type.role != GlobalRole::untyped_storage) {
    throw fault("a storage is of type " + type.name);
  }
  PickleStorage storage;
  storage.byte = byte;
  storage.key = arena_.text(parts[2]);
  if (!is_storage_key(storage.key)) {
    throw fault("storage key \"" + printable(storage.key, 80) + "\" is not a plain word");
  }
  storage.numel = natural(parts[4], "storage size");
  storage.is_untyped = type.role == GlobalRole::untyped_storage;
  storage.dtype = storage.is_untyped ? DType::u8 : type.dtype;
  if (!checked_mul(static_cast<uint64_t>(storage.numel), dtype_bytes(storage.dtype))) {
    throw fault("storage size overflows 64 bits");
  }
  storage.view_numel = storage.numel;
  if (parts.size() == 6 && parts[5] != PickleArena::kNone) {
    const auto view = is(5, PickleKind::tuple) ? arena_.tuple(parts[5]) : parts.first(0);
    if (view.size() != 3) throw fault("a storage view is not a key, an offset and a size");
    storage.view_offset = natural(view[1], "storage view offset");
    storage.view_numel = natural(view[2], "storage view size");
    if (storage.view_offset > storage.numel ||
        storage.view_numel > storage.numel - storage.view_offset) {
      throw fault("a storage view reaches beyond its storage");
    }
  }
  arena_.storages.push_back(storage);
  return add(PickleKind::storage, arena_.storages.size() - 1);
}

}  // namespace vane
