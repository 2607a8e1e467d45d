// SPDX-License-Identifier: Apache-2.0
#pragma once
// Metadata blocks between formats: what may be written with the pixels as they are now.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/image/codec.h"
#include "engine/image/image.h"

namespace vane {

/// Blocks longer than this are left out when read: real ones are at most a few megabytes.
inline constexpr size_t kMaxMetadataBytes = size_t{32} << 20;

/// Notes something that is not carried on: once, and at most 64 of them.
void note_left_out(std::vector<std::string>& left_out, std::string what);

/// Takes out where the picture was made: the GPS directory of EXIF with its bytes, and everything
/// of XMP whose name begins with GPS. XMP that cannot be taken apart goes as a whole.
void strip_gps(ImageMetadata& metadata);
/// Takes out everything but the profile, the orientation and the density, without which the picture
/// would look different.
void strip_all(ImageMetadata& metadata);

/// Exchanges the densities across and down, also those of EXIF, for pixels that are turned by 90
/// degrees.
void turn_density(ImageMetadata& metadata);

/// What `image` holds and a file of `format` written with `options` will not; beside what reading
/// left out already.
std::vector<std::string> left_out_by_writing(const Image& image, std::string_view format,
                                             const EncodeOptions& options);

/// The blocks to store beside the samples of `image`: EXIF and XMP with `options.orientation` and
/// the size of the picture, without the thumbnail; no ICC profile of another colour model. Empty
/// when `options.keep_metadata` is off. A block with nothing but the orientation is made where none
/// would keep it.
ImageMetadata metadata_to_write(const Image& image, const EncodeOptions& options);

/// XMP with every `tiff:Orientation` value replaced.
std::vector<uint8_t> xmp_with_orientation(std::vector<uint8_t> xmp, int orientation);

/// Number of channels of the colour space an ICC profile is made for (1, 3, 4); 0 when unknown.
int icc_channels(std::span<const uint8_t> profile);

/// zlib-inflates at most `max_bytes`; nothing when the data is damaged or longer.
std::optional<std::vector<uint8_t>> inflate_bounded(std::span<const std::byte> data,
                                                    size_t max_bytes);

}  // namespace vane
