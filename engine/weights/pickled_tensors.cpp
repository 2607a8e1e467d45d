// SPDX-License-Identifier: Apache-2.0
#include "engine/weights/pickled_tensors.h"

#include <map>
#include <string_view>
#include <utility>

#include "engine/weights/aligned_bytes.h"

namespace vane {
namespace {

constexpr size_t kWidestElement = 8;

// Elements from the first to the last one that the strides reach; 0 for an empty tensor.
// The interpreter has checked that this neither overflows nor leaves the storage.
uint64_t extent(std::span<const int64_t> sides, std::span<const int64_t> strides) {
  uint64_t last = 0;
  for (size_t i = 0; i < sides.size(); ++i) {
    if (sides[i] == 0) return 0;
    last += static_cast<uint64_t>(sides[i] - 1) * static_cast<uint64_t>(strides[i]);
  }
  return last + 1;
}

}  // namespace

uint64_t stored_bytes(const PickleStorage& storage) {
  return static_cast<uint64_t>(storage.numel) * dtype_bytes(storage.dtype);
}

void add_pickled_tensors(const PickleArena& arena, const std::vector<NamedTensor>& found,
                         const StorageBytes& storage_bytes, TensorTable& table) {
  // Inline storages have no key but a place.
  using Identity = std::pair<std::string_view, const std::byte*>;
  std::map<Identity, std::span<const std::byte>> runs;
  for (const NamedTensor& named : found) {
    const PickleTensor& tensor = arena.tensor(named.tensor);
    const PickleStorage& storage = arena.storages[tensor.storage];
    const Identity identity(storage.key, storage.inline_bytes.data());
    auto run = runs.find(identity);
    if (run == runs.end()) {
      const auto stored = storage.is_inline ? storage.inline_bytes : storage_bytes(storage);
      const auto bytes = aligned_bytes(stored, kWidestElement, table.owners);
      run = runs.emplace(identity, bytes).first;
    }
    TensorRecord record;
    record.name = named.name;
    record.dtype = tensor.dtype;
    const auto sides = arena.sides(tensor), strides = arena.strides(tensor);
    record.shape.assign(sides.begin(), sides.end());
    record.strides.assign(strides.begin(), strides.end());
    const uint64_t item = dtype_bytes(tensor.dtype);
    const uint64_t count = extent(sides, strides);
    if (count > 0) {
      const uint64_t begin =
          static_cast<uint64_t>(storage.view_offset) * dtype_bytes(storage.dtype) +
          static_cast<uint64_t>(tensor.offset) * item;
      record.bytes =
          run->second.subspan(static_cast<size_t>(begin), static_cast<size_t>(count * item));
    }
    table.tensors.push_back(std::move(record));
  }
  table.reindex();
}

}  // namespace vane
