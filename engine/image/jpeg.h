// SPDX-License-Identifier: Apache-2.0
#pragma once
// JPEG: the marker walk that looks before the decoder does, and the codec on libjpeg-turbo.

#include <optional>
#include <string>
#include <vector>

#include "engine/image/header_guard.h"
#include "engine/image/metadata.h"

namespace vane {

/// What the markers say; nothing is decoded yet.
struct JpegFile {
  ImageHeader header;  // channels as decoded: CMYK counts as 3
  int components = 0;
  bool is_progressive = false, is_arithmetic = false;
  uint64_t scans = 0;
  uint64_t entropy_bytes = 0;  // of all scans
  uint64_t blocks = 0;         // 8 x 8 blocks of all components
  bool is_complete = false;    // the end marker is there
  std::vector<Bytes> icc_parts, comments;
  std::vector<Bytes> extended_xmp;  // GUID, length of the whole, offset, part
  Bytes exif, xmp, photoshop;
  PixelDensity density;
  /// What else lies beside the picture and is not carried on.
  std::vector<std::string> left_out;
};

/// Walks the markers up to the end of the picture; data after it (other pictures) is left alone.
/// Throws Error{input} at the byte where the structure breaks, for processes that are not
/// supported (lossless, hierarchical, 12 bits) by name, and for more scans than
/// `limits.image_jpeg_scans`.
JpegFile parse_jpeg(Bytes file, const Limits& limits);
/// ICC (parts joined), EXIF, XMP (standard and extended packet as one) and IPTC of a parsed file.
/// Parts of a block that do not fit together are left out, which is said in `left_out`.
ImageMetadata jpeg_metadata(const JpegFile& jpeg);
std::optional<std::string> jpeg_recipe(const JpegFile& jpeg);

/// Decodes; CMYK and YCCK become RGB through `metadata.icc`. Any warning of the decoder is damage
/// unless `options.tolerate_damage`. The header must have passed check_image_limits.
Image decode_jpeg(Bytes file, const JpegFile& jpeg, const ImageMetadata& metadata,
                  const DecodeOptions& options);
/// XMP as JPEG holds it: one packet of at most a segment, and what does not fit there in an
/// extended one whose MD5 is `guid`. All empty for XMP that is too long and cannot be taken apart.
struct JpegXmp {
  std::vector<uint8_t> standard, extended;
  std::string guid;
};
JpegXmp jpeg_xmp(const std::vector<uint8_t>& xmp);
/// The longest content of a segment: its length field counts itself.
inline constexpr size_t kMaxJpegSegment = 65533;

/// `image` has 1 or 3 channels of 8 bits.
std::vector<std::byte> encode_jpeg(const Image& image, const ImageMetadata& metadata,
                                   const EncodeOptions& options);

}  // namespace vane
