// SPDX-License-Identifier: Apache-2.0
// Properties: handles and views stay inside the arena and the pickle, and reading twice gives the
// same. The selection of a state dict runs on whatever was built, cycles included.
#include "engine/weights/pickle_reader.h"
#include "engine/weights/state_dict.h"
#include "engine/weights/torch_file.h"
#include "tests/fuzz/property.h"
#include "tests/weights/table_validity.h"

namespace vane {
namespace {

void require_inside(const PickleArena& arena) {
  const auto is_handle = [&](PickleId id) { return id < arena.nodes.size(); };
  for (const PickleId id : arena.tuple_items) require(is_handle(id), "tuple handles");
  for (const auto& container : arena.containers) {
    for (const PickleId id : container) require(is_handle(id), "container handles");
  }
  for (const PickleOpaque& opaque : arena.opaques) {
    require(
        opaque.global < arena.globals.size() && is_handle(opaque.args) && is_handle(opaque.state),
        "opaque handles");
  }
  for (PickleId id = 0; id < arena.nodes.size(); ++id) {
    if (arena.kind(id) != PickleKind::string) continue;
    require(arena.text(id).size() == arena.nodes[id].length, "strings lie inside the pickle");
  }
}

}  // namespace
}  // namespace vane

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  const auto source = fuzz_source(data, size);
  require_result_or_error(size, ErrorCode::checkpoint, [&] {
    const Pickle pickle = read_pickle(source->view(), {}, "fuzz");
    require(pickle.size <= size && pickle.root < pickle.arena.nodes.size(), "the root");
    require_inside(pickle.arena);
    const Pickle again = read_pickle(source->view(), {}, "fuzz");
    require(again.arena.nodes.size() == pickle.arena.nodes.size(), "the same again");
    const auto found = select_state_dict(pickle.arena, pickle.root, {}, {});
    for (const NamedTensor& tensor : found) {
      require(pickle.arena.kind(tensor.tensor) == PickleKind::tensor, "tensors are selected");
    }
    select_state_dict(pickle.arena, pickle.root, "a.b", {});
  });
  require_result_or_error(size, ErrorCode::checkpoint, [&] {
    const TensorTable table = parse_bare_pickle(source);
    require(table_fault(table).empty(), table_fault(table));
  });
  return 0;
}
