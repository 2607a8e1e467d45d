// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/weights/checkpoint_notes.h"
#include "engine/weights/pickle_reader.h"
#include "engine/weights/pickled_tensors.h"
#include "engine/weights/state_dict.h"
#include "engine/weights/torch_file.h"
#include "engine/weights/zip_archive.h"

namespace vane {
namespace {

constexpr std::string_view kPickleName = "/data.pkl";

class TorchArchive {
 public:
  TorchArchive(std::shared_ptr<const ByteSource> source, const Limits& limits)
      : source_(std::move(source)), limits_(limits), zip_(source_, limits) {}

  TensorTable read(std::string_view state_dict_key) {
    TensorTable table;
    table.path = source_->name();
    const ZipEntry& entry = find_pickle();
    check_byte_order(table);
    const std::span<const std::byte> bytes = zip_.read(entry, table.owners);
    const Pickle pickle = read_pickle(bytes, limits_, source_->name(), entry.data_offset);
    if (pickle.size != bytes.size()) {
      throw fault("pickle is followed by other bytes").at_byte(entry.data_offset + pickle.size);
    }
    for (const PickleStorage& storage : pickle.arena.storages) {
      if (!storage.is_inline) check_storage(storage, entry.data_offset);
    }
    table.format = is_script() ? "torchscript" : "torch zip";
    const auto found = select_state_dict(pickle.arena, pickle.root, state_dict_key, limits_);
    const StorageBytes bytes_of = [&](const PickleStorage& storage) {
      return zip_.read(*zip_.find(storage_name(storage)), table.owners);
    };
    add_pickled_tensors(pickle.arena, found, bytes_of, table);
    add_checkpoint_notes(pickle.arena, pickle.root, found, bytes_of, limits_, table);
    table.owners.push_back(source_);
    return table;
  }

 private:
  Error fault(std::string message) const {
    return Error(ErrorCode::checkpoint, std::move(message)).in_file(source_->name());
  }

  const ZipEntry& find_pickle() {
    const ZipEntry* found = nullptr;
    for (const ZipEntry& entry : zip_.entries()) {
      const size_t slash = entry.name.find('/');
      if (slash == std::string::npos || entry.name.substr(slash) != kPickleName) continue;
      if (found != nullptr) throw fault("holds two data.pkl entries").at_key(entry.name);
      found = &entry;
      root_ = entry.name.substr(0, slash + 1);
    }
    if (found == nullptr) {
      throw fault("is a zip archive without data.pkl, so not one that torch.save wrote");
    }
    return *found;
  }

  void check_byte_order(TensorTable& table) const {
    const ZipEntry* entry = zip_.find(root_ + "byteorder");
    if (entry == nullptr) return;  // PyTorch before 2.1 wrote little-endian only in practice.
    const std::string_view order = text_view(zip_.read(*entry, table.owners));
    if (order != "little") {
      throw fault("byte order is \"" + printable(order, 20) + "\", only \"little\" is supported")
          .at_byte(entry->data_offset);
    }
  }

  bool is_script() const {
    if (zip_.find(root_ + "constants.pkl") != nullptr) return true;
    for (const ZipEntry& entry : zip_.entries()) {
      if (entry.name.starts_with(root_ + "code/")) return true;
    }
    return false;
  }

  std::string storage_name(const PickleStorage& storage) const {
    return root_ + "data/" + std::string(storage.key);
  }

  // The count in the pickle must be exactly what the archive holds (CVE-2026-24747 was a reader
  // that believed the larger one).
  void check_storage(const PickleStorage& storage, uint64_t pickle_offset) const {
    const std::string name = storage_name(storage);
    const ZipEntry* entry = zip_.find(name);
    if (entry == nullptr) {
      throw fault("storage is missing from the archive")
          .at_key(name)
          .at_byte(pickle_offset + storage.byte);
    }
    if (entry->size != stored_bytes(storage)) {
      throw fault("storage has " + std::to_string(entry->size) + " bytes, the pickle says " +
                  std::to_string(stored_bytes(storage)))
          .at_key(name)
          .at_byte(pickle_offset + storage.byte);
    }
  }

  std::shared_ptr<const ByteSource> source_;
  const Limits& limits_;
  ZipArchive zip_;
  std::string root_;
};

}  // namespace

TensorTable parse_torch_zip(std::shared_ptr<const ByteSource> source, const Limits& limits,
                            std::string_view state_dict_key) {
  const std::string name = source->name();
  try {
    return TorchArchive(std::move(source), limits).read(state_dict_key);
  } catch (Error& error) {
    error.set_file_if_empty(name);
    throw;
  }
}

}  // namespace vane
