// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/legacy_stream.h"

#include <string>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/weights/legacy_magic.h"
#include "engine/weights/pickled_tensors.h"

namespace vane {
namespace {

constexpr int64_t kProtocol = 1001;

class LegacyReader {
 public:
  LegacyReader(std::span<const std::byte> bytes, const Limits& limits, const std::string& file,
               bool allows_streams)
      : bytes_(bytes), limits_(limits), file_(file), allows_streams_(allows_streams) {}

  LegacyStream read() {
    if (!has_legacy_magic(bytes_)) throw fault("does not start as torch.save files do").at_byte(0);
    position_ = kLegacyMagicBytes;
    check_protocol(next_pickle());
    check_system(next_pickle());
    const uint64_t object_start = position_;
    Pickle object = next_pickle();
    const uint64_t keys_start = position_;
    const Pickle keys = next_pickle();
    read_storages(object.arena, object_start, keys, keys_start);
    return {std::move(object), std::move(runs_)};
  }

 private:
  Error fault(std::string message) const {
    return Error(ErrorCode::checkpoint, std::move(message)).in_file(file_);
  }

  Pickle next_pickle() {
    Pickle pickle = read_pickle(bytes_.subspan(static_cast<size_t>(position_)), limits_, file_,
                                position_, allows_streams_);
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
      if (storage.is_inline) continue;
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

  std::span<const std::byte> bytes_;
  const Limits& limits_;
  const std::string& file_;
  bool allows_streams_;
  uint64_t position_ = 0;
  std::map<std::string_view, std::span<const std::byte>> runs_;
};

}  // namespace

LegacyStream read_legacy_stream(std::span<const std::byte> bytes, const Limits& limits,
                                const std::string& file, bool allows_streams) {
  return LegacyReader(bytes, limits, file, allows_streams).read();
}

std::optional<PickleStorage> read_storage_stream(std::span<const std::byte> bytes,
                                                 const Limits& limits) {
  const LegacyStream stream = read_legacy_stream(bytes, limits, "", /*allows_streams=*/false);
  const PickleArena& arena = stream.object.arena;
  if (arena.kind(stream.object.root) != PickleKind::storage) return std::nullopt;
  PickleStorage storage = arena.storage(stream.object.root);
  storage.is_inline = true;
  storage.inline_bytes = stream.runs.at(storage.key);
  storage.key = {};  // It was a view of the key's own pickle.
  return storage;
}

}  // namespace vane
