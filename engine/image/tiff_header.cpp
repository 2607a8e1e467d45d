// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/image/exif.h"
#include "engine/image/tiff.h"
#include "engine/image/tiff_directory.h"
#include "engine/image/tiff_tags.h"

namespace vane {
namespace {

constexpr uint64_t kMaxPages = 10'000;
constexpr uint64_t kMaxSamples = 8;

Error damaged(std::string message) {
  return Error(ErrorCode::input, "damaged TIFF: " + std::move(message));
}

Error unsupported(std::string message) {
  return Error(ErrorCode::input, "a TIFF with " + std::move(message) + " is not supported")
      .with_hint("convert it to 8 or 16 bits RGB, grey or CMYK");
}

std::span<const uint8_t> octets(Bytes file) {
  return {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
}

/// The fields of the first directory with their defaults.
class Fields {
 public:
  Fields(const TiffReader& reader, const TiffDirectory& directory)
      : reader_(reader), directory_(directory) {}

  uint64_t value(uint16_t tag, uint64_t otherwise, uint64_t index = 0) const {
    const TiffEntry* entry = directory_.find(tag);
    if (!entry) return otherwise;
    const auto value = tiff_value(reader_, *entry, index);
    if (!value) throw damaged(fmt::format("field {} has no usable value", tag));
    return *value;
  }
  uint64_t required(uint16_t tag, const char* name) const {
    if (!directory_.find(tag)) throw damaged(fmt::format("the field {} is missing", name));
    return value(tag, 0);
  }
  /// The same for all samples of a pixel, as nearly every file has it.
  uint64_t uniform(uint16_t tag, uint64_t otherwise, const char* name) const {
    const TiffEntry* entry = directory_.find(tag);
    if (!entry) return otherwise;
    const uint64_t first = value(tag, otherwise);
    for (uint64_t i = 1; i < std::min(entry->count, kMaxSamples); ++i) {
      if (value(tag, otherwise, i) != first) {
        throw unsupported(fmt::format("a different {} in each channel", name));
      }
    }
    return first;
  }
  uint64_t count(uint16_t tag) const {
    const TiffEntry* entry = directory_.find(tag);
    return entry ? entry->count : 0;
  }
  std::span<const uint8_t> bytes(uint16_t tag) const {
    const TiffEntry* entry = directory_.find(tag);
    if (!entry || entry->value_bytes > kMaxMetadataBytes) return {};
    return reader_.bytes().subspan(entry->value_at, entry->value_bytes);
  }

 private:
  const TiffReader& reader_;
  const TiffDirectory& directory_;
};

/// Refuses chains of directories that come back to themselves or leave the file.
void check_page_chain(const TiffReader& reader, uint64_t first) {
  std::set<uint64_t> seen;
  for (uint64_t at = first; at != 0;) {
    if (!seen.insert(at).second) throw damaged("its directories form a loop");
    if (seen.size() > kMaxPages) throw damaged("it has more than 10000 pages");
    const auto directory = read_tiff_directory(reader, at);
    if (!directory) {
      throw damaged(fmt::format("the directory at byte {} does not lie inside the file", at));
    }
    at = directory->next;
  }
}

/// Fields that say how samples are stored, which the writer decides anew, and that are carried in
/// blocks of their own: EXIF and GPS (34665, 34853), and links inside them.
bool is_accounted_for(uint16_t tag) {
  using namespace tiff_tag;
  static constexpr uint16_t kKnown[] = {254,
                                        255,
                                        kWidth,
                                        kHeight,
                                        kBitsPerSample,
                                        kCompression,
                                        kPhotometric,
                                        263,
                                        266,
                                        270,
                                        271,
                                        272,
                                        kStripOffsets,
                                        kOrientation,
                                        kSamplesPerPixel,
                                        kRowsPerStrip,
                                        kStripByteCounts,
                                        280,
                                        281,
                                        282,
                                        283,
                                        kPlanarConfiguration,
                                        292,
                                        293,
                                        296,
                                        297,
                                        305,
                                        306,
                                        315,
                                        316,
                                        kPredictor,
                                        320,
                                        kTileWidth,
                                        kTileLength,
                                        kTileOffsets,
                                        kTileByteCounts,
                                        332,
                                        333,
                                        334,
                                        kExtraSamples,
                                        kSampleFormat,
                                        340,
                                        341,
                                        347,
                                        529,
                                        530,
                                        531,
                                        532,
                                        kXmp,
                                        33432,
                                        kIptc,
                                        34665,
                                        kIcc,
                                        34853,
                                        kRecipe};
  return std::find(std::begin(kKnown), std::end(kKnown), tag) != std::end(kKnown);
}

void note_other_fields(const TiffDirectory& directory, TiffFile& tiff) {
  constexpr uint16_t kSubDirectories = 330, kPhotoshop = 34377, kLayers = 37724;
  if (directory.next != 0) note_left_out(tiff.left_out, "pages after the first");
  for (const TiffEntry& entry : directory.entries) {
    if (is_accounted_for(entry.tag)) continue;
    note_left_out(tiff.left_out, entry.tag == kSubDirectories ? "pictures below the first"
                                 : entry.tag == kPhotoshop    ? "Photoshop resources"
                                 : entry.tag == kLayers       ? "Photoshop layers"
                                                        : fmt::format("TIFF field {}", entry.tag));
  }
}

void read_colour(const Fields& fields, TiffFile& tiff) {
  const uint64_t samples = fields.value(tiff_tag::kSamplesPerPixel, 1);
  if (samples < 1 || samples > kMaxSamples) {
    throw unsupported(fmt::format("{} samples a pixel", samples));
  }
  tiff.samples = static_cast<int>(samples);
  const uint64_t bits = fields.uniform(tiff_tag::kBitsPerSample, 1, "bit depth");
  const uint64_t format = fields.uniform(tiff_tag::kSampleFormat, 1, "sample format");
  if (format != 1 && format != 4) {
    throw unsupported(format == 3 ? "floating-point samples" : "signed or complex samples");
  }
  if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16) {
    throw unsupported(fmt::format("{} bits a sample", bits));
  }
  tiff.bits = static_cast<int>(bits);
  const uint64_t colour = fields.required(tiff_tag::kPhotometric, "PhotometricInterpretation");
  if (colour > 8 || colour == 4 || colour == 7) {
    throw unsupported(fmt::format("colour model {}", colour));
  }
  tiff.colour = static_cast<TiffColour>(colour);
  constexpr int kColours[9] = {1, 1, 3, 1, 0, 4, 3, 0, 3};
  const int colours = kColours[colour];
  if (tiff.samples < colours) {
    throw damaged(fmt::format("{} samples a pixel cannot hold colour model {}", samples, colour));
  }
  if (tiff.samples > colours) {
    const uint64_t extra = fields.value(tiff_tag::kExtraSamples, 0);
    const bool has_place = tiff.colour != TiffColour::palette && tiff.colour != TiffColour::cmyk;
    tiff.alpha = has_place && (extra == 1 || extra == 2) ? static_cast<int>(extra) : 0;
  }
  const bool is_deep_palette = tiff.colour == TiffColour::palette && bits == 16;
  const bool is_model = tiff.colour == TiffColour::ycbcr || tiff.colour == TiffColour::cielab;
  if (is_deep_palette || ((is_model || colours == 4) && bits != 8)) {
    throw unsupported(fmt::format("{} bits in colour model {}", bits, colour));
  }
  tiff.header.depth = bits == 16 ? 16 : 8;
  tiff.header.channels = (colours == 1 && tiff.colour != TiffColour::palette ? 1 : 3) +
                         (tiff.alpha != 0 && !is_model ? 1 : 0);
}

void read_compression(const Fields& fields, TiffFile& tiff) {
  const uint64_t compression = fields.value(tiff_tag::kCompression, 1);
  constexpr uint64_t kKnown[] = {1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50000};
  if (std::find(std::begin(kKnown), std::end(kKnown), compression) == std::end(kKnown)) {
    throw unsupported(compression == 6 ? std::string("old-style JPEG compression")
                                       : fmt::format("compression {}", compression));
  }
  tiff.compression = static_cast<int>(compression);
}

/// Size of strips or tiles, and how many there have to be.
uint64_t read_layout(const Fields& fields, TiffFile& tiff) {
  const uint64_t planar = fields.value(tiff_tag::kPlanarConfiguration, 1);
  if (planar != 1 && planar != 2) throw damaged("the planar configuration is neither 1 nor 2");
  tiff.is_planar = planar == 2 && tiff.samples > 1;
  tiff.is_tiled = fields.count(tiff_tag::kTileOffsets) > 0;
  const uint64_t width = tiff.header.width, height = tiff.header.height;
  if (tiff.is_tiled) {
    tiff.chunk_width = fields.required(tiff_tag::kTileWidth, "TileWidth");
    tiff.chunk_height = fields.required(tiff_tag::kTileLength, "TileLength");
    // Tiles may overhang the picture, but not by more than real files do.
    const auto fits = [](uint64_t tile, uint64_t side) {
      return tile > 0 && tile <= std::max<uint64_t>(side + 1024, 4096);
    };
    if (!fits(tiff.chunk_width, width) || !fits(tiff.chunk_height, height)) {
      throw damaged(fmt::format("tiles of {} x {} in a picture of {} x {}", tiff.chunk_width,
                                tiff.chunk_height, width, height));
    }
  } else {
    tiff.chunk_width = width;
    tiff.chunk_height = std::min(fields.value(tiff_tag::kRowsPerStrip, UINT32_MAX), height);
    if (tiff.chunk_height == 0) throw damaged("strips of 0 rows");
  }
  const uint64_t across = (width - 1) / tiff.chunk_width + 1;
  const uint64_t down = (height - 1) / tiff.chunk_height + 1;
  // Both are below 2^32, and the number of planes below 8.
  const auto chunks = checked_mul(across, down);
  if (!chunks || *chunks > UINT32_MAX) throw damaged("more strips than a file can hold");
  return *chunks * (tiff.is_planar ? static_cast<uint64_t>(tiff.samples) : 1);
}

void check_chunks(const Fields& fields, uint64_t file_bytes, uint64_t chunks, TiffFile& tiff) {
  const uint16_t offsets = tiff.is_tiled ? tiff_tag::kTileOffsets : tiff_tag::kStripOffsets;
  const uint16_t counts = tiff.is_tiled ? tiff_tag::kTileByteCounts : tiff_tag::kStripByteCounts;
  if (fields.count(offsets) != chunks || fields.count(counts) != chunks) {
    throw damaged(fmt::format("{} strips or tiles are needed, it lists {} offsets and {} sizes",
                              chunks, fields.count(offsets), fields.count(counts)));
  }
  const uint64_t row_bits = tiff.chunk_width * static_cast<uint64_t>(tiff.bits) *
                            (tiff.is_planar ? 1 : static_cast<uint64_t>(tiff.samples));
  const uint64_t row_bytes = (row_bits + 7) / 8;
  for (uint64_t i = 0; i < chunks; ++i) {
    const uint64_t at = fields.value(offsets, 0, i), size = fields.value(counts, 0, i);
    if (at > file_bytes || size > file_bytes - at || size == 0) {
      throw Error(
          ErrorCode::input,
          fmt::format("truncated TIFF: strip or tile {} of {} bytes at byte {} does not lie "
                      "inside the file",
                      i, size, at));
    }
    tiff.stored_bytes += size;
    const uint64_t strips = tiff.is_planar ? chunks / static_cast<uint64_t>(tiff.samples) : chunks;
    const uint64_t rows =
        tiff.is_tiled
            ? tiff.chunk_height
            : std::min(tiff.chunk_height, tiff.header.height - i % strips * tiff.chunk_height);
    const bool is_plain = tiff.compression == 1 && tiff.colour != TiffColour::ycbcr;
    if (is_plain && size / row_bytes < rows) {
      throw damaged(fmt::format("strip or tile {} has {} bytes, {} rows of {} are needed", i, size,
                                rows, row_bytes));
    }
  }
}

}  // namespace

TiffFile parse_tiff(Bytes file) {
  const TiffReader reader(octets(file));
  if (!reader.is_valid()) throw damaged("the header is not one of TIFF or BigTIFF");
  const uint64_t first = reader.first_directory();
  if (first == 0) throw damaged("it has no picture");
  check_page_chain(reader, first);
  const auto directory = read_tiff_directory(reader, first);
  const Fields fields(reader, *directory);
  TiffFile tiff;
  tiff.header.format = "tiff";
  tiff.header.width = fields.required(tiff_tag::kWidth, "ImageWidth");
  tiff.header.height = fields.required(tiff_tag::kHeight, "ImageLength");
  if (tiff.header.width == 0 || tiff.header.height == 0 || tiff.header.width > UINT32_MAX ||
      tiff.header.height > UINT32_MAX) {
    throw damaged(fmt::format("a size of {} x {}", tiff.header.width, tiff.header.height));
  }
  read_colour(fields, tiff);
  read_compression(fields, tiff);
  check_chunks(fields, file.size(), read_layout(fields, tiff), tiff);
  const TiffEntry* orientation = directory->find(tiff_tag::kOrientation);
  const uint64_t value = orientation ? tiff_value(reader, *orientation).value_or(1) : uint64_t{1};
  tiff.orientation = value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  tiff.icc = fields.bytes(tiff_tag::kIcc);
  tiff.xmp = fields.bytes(tiff_tag::kXmp);
  tiff.iptc = fields.bytes(tiff_tag::kIptc);
  tiff.recipe = fields.bytes(tiff_tag::kRecipe);
  note_other_fields(*directory, tiff);
  return tiff;
}

ImageMetadata tiff_metadata(Bytes file, const TiffFile& tiff) {
  ImageMetadata metadata;
  metadata.icc.assign(tiff.icc.begin(), tiff.icc.end());
  metadata.xmp.assign(tiff.xmp.begin(), tiff.xmp.end());
  metadata.iptc.assign(tiff.iptc.begin(), tiff.iptc.end());
  metadata.exif = exif_block(exif_fields(octets(file)));
  metadata.orientation = tiff.orientation;
  metadata.density = exif_density(octets(file));
  metadata.left_out = tiff.left_out;
  if (has_maker_notes(octets(file))) note_left_out(metadata.left_out, "maker notes");
  return metadata;
}

std::optional<std::string> tiff_recipe(const TiffFile& tiff) {
  std::string recipe(tiff.recipe.begin(), tiff.recipe.end());
  while (!recipe.empty() && recipe.back() == '\0') recipe.pop_back();
  if (recipe.empty() || !is_utf8(recipe)) return std::nullopt;
  return recipe;
}

}  // namespace vane
