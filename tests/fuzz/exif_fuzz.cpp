// SPDX-License-Identifier: Apache-2.0
// Any bytes as an EXIF block: an orientation in 1..8, a rewritten block that has the new one, and
// fields that survive being rebuilt.

#include <algorithm>

#include "engine/image/exif.h"
#include "engine/image/metadata.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using vane::require;
  const std::span<const uint8_t> block(data, size);
  const int orientation = vane::exif_orientation(block);
  require(orientation >= 1 && orientation <= 8, "orientation 1..8");
  const auto fresh = vane::exif_for_pixels(block, 1, 640, 480);
  require(fresh.size() <= size, "the block does not grow");
  require(vane::exif_without_gps(block).size() <= size, "nor does it without its place");
  require(vane::exif_density(block).x >= 0, "no density, or a positive one");
  vane::has_exif_thumbnail(block);
  vane::has_maker_notes(block);
  const auto rebuilt = vane::exif_block(vane::exif_fields(block));
  const auto again = vane::exif_block(vane::exif_fields(rebuilt));
  require(rebuilt == again, "rebuilding is stable");
  const std::vector<uint8_t> xmp(block.begin(), block.end());
  require(vane::xmp_with_orientation(xmp, 1).size() == size, "XMP keeps its length");
  vane::icc_channels(block);
  return 0;
}
