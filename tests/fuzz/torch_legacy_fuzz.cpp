// SPDX-License-Identifier: Apache-2.0
// Property: what is read is a valid table, whose tensors show no more than four times the file.
#include "engine/weights/torch_file.h"
#include "tests/fuzz/property.h"
#include "tests/weights/table_validity.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  require_result_or_error(size, ErrorCode::checkpoint, [&] {
    const TensorTable table = parse_torch_legacy(fuzz_source(data, size));
    require(table_fault(table).empty(), table_fault(table));
    for (const TensorRecord& tensor : table.tensors) {
      const auto bytes = static_cast<uint64_t>(tensor.numel()) * dtype_bytes(tensor.dtype);
      require(bytes <= 5 * size, "no tensor out of nothing");
    }
  });
  return 0;
}
