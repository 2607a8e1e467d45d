// SPDX-License-Identifier: Apache-2.0
// .spz and .splat bytes give a scene or an error.
#include "engine/scene/splat_layouts.h"
#include "tests/fuzz/scene_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  const auto source = fuzz_source(data, size);
  const Limits limits = scene_fuzz_limits();
  require_result_or_error(size, ErrorCode::input,
                          [&] { require_drawable(parse_spz(source->view(), limits)); });
  require_result_or_error(size, ErrorCode::input,
                          [&] { require_drawable(parse_raw_splat(source->view(), limits)); });
  return 0;
}
