// SPDX-License-Identifier: Apache-2.0
// The files of a COLMAP model give cameras, images and points, or an error; each file is tried as
// each kind.
#include "engine/scene/colmap.h"
#include "tests/fuzz/scene_property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vane;
  const auto source = fuzz_source(data, size);
  const auto bytes = source->view();
  const Limits limits = scene_fuzz_limits();
  for (const ColmapForm form : {ColmapForm::binary, ColmapForm::text}) {
    require_result_or_error(size, ErrorCode::input, [&] {
      for (const auto& [id, camera] : parse_colmap_cameras(bytes, form, limits)) {
        require(camera.width > 0 && camera.fx > 0 && camera.fy > 0, "cameras that see");
      }
    });
    require_result_or_error(size, ErrorCode::input, [&] {
      for (const ColmapImage& image : parse_colmap_images(bytes, form, limits)) {
        require(stays_within(image.name), "names stay within");
        require(std::isfinite(image.world_to_camera[5]), "images that stand somewhere");
      }
    });
    require_result_or_error(size, ErrorCode::input,
                            [&] { parse_colmap_points(bytes, form, limits); });
  }
  return 0;
}
