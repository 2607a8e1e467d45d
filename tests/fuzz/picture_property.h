// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the picture readers owe for any bytes: a picture that agrees with its header and survives a
// lossless round trip, or an Error of class input.

#include "engine/image/codec.h"
#include "engine/image/raw_picture.h"
#include "tests/fuzz/property.h"

namespace vane {

/// Small caps, so that a run spends its time on parsers and not on pixels.
inline Limits fuzz_limits() {
  Limits limits;
  limits.image_pixels = 1 << 16;
  limits.image_side = 1 << 14;
  limits.image_decoded_bytes = 1 << 20;
  limits.image_jpeg_scans = 20;
  return limits;
}

inline void require_consistent(const Image& image) {
  const size_t held = image.depth == 16 ? image.u16.size() : image.u8.size();
  require(image.width > 0 && image.height > 0, "a picture has pixels");
  require(image.channels >= 1 && image.channels <= 4, "one to four channels");
  require(held == image.sample_count(), "as many samples as the size says");
  require(image.metadata.orientation >= 1 && image.metadata.orientation <= 8, "orientation 1..8");
}

/// Decodes `data` strictly and leniently; writes what comes out as PNG and TIFF and reads it back.
inline void require_picture_or_error(const uint8_t* data, size_t size) {
  const auto source = fuzz_source(data, size);
  if (is_raw_file(source->view())) return;  // from here on it would be LibRaw that is tested
  DecodeOptions options;
  options.limits = fuzz_limits();
  require_result_or_error(size, ErrorCode::input, [&] {
    read_recipe(*source, options.limits);
    const ImageHeader header = read_image_header(*source, options.limits);
    options.apply_orientation = false;
    const Image image = decode_image(*source, options);
    require_consistent(image);
    require(header.width == uint64_t(image.width) && header.height == uint64_t(image.height) &&
                header.channels == image.channels && header.depth == image.depth,
            "the header is the picture's");
    for (const char* format : {"png", "tiff"}) {
      const MemorySource written(encode_image(image, format));
      const Image back = decode_image(written);
      require(back.u8 == image.u8 && back.u16 == image.u16, "a lossless round trip");
      require(back.metadata.icc == image.metadata.icc, "the profile survives");
    }
  });
  options.tolerate_damage = true;
  require_result_or_error(size, ErrorCode::input,
                          [&] { require_consistent(decode_image(*source, options)); });
}

}  // namespace vane
