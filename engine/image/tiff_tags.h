// SPDX-License-Identifier: Apache-2.0
#pragma once
// Field numbers of TIFF 6.0 and its supplements.

#include <cstdint>

namespace vane::tiff_tag {

inline constexpr uint16_t kWidth = 256, kHeight = 257, kBitsPerSample = 258, kCompression = 259,
                          kPhotometric = 262, kStripOffsets = 273, kOrientation = 274,
                          kSamplesPerPixel = 277, kRowsPerStrip = 278, kStripByteCounts = 279,
                          kPlanarConfiguration = 284, kPredictor = 317, kTileWidth = 322,
                          kTileLength = 323, kTileOffsets = 324, kTileByteCounts = 325,
                          kExtraSamples = 338, kSampleFormat = 339, kXmp = 700, kIptc = 33723,
                          kIcc = 34675;
/// Ours, in the range that TIFF 6.0 leaves to private use inside one organisation.
inline constexpr uint16_t kRecipe = 65100;

}  // namespace vane::tiff_tag
