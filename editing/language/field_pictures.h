// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pictures of what was found.

#include <vector>

#include "engine/image/image.h"
#include "generators/splats/splat_raster.h"

namespace vane {

/// The drawn scene as 8 bits.
Image picture_of(const SplatPicture& picture);

/// Relevancy [H,W] in colours over the picture: from blue at `low`, where a thing begins to be
/// there, to red at the highest; what is below is dimmed to 0.3 of its light (LangSplat's display,
/// which begins at 1/2).
Image heat_map(const Image& picture, const std::vector<float>& relevancy, float low);

/// White where the mask is.
Image mask_picture(const std::vector<uint8_t>& mask, int width, int height);

}  // namespace vane
