// SPDX-License-Identifier: Apache-2.0
#include "tests/weights/table_validity.h"

#include <cstdint>
#include <numeric>

#include "engine/base/text.h"

namespace vane {

std::string table_fault(const TensorTable& table) {
  uint64_t total = 0;
  std::vector<TensorRecord> all = table.tensors;
  all.insert(all.end(), table.beside.begin(), table.beside.end());
  for (const auto& [name, text] : table.metadata) {
    if (!is_utf8(name) || !is_utf8(text)) return "metadata";
  }
  for (size_t index = 0; index < all.size(); ++index) {
    const TensorRecord& tensor = all[index];
    const auto bad = [&](std::string what) { return printable(tensor.name) + ": " + what; };
    if (tensor.shape.size() != tensor.strides.size()) return bad("rank");
    const uint64_t item = dtype_bytes(tensor.dtype);
    unsigned __int128 last = 0, count = 1;
    for (size_t i = 0; i < tensor.shape.size(); ++i) {
      if (tensor.shape[i] < 0 || tensor.strides[i] < 0) return bad("negative");
      count *= static_cast<uint64_t>(tensor.shape[i]);
      if (tensor.shape[i] == 0) continue;
      last += static_cast<unsigned __int128>(tensor.shape[i] - 1) *
              static_cast<uint64_t>(tensor.strides[i]);
    }
    if (count != static_cast<uint64_t>(tensor.numel())) return bad("numel");
    if (count > 0 && (last + 1) * item > tensor.bytes.size()) return bad("beyond its bytes");
    if (reinterpret_cast<uintptr_t>(tensor.bytes.data()) % item != 0) return bad("alignment");
    if (!is_utf8(tensor.name)) return bad("name");
    if (index < table.tensors.size() && table.find(tensor.name) == nullptr) return bad("not found");
    // Touches every byte: a view outside its owner would fault here under a sanitizer.
    total += std::accumulate(
        tensor.bytes.begin(), tensor.bytes.end(), uint64_t{0},
        [](uint64_t sum, std::byte b) { return sum + std::to_integer<uint64_t>(b); });
  }
  (void)total;
  return table.content_hash().size() == 16 ? "" : "hash";
}

}  // namespace vane
