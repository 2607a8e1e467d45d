// SPDX-License-Identifier: Apache-2.0
#pragma once
// Picture files in and out: PNG, JPEG, TIFF, WebP, 8 and 16 bit, told apart by content; the raw
// files of cameras in.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/byte_source.h"
#include "engine/base/limits.h"
#include "engine/image/image.h"

namespace vane {

/// What the header of a picture file declares; read before anything is decoded.
struct ImageHeader {
  std::string format;  // "png", "jpeg", "tiff", "webp", "raw"
  uint64_t width = 0, height = 0;
  int channels = 0, depth = 8;
};

struct DecodeOptions {
  Limits limits;
  /// Apply the EXIF orientation so that the result is upright; raw files always are.
  bool apply_orientation = true;
  /// Accept a JPEG whose entropy-coded data is damaged instead of refusing it.
  bool tolerate_damage = false;
};

struct EncodeOptions {
  int jpeg_quality = 92;
  /// Chroma subsampling 4:4:4 instead of 4:2:0.
  bool jpeg_full_chroma = true;
  int png_compression = 6;
  int webp_quality = 90;  // 100 = lossless
  /// JSON recipe stored as an iTXt chunk `vane` (PNG) or a comment (JPEG); empty: none.
  std::string recipe;
  /// Write the metadata blocks of the image.
  bool keep_metadata = true;
  /// Orientation tag to write where the metadata has one: 1 for upright samples (the default);
  /// `metadata.orientation` when the samples are still in the stored order.
  int orientation = 1;
};

/// Reads the header only, and checks it against the limits.
/// Throws Error{input}: unknown type, damaged header, over a limit (naming the limit to raise).
ImageHeader read_image_header(const ByteSource& source, const Limits& limits = {});

/// Decodes a whole picture. Grey stays grey, palettes become RGB(A), CMYK and YCCK become RGB
/// (through the embedded profile when there is one), 16-bit stays 16-bit. Raw files are developed
/// to 16-bit sRGB (raw_picture.h). Throws Error{input}, also for truncated or damaged data of every
/// format.
Image decode_image(const ByteSource& source, const DecodeOptions& options = {});
Image read_image(const std::filesystem::path& path, const DecodeOptions& options = {});

/// Encodes by the format name. JPEG and WebP take 8 bit only (16-bit samples are rounded) and JPEG
/// has no alpha (dropped). Throws Error{usage} for an unknown format, Error{resource} on failure.
std::vector<std::byte> encode_image(const Image& image, std::string_view format,
                                    const EncodeOptions& options = {});
/// Encodes by the extension of `path` and writes atomically.
void write_image(const std::filesystem::path& path, const Image& image,
                 const EncodeOptions& options = {});
/// The recipe that a file carries (see EncodeOptions::recipe), or nothing. WebP keeps it in a chunk
/// `VANE`, TIFF in the private field 65100. Throws Error{input} like read_image_header.
std::optional<std::string> read_recipe(const ByteSource& source, const Limits& limits = {});
/// True when the name ends like that of a picture file that can be read and written, in any case.
bool is_picture_name(const std::filesystem::path& path);
/// True when the name ends like that of a camera's raw file, in any case. Those can only be read.
bool is_raw_name(const std::filesystem::path& path);
/// "png", "jpeg", "tiff", "webp" for an output path; throws Error{usage} for another extension.
std::string format_for_path(const std::filesystem::path& path);

}  // namespace vane
