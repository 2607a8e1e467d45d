// SPDX-License-Identifier: Apache-2.0
#include "editing/language/splat_recolour.h"

#include "engine/base/error.h"
#include "engine/scene/ply_patch.h"

namespace vane {

void recolour_ply(const std::filesystem::path& source, const SplatFile& scene,
                  const std::vector<int64_t>& indices, const std::array<float, 3>& colour,
                  const std::filesystem::path& target, const Limits& limits) {
  if (scene.layout != "ply") {
    throw Error(ErrorCode::input, "only .ply scenes are recoloured, this is " + scene.layout)
        .in_file(source);
  }
  const int rest = 3 * scene.cloud.rest_coefficients();
  std::vector<std::string> properties = {"f_dc_0", "f_dc_1", "f_dc_2"};
  for (int k = 0; k < rest; ++k) properties.push_back("f_rest_" + std::to_string(k));
  const std::vector<float> sh0 = recoloured(scene.cloud, indices, colour);
  std::vector<int64_t> rows;
  std::vector<float> values;
  for (size_t i = 0; i < indices.size(); ++i) {
    rows.push_back(scene.source_row(indices[i]));
    values.insert(values.end(), sh0.begin() + static_cast<ptrdiff_t>(3 * i),
                  sh0.begin() + static_cast<ptrdiff_t>(3 * i + 3));
    values.insert(values.end(), static_cast<size_t>(rest), 0.f);
  }
  patch_ply_rows(source, rows, properties, values, target, limits);
}

}  // namespace vane
