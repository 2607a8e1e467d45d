// SPDX-License-Identifier: Apache-2.0
// Property: what is read can be walked from end to end.
#include "engine/weights/npy.h"
#include "tests/fuzz/property.h"
#include "tests/weights/table_validity.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  TensorTable table;
  require_result_or_error(size, ErrorCode::checkpoint,
                          [&] { table = parse_npy(fuzz_source(data, size)); });
  if (!table.format.empty()) require(table_fault(table).empty(), table_fault(table));
  return 0;
}
