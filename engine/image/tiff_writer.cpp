// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "engine/image/exif.h"
#include "engine/image/tiff.h"
#include "engine/image/tiff_directory.h"
#include "engine/image/tiff_tags.h"

namespace vane {
namespace {

/// Rows are gathered into strips of about this size, a compromise between the ratio and the memory
/// that a reader needs.
constexpr size_t kStripBytes = 256 * 1024;
constexpr int kDeflate = 8, kHorizontalPrediction = 2;

/// Differences to the pixel on the left, row by row (TIFF 6.0, section 14), little-endian.
template <class T>
void predict_row(const T* row, size_t pixels, size_t channels, uint8_t* out) {
  for (size_t i = 0; i < pixels * channels; ++i) {
    const T left = i < channels ? T{0} : row[i - channels];
    const T difference = static_cast<T>(row[i] - left);
    std::memcpy(out + i * sizeof(T), &difference, sizeof(T));
  }
}

void append_strip(std::vector<uint8_t>& out, const std::vector<uint8_t>& raw) {
  uLongf size = compressBound(raw.size());
  const size_t at = out.size();
  out.resize(at + size);
  if (compress2(out.data() + at, &size, raw.data(), raw.size(), 6) != Z_OK) {
    throw Error(ErrorCode::resource, "a TIFF strip could not be compressed");
  }
  out.resize(at + size);
}

/// Appends all strips; fills in where they are.
void append_strips(const Image& image, size_t rows_per_strip, std::vector<uint8_t>& out,
                   std::vector<uint32_t>& offsets, std::vector<uint32_t>& counts) {
  const size_t row_samples = size_t(image.width) * image.channels;
  const size_t row_bytes = row_samples * (image.depth / 8);
  const auto height = static_cast<size_t>(image.height);
  std::vector<uint8_t> raw;
  for (size_t y0 = 0; y0 < height; y0 += rows_per_strip) {
    const size_t rows = std::min(rows_per_strip, height - y0);
    raw.resize(rows * row_bytes);
    for (size_t y = 0; y < rows; ++y) {
      uint8_t* target = raw.data() + y * row_bytes;
      const size_t from = (y0 + y) * row_samples;
      if (image.depth == 16) {
        predict_row(image.u16.data() + from, image.width, image.channels, target);
      } else {
        predict_row(image.u8.data() + from, image.width, image.channels, target);
      }
    }
    if (out.size() > UINT32_MAX) break;
    offsets.push_back(static_cast<uint32_t>(out.size()));
    append_strip(out, raw);
    counts.push_back(static_cast<uint32_t>(out.size() - offsets.back()));
  }
  if (out.size() > UINT32_MAX) {
    throw Error(ErrorCode::resource, "the picture needs more than the 4 GiB of a TIFF file")
        .with_hint("write PNG");
  }
}

/// Pixels per inch as a fraction of thousandths.
TiffField density_field(uint16_t tag, double per_inch) {
  constexpr uint16_t kRational = 5;
  TiffField field = tiff_long(
      tag, {static_cast<uint32_t>(std::lround(std::min(per_inch, 4e6) * 1000)), uint32_t{1000}});
  field.type = kRational;
  field.count = 1;
  return field;
}

void add_blob(std::vector<TiffField>& fields, uint16_t tag, uint16_t type,
              const std::vector<uint8_t>& bytes) {
  if (!bytes.empty()) fields.push_back(tiff_blob(tag, type, bytes));
}

}  // namespace

std::vector<std::byte> encode_tiff(const Image& image, const ImageMetadata& metadata,
                                   const EncodeOptions& options) {
  using namespace tiff_tag;
  constexpr uint16_t kByte = 1, kAscii = 2, kUndefined = 7;
  std::vector<uint8_t> out = {'I', 'I', 42, 0, 0, 0, 0, 0};
  const size_t row_bytes = size_t(image.width) * image.channels * (image.depth / 8);
  const size_t rows = std::clamp<size_t>(kStripBytes / row_bytes, 1, size_t(image.height));
  std::vector<uint32_t> offsets, counts;
  append_strips(image, rows, out, offsets, counts);

  ExifFields exif = exif_fields(metadata.exif);
  std::erase_if(exif.picture, [](const TiffField& field) { return field.tag == kOrientation; });
  // A block without a resolution does not keep the picture's from its place.
  if (metadata.density.is_known() && !exif_density(metadata.exif).is_known()) {
    constexpr uint16_t kXResolution = 282, kYResolution = 283, kResolutionUnit = 296, kInch = 2;
    std::erase_if(exif.picture, [](const TiffField& field) {
      return field.tag == kXResolution || field.tag == kYResolution || field.tag == kResolutionUnit;
    });
    exif.picture.push_back(density_field(kXResolution, metadata.density.x));
    exif.picture.push_back(density_field(kYResolution, metadata.density.y));
    exif.picture.push_back(tiff_short(kResolutionUnit, {kInch}));
  }
  append_exif_directories(out, exif);
  std::vector<TiffField> fields = std::move(exif.picture);
  const auto channels = static_cast<uint16_t>(image.channels);
  fields.push_back(tiff_long(kWidth, {static_cast<uint32_t>(image.width)}));
  fields.push_back(tiff_long(kHeight, {static_cast<uint32_t>(image.height)}));
  fields.push_back(tiff_short(kBitsPerSample, std::vector<uint16_t>(channels, image.depth)));
  fields.push_back(tiff_short(kCompression, {kDeflate}));
  const auto colour = image.is_grey() ? TiffColour::black_is_zero : TiffColour::rgb;
  fields.push_back(tiff_short(kPhotometric, {static_cast<uint16_t>(colour)}));
  fields.push_back(tiff_long(kStripOffsets, std::move(offsets)));
  fields.push_back(tiff_short(kOrientation, {static_cast<uint16_t>(options.orientation)}));
  fields.push_back(tiff_short(kSamplesPerPixel, {channels}));
  fields.push_back(tiff_long(kRowsPerStrip, {static_cast<uint32_t>(rows)}));
  fields.push_back(tiff_long(kStripByteCounts, std::move(counts)));
  fields.push_back(tiff_short(kPlanarConfiguration, {1}));
  fields.push_back(tiff_short(kPredictor, {kHorizontalPrediction}));
  if (image.has_alpha()) fields.push_back(tiff_short(kExtraSamples, {2}));
  add_blob(fields, kXmp, kByte, metadata.xmp);
  add_blob(fields, kIptc, kUndefined, metadata.iptc);
  add_blob(fields, kIcc, kUndefined, metadata.icc);
  if (!options.recipe.empty()) {
    std::vector<uint8_t> text(options.recipe.begin(), options.recipe.end());
    text.push_back(0);
    add_blob(fields, kRecipe, kAscii, text);
  }
  const uint32_t first = append_tiff_directory(out, std::move(fields));
  for (size_t i = 0; i < 4; ++i) out[4 + i] = static_cast<uint8_t>(first >> (8 * i));
  std::vector<std::byte> bytes(out.size());
  std::memcpy(bytes.data(), out.data(), out.size());
  return bytes;
}

}  // namespace vane
