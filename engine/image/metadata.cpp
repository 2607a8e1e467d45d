// SPDX-License-Identifier: Apache-2.0
#include "engine/image/metadata.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "engine/image/exif.h"
#include "engine/image/jpeg.h"
#include "engine/image/xmp.h"

namespace vane {

namespace {

/// A file of thousands of strange parts is told by its first.
constexpr size_t kMostNotes = 64;

/// An EXIF block as a JPEG segment with its name has room for it.
bool fits_jpeg(const std::vector<uint8_t>& exif) { return exif.size() + 6 <= kMaxJpegSegment; }

}  // namespace

void note_left_out(std::vector<std::string>& left_out, std::string what) {
  const bool is_known = std::find(left_out.begin(), left_out.end(), what) != left_out.end();
  if (!is_known && left_out.size() < kMostNotes) left_out.push_back(std::move(what));
}

void strip_gps(ImageMetadata& metadata) {
  metadata.exif = exif_without_gps(metadata.exif);
  if (metadata.xmp.empty()) return;
  static constexpr std::string_view kName = "GPS";
  const bool has_any = std::search(metadata.xmp.begin(), metadata.xmp.end(), kName.begin(),
                                   kName.end()) != metadata.xmp.end();
  auto packet = XmpPacket::parse(metadata.xmp);
  if (packet && !has_any) return;
  if (packet) packet->remove_gps();
  metadata.xmp = packet ? packet->bytes() : std::vector<uint8_t>{};
  if (!packet) note_left_out(metadata.left_out, "XMP: it is damaged and may name the place");
}

void strip_all(ImageMetadata& metadata) {
  metadata.exif.clear();
  metadata.xmp.clear();
  metadata.iptc.clear();
  metadata.left_out.clear();
}

void turn_density(ImageMetadata& metadata) {
  std::swap(metadata.density.x, metadata.density.y);
  swap_exif_density(metadata.exif);
}

std::vector<std::string> left_out_by_writing(const Image& image, std::string_view format,
                                             const EncodeOptions& options) {
  std::vector<std::string> lost;
  if (image.has_alpha() && format == "jpeg") note_left_out(lost, "alpha channel");
  if (!options.keep_metadata) return lost;
  const ImageMetadata& metadata = image.metadata;
  if (has_exif_thumbnail(metadata.exif)) note_left_out(lost, "EXIF thumbnail");
  if (format == "tiff" && has_maker_notes(metadata.exif)) note_left_out(lost, "maker notes");
  if (!metadata.exif.empty() && exif_for_pixels(metadata.exif, 1, 1, 1).empty()) {
    note_left_out(lost, "EXIF: it is damaged");
  }
  if ((format == "png" || format == "webp") && !metadata.iptc.empty()) {
    note_left_out(lost, "IPTC");
  }
  if (format == "jpeg") {
    if (!fits_jpeg(metadata.exif)) note_left_out(lost, "EXIF: it is longer than a segment");
    if (!metadata.xmp.empty() && jpeg_xmp(metadata.xmp).standard.empty()) {
      note_left_out(lost, "XMP: it is longer than a segment");
    }
    if (metadata.iptc.size() + 40 > kMaxJpegSegment) {
      note_left_out(lost, "IPTC: it is longer than a segment");
    }
  }
  if (format == "webp" && metadata.density.is_known() && !exif_density(metadata.exif).is_known()) {
    note_left_out(lost, "resolution");
  }
  return lost;
}

ImageMetadata metadata_to_write(const Image& image, const EncodeOptions& options) {
  if (!options.keep_metadata) return {};
  ImageMetadata metadata = image.metadata;
  metadata.exif =
      exif_for_pixels(image.metadata.exif, options.orientation, image.width, image.height);
  metadata.xmp = xmp_with_orientation(std::move(metadata.xmp), options.orientation);
  metadata.orientation = options.orientation;
  if (metadata.exif.empty() && options.orientation != 1) {
    metadata.exif = orientation_block(options.orientation);
  }
  if (icc_channels(metadata.icc) != (image.is_grey() ? 1 : 3)) metadata.icc.clear();
  return metadata;
}

std::vector<uint8_t> xmp_with_orientation(std::vector<uint8_t> xmp, int orientation) {
  // Written either as an attribute, tiff:Orientation="6", or as an element, <tiff:Orientation>6<.
  static constexpr std::string_view kName = "tiff:Orientation";
  auto at = xmp.begin();
  while (true) {
    at = std::search(at, xmp.end(), kName.begin(), kName.end());
    if (at == xmp.end()) return xmp;
    at += kName.size();
    auto digit = at;
    while (digit != xmp.end() &&
           std::string_view(" =\"'>\t\r\n").find(char(*digit)) != std::string_view::npos) {
      ++digit;
    }
    if (digit != at && digit != xmp.end() && *digit >= '1' && *digit <= '8') {
      *digit = static_cast<uint8_t>('0' + orientation);
    }
  }
}

int icc_channels(std::span<const uint8_t> profile) {
  // Bytes 16..19 of the header name the colour space, 36..39 are always "acsp" (ICC.1, 7.2).
  if (profile.size() < 128 || std::memcmp(profile.data() + 36, "acsp", 4) != 0) return 0;
  const std::string_view space(reinterpret_cast<const char*>(profile.data()) + 16, 4);
  if (space == "GRAY") return 1;
  if (space == "RGB ") return 3;
  if (space == "CMYK") return 4;
  return 0;
}

std::optional<std::vector<uint8_t>> inflate_bounded(std::span<const std::byte> data,
                                                    size_t max_bytes) {
  z_stream stream{};
  if (data.size() > UINT32_MAX || inflateInit(&stream) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  std::vector<uint8_t> out;
  int status = Z_OK;
  while (status == Z_OK && out.size() < max_bytes) {
    const size_t block =
        std::min<size_t>(std::max<size_t>(out.size(), 4096), max_bytes - out.size());
    const size_t before = out.size();
    out.resize(before + block);
    stream.next_out = out.data() + before;
    stream.avail_out = static_cast<uInt>(block);
    status = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + block - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace vane
