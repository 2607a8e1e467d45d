// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/weights/checkpoint_notes.h"
#include "engine/weights/legacy_stream.h"
#include "engine/weights/pickled_tensors.h"
#include "engine/weights/state_dict.h"
#include "engine/weights/torch_file.h"

namespace vane {

TensorTable parse_torch_legacy(std::shared_ptr<const ByteSource> source, const Limits& limits,
                               std::string_view state_dict_key) {
  TensorTable table;
  table.format = "torch legacy";
  table.path = source->name();
  try {
    const LegacyStream stream = read_legacy_stream(source->view(), limits, source->name(),
                                                   /*allows_streams=*/true);
    const Pickle& object = stream.object;
    const auto found = select_state_dict(object.arena, object.root, state_dict_key, limits);
    const StorageBytes bytes_of = [&](const PickleStorage& storage) {
      return stream.runs.at(storage.key);
    };
    add_pickled_tensors(object.arena, found, bytes_of, table);
    add_checkpoint_notes(object.arena, object.root, found, bytes_of, limits, table);
  } catch (Error& error) {
    error.set_file_if_empty(source->name());
    throw;
  }
  table.owners.push_back(std::move(source));
  return table;
}

TensorTable parse_bare_pickle(std::shared_ptr<const ByteSource> source, const Limits& limits,
                              std::string_view state_dict_key) {
  TensorTable table;
  table.format = "pickle";
  table.path = source->name();
  try {
    const Pickle pickle = read_pickle(source->view(), limits, source->name());
    if (pickle.size != source->size()) {
      throw Error(ErrorCode::checkpoint, "pickle is followed by other bytes").at_byte(pickle.size);
    }
    for (const PickleStorage& storage : pickle.arena.storages) {
      if (storage.is_inline) continue;
      throw Error(ErrorCode::checkpoint, "pickle names a storage that lies in no file")
          .at_byte(storage.byte);
    }
    const auto found = select_state_dict(pickle.arena, pickle.root, state_dict_key, limits);
    add_pickled_tensors(
        pickle.arena, found, [](const PickleStorage& storage) { return storage.inline_bytes; },
        table);
  } catch (Error& error) {
    error.set_file_if_empty(source->name());
    throw;
  }
  table.owners.push_back(std::move(source));
  return table;
}

}  // namespace vane
