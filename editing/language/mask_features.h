// SPDX-License-Identifier: Apache-2.0
#pragma once
// What each mask of a picture means to CLIP.

#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/regions/region_maps.h"

namespace vane {

/// How masks are shown.
enum class CropStyle {
  cutout,   // LangSplat: black outside of the mask, its bounding box padded to a square with black
  context,  // a square 1.6 times as wide as the mask's longer side, in the mean colour of what is
            // around the mask there: a thing on its ground, without its neighbours
  both,     // the mean of both unit features
};
/// Throws Error{usage} for another word than "cutout", "context" and "both".
CropStyle crop_style(const std::string& name);

/// Fills maps.features with the unit features of the crops of 8-bit RGB `image`, which has the size
/// of the maps. Crops come to the encoder's input size by an antialiased bilinear filter, which for
/// crops smaller than it is OpenCV's, as LangSplat has it (splatting sheet, section 7.2). Throws
/// Error{usage} for an image of another size.
void embed_masks(const ClipEncoder& clip, const Image& image, CropStyle style, RegionMaps& maps,
                 Job& job);

}  // namespace vane
