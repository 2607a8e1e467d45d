// SPDX-License-Identifier: Apache-2.0
// Property: what is read, written and read again is the same.
#include "engine/weights/safetensors.h"
#include "tests/fuzz/property.h"
#include "tests/weights/table_validity.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  TensorTable table;
  require_result_or_error(size, ErrorCode::checkpoint,
                          [&] { table = parse_safetensors(fuzz_source(data, size)); });
  if (table.format.empty()) return 0;
  require(table_fault(table).empty(), table_fault(table));
  std::vector<std::byte> written;
  stream_safetensors(
      [&](std::span<const std::byte> bytes) {
        written.insert(written.end(), bytes.begin(), bytes.end());
      },
      table.tensors, table.metadata);
  const TensorTable again = parse_safetensors(std::make_shared<MemorySource>(std::move(written)));
  require(again.tensors.size() == table.tensors.size(), "as many tensors");
  require(again.metadata == table.metadata, "the same metadata");
  require(again.content_hash() == table.content_hash(), "the same content");
  return 0;
}
