// SPDX-License-Identifier: Apache-2.0
#pragma once
// What REDUCE, NEWOBJ, BUILD and BINPERSID mean for the names of the allow-list.

#include <optional>
#include <string>
#include <unordered_map>

#include "engine/base/limits.h"
#include "engine/weights/pickle_value.h"

namespace vane {

/// Adds values to an arena; every call checks its operands.
/// Throws Error{checkpoint} without a location, which the interpreter adds.
class PickleCalls {
 public:
  PickleCalls(PickleArena& arena, const Limits& limits, bool allows_streams)
      : arena_(arena), limits_(limits), allows_streams_(allows_streams) {}

  /// A new node; the number of nodes and the depth of nesting are capped.
  PickleId add(PickleKind kind, uint64_t payload = 0, uint32_t length = 0, uint16_t depth = 0);
  PickleId add_container(PickleKind kind);
  PickleId add_ordered_dict();
  PickleId add_tuple(std::span<const PickleId> items);
  PickleId add_opaque(uint32_t global, PickleId args, PickleId state);

  void append(PickleId list, std::span<const PickleId> items);
  /// `items` are key, value, key, value.
  void set_items(PickleId dict, std::span<const PickleId> items);

  PickleId reduce(PickleId callable, PickleId args);
  PickleId new_object(PickleId type, PickleId args);
  void build(PickleId object, PickleId state);
  /// `byte` is where the pickle names the storage.
  PickleId persistent(PickleId id, uint64_t byte);

 private:
  PickleId call(PickleId callable, std::span<const PickleId> args, PickleId args_id);
  PickleId ordered_dict_of(std::span<const PickleId> args);
  PickleId parameter_of(std::span<const PickleId> args);
  PickleId tensor_of(std::span<const PickleId> args, GlobalRole role);
  PickleId storage_of_stream(PickleId callable, PickleId args_id);
  void check_extent(const PickleTensor& tensor) const;
  void deepen(PickleId container, std::span<const PickleId> items);
  int64_t natural(PickleId id, std::string_view what) const;

  PickleArena& arena_;
  const Limits& limits_;
  bool allows_streams_ = true;
  uint64_t item_count_ = 0;
  /// Storage of each stream by its place, so that a repeated one is read once.
  std::unordered_map<uint64_t, PickleId> storage_of_;
};

}  // namespace vane
