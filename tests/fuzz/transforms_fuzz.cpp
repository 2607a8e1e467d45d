// SPDX-License-Identifier: Apache-2.0
// A transforms.json gives cameras whose pictures lie in the data set, or an error.
#include "engine/scene/transforms.h"
#include "tests/fuzz/scene_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  const auto source = fuzz_source(data, size);
  require_result_or_error(size, ErrorCode::input, [&] {
    const Transforms transforms = parse_transforms(source->view(), scene_fuzz_limits());
    require(!transforms.frames.empty(), "there are frames");
    for (const TransformsFrame& frame : transforms.frames) {
      require(stays_within(frame.file_path), "names stay within");
      require(std::isfinite(frame.world_to_camera[0]), "frames that look somewhere");
      require(frame.camera(frame.width > 0 ? frame.width : 8, frame.height > 0 ? frame.height : 8)
                      .width > 0,
              "frames have cameras");
    }
  });
  return 0;
}
