// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bounded reader of EXIF blocks: orientation, and the changes that new pixels demand.

#include <cstdint>
#include <span>
#include <vector>

#include "engine/image/image.h"
#include "engine/image/tiff_directory.h"

namespace vane {

/// Orientation (tag 0x0112 of the first directory) of an EXIF block, which is a small TIFF file
/// starting at its byte order mark. 1 when the block is damaged, the tag absent or out of 1..8.
int exif_orientation(std::span<const uint8_t> exif);

/// Resolution (0x011A, 0x011B, 0x0128) of the first directory; unknown where it has none.
PixelDensity exif_density(std::span<const uint8_t> exif);
/// Exchanges the resolutions across and down, where both are there.
void swap_exif_density(std::vector<uint8_t>& exif);
/// Whether there is a second directory, the thumbnail's, or a field of maker notes.
bool has_exif_thumbnail(std::span<const uint8_t> exif);
bool has_maker_notes(std::span<const uint8_t> exif);
/// The block without its GPS directory, whose bytes are blanked.
std::vector<uint8_t> exif_without_gps(std::span<const uint8_t> exif);
/// A block that holds the orientation only.
std::vector<uint8_t> orientation_block(int orientation);

/// The block with orientation `orientation`, pixel dimensions (0xA002, 0xA003) of `width` and
/// `height` where it has them, and without the thumbnail directory, whose picture would be stale.
/// Offsets inside the block stay as they are, so maker notes stay readable. A damaged block gives
/// an empty one.
std::vector<uint8_t> exif_for_pixels(std::span<const uint8_t> exif, int orientation, int width,
                                     int height);

/// Descriptive fields (camera, dates, author, resolution), exposure and GPS of a TIFF structure,
/// ready to be written into another file.
struct ExifFields {
  std::vector<TiffField> picture, exposure, gps;
  bool is_empty() const { return picture.empty() && exposure.empty() && gps.empty(); }
};

/// Collects them from the first directory. Maker notes are left out: their inner offsets only work
/// where the block is not rebuilt.
ExifFields exif_fields(std::span<const uint8_t> tiff);
/// Appends the exposure and GPS directories to `out` and their links to `fields.picture`.
void append_exif_directories(std::vector<uint8_t>& out, ExifFields& fields);
/// A block that holds `fields`; empty when there are none.
std::vector<uint8_t> exif_block(ExifFields fields);

}  // namespace vane
