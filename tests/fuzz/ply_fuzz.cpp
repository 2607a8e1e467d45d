// SPDX-License-Identifier: Apache-2.0
// PLY bytes give a scene, points, or an error.
#include "engine/scene/scene_layouts.h"
#include "engine/scene/splat_layouts.h"
#include "tests/fuzz/scene_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  const auto source = fuzz_source(data, size);
  const auto bytes = source->view();
  const Limits limits = scene_fuzz_limits();
  PlyHeader header;
  bool is_read = false;
  require_result_or_error(size, ErrorCode::input, [&] {
    header = parse_ply_header(bytes);
    is_read = true;
  });
  if (!is_read) return 0;
  require_result_or_error(size, ErrorCode::input, [&] {
    require_drawable(is_compressed_ply(header) ? parse_compressed_ply(bytes, header, limits)
                                               : parse_inria_ply(bytes, header, limits));
  });
  require_result_or_error(size, ErrorCode::input, [&] {
    for (const ScenePoint& point : parse_points_ply(bytes, limits)) {
      require(std::isfinite(point.position[0]) && point.rgb[2] >= 0 && point.rgb[2] <= 1,
              "points that can be drawn");
    }
  });
  return 0;
}
