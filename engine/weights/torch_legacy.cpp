// SPDX-License-Identifier: Apache-2.0
// torch.save before 1.6: five pickles (magic number, protocol, system, object, storage keys), then
// for each key an i64 element count and the elements.
#include <map>
#include <string>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/weights/legacy_magic.h"
#include "engine/weights/pickle_reader.h"
#include "engine/weights/pickled_tensors.h"
#include "engine/weights/state_dict.h"
#include "engine/weights/torch_file.h"

namespace vane {
namespace {

constexpr int64_t kProtocol = 1001;

class LegacyReader {
 public:
  LegacyReader(const ByteSource& source, const Limits& limits)
      : source_(source), limits_(limits), bytes_(source.view()) {}

  void read(std::string_view state_dict_key, TensorTable& table) {
    if (!has_legacy_magic(bytes_)) throw fault("does not start as torch.save files do").at_byte(0);
    position_ = kLegacyMagicBytes;
    check_protocol(next_pickle());
    check_system(next_pickle());
    const uint64_t object_start = position_;
    const Pickle object = next_pickle();
    const uint64_t keys_start = position_;
    const Pickle keys = next_pickle();
    read_storages(object.arena, object_start, keys, keys_start);
    const auto found = select_state_dict(object.arena, object.root, state_dict_key, limits_);
    add_pickled_tensors(
        object.arena, found, [&](const PickleStorage& storage) { return runs_.at(storage.key); },
        table);
  }

 private:
  Error fault(std::string message) const {
    return Error(ErrorCode::checkpoint, std::move(message)).in_file(source_.name());
  }

  Pickle next_pickle() {
    Pickle pickle = read_pickle(bytes_.subspan(static_cast<size_t>(position_)), limits_,
                                source_.name(), position_);
    position_ += pickle.size;
    return pickle;
  }

  void check_protocol(const Pickle& pickle) const {
    const bool is_known = pickle.arena.kind(pickle.root) == PickleKind::integer &&
                          pickle.arena.integer(pickle.root) == kProtocol;
    if (!is_known) throw fault("torch.save protocol is not 1001").at_byte(kLegacyMagicBytes);
  }

  void check_system(const Pickle& pickle) const {
    const PickleId* little = nullptr;
    if (pickle.arena.kind(pickle.root) == PickleKind::dict) {
      little = pickle.arena.find(pickle.root, "little_endian");
    }
    if (little == nullptr || *little != PickleArena::kTrue) {
      throw fault("was not written by a little-endian machine").at_byte(position_);
    }
  }

  void read_storages(const PickleArena& arena, uint64_t object_start, const Pickle& keys,
                     uint64_t keys_start) {
    std::map<std::string_view, const PickleStorage*> named;
    for (const PickleStorage& storage : arena.storages) {
      const auto [slot, is_new] = named.emplace(storage.key, &storage);
      const PickleStorage& first = *slot->second;
      if (!is_new && (first.dtype != storage.dtype || first.numel != storage.numel)) {
        throw fault("storage is described twice, differently")
            .at_key(std::string(storage.key))
            .at_byte(object_start + storage.byte);
      }
    }
    if (keys.arena.kind(keys.root) != PickleKind::list) {
      throw fault("list of storages is missing").at_byte(keys_start);
    }
    for (PickleId key : keys.arena.list(keys.root)) {
      if (keys.arena.kind(key) != PickleKind::string) {
        throw fault("storage key is not a string").at_byte(keys_start);
      }
      const auto storage = named.find(keys.arena.text(key));
      if (storage == named.end()) {
        throw fault("storage belongs to no tensor, or comes twice")
            .at_key(std::string(keys.arena.text(key)))
            .at_byte(position_);
      }
      read_storage(*storage->second);
      named.erase(storage);
    }
    if (!named.empty()) {
      throw fault("storage is missing from the file").at_key(std::string(named.begin()->first));
    }
    if (position_ != bytes_.size()) {
      throw fault("bytes follow the last storage").at_byte(position_);
    }
  }

  void read_storage(const PickleStorage& storage) {
    const std::string key(storage.key);
    const auto count = read_le<int64_t>(bytes_, position_);
    if (!count) throw fault("ends before a storage").at_key(key).at_byte(bytes_.size());
    if (*count != storage.numel) {
      throw fault("storage has " + std::to_string(*count) + " elements, the pickle says " +
                  std::to_string(storage.numel))
          .at_key(key)
          .at_byte(position_);
    }
    const auto run = checked_slice(bytes_, position_ + 8, stored_bytes(storage));
    if (!run) {
      throw fault("storage of " + std::to_string(stored_bytes(storage)) +
                  " bytes goes beyond the end of the file")
          .at_key(key)
          .at_byte(position_)
          .with_hint("the download may be incomplete");
    }
    runs_.emplace(storage.key, *run);
    position_ += 8 + run->size();
  }

  const ByteSource& source_;
  const Limits& limits_;
  std::span<const std::byte> bytes_;
  uint64_t position_ = 0;
  std::map<std::string_view, std::span<const std::byte>> runs_;
};

}  // namespace

TensorTable parse_torch_legacy(std::shared_ptr<const ByteSource> source, const Limits& limits,
                               std::string_view state_dict_key) {
  TensorTable table;
  table.format = "torch legacy";
  table.path = source->name();
  try {
    LegacyReader(*source, limits).read(state_dict_key, table);
  } catch (Error& error) {
    error.set_file_if_empty(source->name());
    throw;
  }
  table.owners.push_back(std::move(source));
  return table;
}

}  // namespace vane
