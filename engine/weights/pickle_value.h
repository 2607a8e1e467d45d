// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values that a pickle describes, kept in one arena and named by handles: a pickle may build
// containers that hold themselves, so nothing here owns anything else.

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/weights/tensor_table.h"

namespace vane {

/// Index of a value in its arena.
using PickleId = uint32_t;

enum class PickleKind : uint8_t {
  none,
  boolean,
  integer,
  real,
  string,
  bytes,
  tuple,
  list,
  dict,
  global,   // a name such as "torch FloatStorage"; never looked up anywhere
  storage,  // a run of elements that the container of the pickle holds
  tensor,
  opaque,  // anything made by a name that Vane does not know; kept, never run
};

/// What a known global name stands for; every other name is `opaque`.
enum class GlobalRole : uint8_t {
  opaque,
  ordered_dict,
  counter,
  size,
  parameter,
  rebuild_tensor,
  rebuild_tensor_v2,
  rebuild_tensor_v3,
  rebuild_parameter,
  storage_stream,  // a storage as a torch.save stream of its own
  encode,
  storage_type,
  untyped_storage,
  dtype,
  plain_value,  // torch.device, layouts: kept as a value that no tensor needs
};

struct PickleGlobal {
  std::string name;  // "torch._utils._rebuild_tensor_v2"
  GlobalRole role = GlobalRole::opaque;
  DType dtype = DType::f32;  // of storage_type and dtype
};

/// A storage as BINPERSID names it.
struct PickleStorage {
  std::string_view key;
  bool is_untyped = false;  // counts bytes, the tensor says the element type
  DType dtype = DType::f32;
  int64_t numel = 0;  // of the stored run
  /// The part that is this storage; the whole run except for views in legacy files.
  int64_t view_offset = 0, view_numel = 0;
  uint64_t byte = 0;  // where in the pickle it is named
  /// The run itself when it lies in the pickle (StyleGAN's .pkl), not beside it.
  bool is_inline = false;
  std::span<const std::byte> inline_bytes{};
};

struct PickleTensor {
  uint32_t storage = 0;
  DType dtype = DType::f32;
  uint32_t rank = 0;
  int64_t offset = 0;       // in elements from the start of the storage's view
  uint32_t dims_begin = 0;  // in PickleArena::dims: rank sides, then rank strides
};

/// An object that was not made: the name of what would have made it and its parts as data.
struct PickleOpaque {
  uint32_t global = 0;  // index in PickleArena::globals
  PickleId args = 0, state = 0;
  std::vector<PickleId> items;  // key, value, key, value of SETITEMS on it
};

struct PickleNode {
  PickleKind kind = PickleKind::none;
  uint16_t depth = 0;    // longest chain of containers below, as known when it was built
  uint32_t length = 0;   // bytes of a string, items of a tuple
  uint64_t payload = 0;  // an integer's or real's bits, or a position in one of the tables below
};

class PickleArena {
 public:
  PickleArena();

  static constexpr PickleId kNone = 0, kFalse = 1, kTrue = 2;

  PickleKind kind(PickleId id) const { return nodes[id].kind; }
  int64_t integer(PickleId id) const { return static_cast<int64_t>(nodes[id].payload); }
  std::string_view text(PickleId id) const;
  std::span<const PickleId> tuple(PickleId id) const;
  const std::vector<PickleId>& list(PickleId id) const { return containers[nodes[id].payload]; }
  /// key, value, key, value in the order of insertion.
  const std::vector<PickleId>& dict(PickleId id) const { return containers[nodes[id].payload]; }
  const PickleGlobal& global(PickleId id) const { return globals[nodes[id].payload]; }
  const PickleStorage& storage(PickleId id) const { return storages[nodes[id].payload]; }
  const PickleTensor& tensor(PickleId id) const { return tensors[nodes[id].payload]; }
  const PickleOpaque& opaque(PickleId id) const { return opaques[nodes[id].payload]; }
  const std::string& opaque_name(PickleId id) const { return globals[opaque(id).global].name; }
  std::span<const int64_t> sides(const PickleTensor& tensor) const;
  std::span<const int64_t> strides(const PickleTensor& tensor) const;
  /// The value of a string key in a dict, or nothing; the last one wins, as in Python.
  const PickleId* find(PickleId dict, std::string_view key) const;

  std::vector<PickleNode> nodes;
  std::string_view pickle;  // the bytes that strings are views of
  std::vector<PickleId> tuple_items;
  std::deque<std::vector<PickleId>> containers;
  std::vector<PickleGlobal> globals;
  std::vector<PickleStorage> storages;
  std::vector<PickleTensor> tensors;
  std::deque<PickleOpaque> opaques;
  std::vector<int64_t> dims;
};

/// "a list", "a tensor", ...: for messages.
std::string_view kind_name(PickleKind kind);

}  // namespace vane
