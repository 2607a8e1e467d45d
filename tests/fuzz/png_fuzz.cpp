// SPDX-License-Identifier: Apache-2.0
// PNG bytes give a consistent picture or an error. The mutator repairs the checksums of the chunks
// after most mutations; otherwise nothing behind them would be reached.

#include <cstring>
#include <span>

#include "engine/base/hash.h"
#include "tests/fuzz/picture_property.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

uint32_t read_32(const uint8_t* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | uint32_t{p[3]};
}

void repair_checksums(uint8_t* data, size_t size) {
  for (size_t at = 8; at + 12 <= size;) {
    const size_t length = read_32(data + at);
    if (length > size - at - 12) return;
    const uint32_t crc = vane::crc32(std::as_bytes(std::span(data + at + 4, length + 4)));
    for (size_t i = 0; i < 4; ++i) {
      data[at + 8 + length + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    }
    at += 12 + length;
  }
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  const size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0) repair_checksums(data, mutated);
  return mutated;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vane::require_picture_or_error(data, size);
  return 0;
}
