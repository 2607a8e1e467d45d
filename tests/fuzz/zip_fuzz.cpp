// SPDX-License-Identifier: Apache-2.0
// Properties: entries have the size that the directory says and never cover more than the file,
// and what a torch archive yields is a valid table. Checksums are not compared in this build.
#include "engine/weights/torch_file.h"
#include "engine/weights/zip_archive.h"
#include "tests/fuzz/property.h"
#include "tests/weights/table_validity.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  const auto source = fuzz_source(data, size);
  require_result_or_error(size, ErrorCode::checkpoint, [&] {
    const ZipArchive archive(source, {});
    uint64_t packed = 0;
    for (const ZipEntry& entry : archive.entries()) {
      packed += entry.packed_size;
      std::vector<std::shared_ptr<const void>> owners;
      require(archive.find(entry.name) == &entry, "entries are found by name");
      if (entry.size > (1u << 22)) continue;
      require(archive.read(entry, owners).size() == entry.size, "the declared size");
    }
    require(packed <= size, "entries do not overlap");
  });
  require_result_or_error(size, ErrorCode::checkpoint, [&] {
    const TensorTable table = parse_torch_zip(source);
    require(table_fault(table).empty(), table_fault(table));
  });
  return 0;
}
