// SPDX-License-Identifier: Apache-2.0
#pragma once
// The photographs of a data set in memory. No torch.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/scene/scene_data.h"

namespace vane {

struct FitView {
  std::string name;
  Camera camera;             // of the picture as it is here; its background is set
  std::vector<uint8_t> rgb;  // [H,W,3]

  /// [H,W,3] in [0,1].
  std::vector<float> target() const;
};

/// Reads views, reduced to `max_side`; transparent pixels show white where the data set says so,
/// else black. Throws Error{input} for a picture whose size is not its camera's.
std::vector<FitView> read_fit_views(const SceneData& data, const std::vector<size_t>& views,
                                    int64_t max_side, const Limits& limits, Job& job);

/// [H,W,3] rounded to 8 bits.
std::vector<uint8_t> to_bytes(const std::vector<float>& rgb);

}  // namespace vane
