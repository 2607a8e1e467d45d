// SPDX-License-Identifier: Apache-2.0
// The bytes of a .sog give a scene or an error.
#include "engine/scene/sog.h"
#include "tests/fuzz/scene_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  require_result_or_error(size, ErrorCode::input, [&] {
    require_drawable(parse_sog_zip(fuzz_source(data, size), scene_fuzz_limits()));
  });
  return 0;
}
