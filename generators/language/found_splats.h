// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a thing consists of that was looked for. No torch.

#include <cstdint>
#include <vector>

#include "engine/scene/splat_cloud.h"
#include "generators/language/language_field.h"

namespace vane {

/// Gaussians, ascending, of a thing whose best places have the relevancy `score`; none when that is
/// below `threshold`. `weight` [N] is what the views saw of each, `relevancy` [N] of the same
/// level.
std::vector<int64_t> found_splats(const SplatCloud& cloud, const std::vector<float>& weight,
                                  const std::vector<float>& relevancy, double score,
                                  double threshold);

/// The field of a scene that consists of those `rows` of its own, ascending. Its scene and hash are
/// the caller's to set.
LanguageField field_of_rows(const LanguageField& field, const std::vector<int64_t>& rows);

}  // namespace vane
