// SPDX-License-Identifier: Apache-2.0
// WebP bytes give a consistent picture or an error, through the header guard and the decoder.

#include "tests/fuzz/picture_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vane::require_picture_or_error(data, size);
  return 0;
}
