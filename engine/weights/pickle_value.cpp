// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/pickle_value.h"

namespace vane {

PickleArena::PickleArena() {
  // None, False and True exist once; their handles are the constants of the header.
  nodes.resize(3);
  nodes[kFalse].kind = PickleKind::boolean;
  nodes[kTrue].kind = PickleKind::boolean;
  nodes[kTrue].payload = 1;
}

std::string_view PickleArena::text(PickleId id) const {
  return pickle.substr(nodes[id].payload, nodes[id].length);
}

std::span<const PickleId> PickleArena::tuple(PickleId id) const {
  return std::span(tuple_items).subspan(nodes[id].payload, nodes[id].length);
}

std::span<const int64_t> PickleArena::sides(const PickleTensor& tensor) const {
  return std::span(dims).subspan(tensor.dims_begin, tensor.rank);
}

std::span<const int64_t> PickleArena::strides(const PickleTensor& tensor) const {
  return std::span(dims).subspan(tensor.dims_begin + tensor.rank, tensor.rank);
}

const PickleId* PickleArena::find(PickleId dict_id, std::string_view key) const {
  const std::vector<PickleId>& entries = dict(dict_id);
  const PickleId* found = nullptr;
  for (size_t i = 0; i + 1 < entries.size(); i += 2) {
    if (kind(entries[i]) == PickleKind::string && text(entries[i]) == key) found = &entries[i + 1];
  }
  return found;
}

std::string_view kind_name(PickleKind kind) {
  switch (kind) {
    case PickleKind::none:
      return "None";
    case PickleKind::boolean:
      return "a boolean";
    case PickleKind::integer:
      return "an integer";
    case PickleKind::real:
      return "a number";
    case PickleKind::string:
      return "a string";
    case PickleKind::bytes:
      return "bytes";
    case PickleKind::tuple:
      return "a tuple";
    case PickleKind::list:
      return "a list";
    case PickleKind::dict:
      return "a dict";
    case PickleKind::global:
      return "a name";
    case PickleKind::storage:
      return "a storage";
    case PickleKind::tensor:
      return "a tensor";
    case PickleKind::opaque:
      return "an object of another program";
  }
  return "a value";
}

}  // namespace vane
