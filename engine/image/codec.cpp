// SPDX-License-Identifier: Apache-2.0
#include "engine/image/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/image/exif.h"
#include "engine/image/header_guard.h"
#include "engine/image/jpeg.h"
#include "engine/image/metadata.h"
#include "engine/image/orientation.h"
#include "engine/image/png.h"
#include "engine/image/raw_picture.h"
#include "engine/image/tiff.h"
#include "engine/image/webp.h"

namespace vane {
namespace {

/// Calls `work` so that its errors carry the name of the source and a lack of memory is told as
/// such.
template <class Work>
auto with_source_name(const ByteSource& source, const Work& work) {
  try {
    return work();
  } catch (Error& error) {
    error.set_file_if_empty(source.name());
    throw;
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::resource, "not enough memory to decode the picture")
        .in_file(source.name());
  }
}

Image decode_format(Bytes file, const DecodeOptions& options) {
  check_image_file_bytes(file.size(), options.limits);
  Image image;
  switch (detect_image_format(file)) {
    case ImageFormat::png: {
      const PngFile png = parse_png(file);
      check_image_limits(png.header, file.size(), options.limits);
      image = decode_png(file, png);
      image.metadata = png_metadata(png);
      image.format = "png";
      break;
    }
    case ImageFormat::jpeg: {
      const JpegFile jpeg = parse_jpeg(file, options.limits);
      check_image_limits(jpeg.header, file.size(), options.limits);
      ImageMetadata metadata = jpeg_metadata(jpeg);
      image = decode_jpeg(file, jpeg, metadata, options);
      image.metadata = std::move(metadata);
      image.format = "jpeg";
      break;
    }
    case ImageFormat::tiff: {
      const TiffFile tiff = parse_tiff(file);
      check_image_limits(tiff.header, file.size(), options.limits);
      ImageMetadata metadata = tiff_metadata(file, tiff);
      image = decode_tiff(file, tiff, metadata, options);
      image.metadata = std::move(metadata);
      image.format = "tiff";
      break;
    }
    case ImageFormat::webp: {
      const WebpFile webp = parse_webp(file);
      check_image_limits(webp.header, file.size(), options.limits);
      image = decode_webp(file, webp);
      image.metadata = webp_metadata(webp);
      image.format = "webp";
      break;
    }
    case ImageFormat::raw: {
      image = decode_raw(file, options);
      image.format = "raw";
      break;
    }
  }
  if (image.format != "tiff") {
    image.metadata.orientation = exif_orientation(image.metadata.exif);
  }
  // A profile of another colour model does not describe what the samples are now.
  if (!image.metadata.icc.empty() &&
      icc_channels(image.metadata.icc) != (image.is_grey() ? 1 : 3)) {
    image.metadata.icc.clear();
    note_left_out(image.metadata.left_out, "ICC profile of another colour model");
  }
  return image;
}

/// 8-bit samples for formats that hold nothing else.
Image to_8_bits(const Image& image) {
  Image out = image;
  out.depth = 8;
  out.u16.clear();
  out.u8.resize(image.u16.size());
  std::transform(image.u16.begin(), image.u16.end(), out.u8.begin(),
                 [](uint16_t v) { return static_cast<uint8_t>((v + 128u) / 257u); });
  return out;
}

Image without_alpha(const Image& image) {
  Image out = image;
  out.channels = image.channels - 1;
  size_t to = 0;
  for (size_t i = 0; i < image.u8.size(); ++i) {
    if (i % image.channels != static_cast<size_t>(out.channels)) out.u8[to++] = image.u8[i];
  }
  out.u8.resize(to);
  return out;
}

void check_encodable(const Image& image) {
  const size_t held = image.depth == 16 ? image.u16.size() : image.u8.size();
  if (image.width < 1 || image.height < 1 || image.channels < 1 || image.channels > 4 ||
      (image.depth != 8 && image.depth != 16) || held != image.sample_count()) {
    throw Error(ErrorCode::internal,
                fmt::format("cannot encode {} x {} pixels of {} channels and {} bits from {} "
                            "samples",
                            image.width, image.height, image.channels, image.depth, held));
  }
}

std::vector<std::byte> encode_format(const Image& image, std::string_view format,
                                     const EncodeOptions& options) {
  const ImageMetadata metadata = metadata_to_write(image, options);
  if (format == "png") return encode_png(image, metadata, options);
  if (format == "tiff") return encode_tiff(image, metadata, options);
  if (format == "webp") {
    return encode_webp(image.depth == 16 ? to_8_bits(image) : image, metadata, options);
  }
  if (format == "jpeg") {
    if (image.depth == 8 && !image.has_alpha()) return encode_jpeg(image, metadata, options);
    const Image narrow = image.depth == 16 ? to_8_bits(image) : image;
    return encode_jpeg(narrow.has_alpha() ? without_alpha(narrow) : narrow, metadata, options);
  }
  throw Error(ErrorCode::usage, fmt::format("there is no picture format \"{}\"", format))
      .with_hint("png, jpeg, tiff and webp can be written");
}

}  // namespace

ImageHeader read_image_header(const ByteSource& source, const Limits& limits) {
  return with_source_name(source, [&] {
    const Bytes file = source.view();
    check_image_file_bytes(file.size(), limits);
    ImageHeader header;
    switch (detect_image_format(file)) {
      case ImageFormat::png:
        header = parse_png(file).header;
        break;
      case ImageFormat::jpeg:
        header = parse_jpeg(file, limits).header;
        break;
      case ImageFormat::tiff:
        header = parse_tiff(file).header;
        break;
      case ImageFormat::webp:
        header = parse_webp(file).header;
        break;
      case ImageFormat::raw:
        return read_raw_header(file, limits);
    }
    check_image_limits(header, file.size(), limits);
    return header;
  });
}

Image decode_image(const ByteSource& source, const DecodeOptions& options) {
  return with_source_name(source, [&] {
    Image image = decode_format(source.view(), options);
    if (!options.apply_orientation) return image;
    const int orientation = image.metadata.orientation;
    return oriented(std::move(image), orientation);
  });
}

Image read_image(const std::filesystem::path& path, const DecodeOptions& options) {
  // The size is checked by the decoder, which can name the limit.
  return decode_image(*MappedFile::open(path, UINT64_MAX, static_cast<int>(ErrorCode::input)),
                      options);
}

std::optional<std::string> read_recipe(const ByteSource& source, const Limits& limits) {
  return with_source_name(source, [&]() -> std::optional<std::string> {
    const Bytes file = source.view();
    check_image_file_bytes(file.size(), limits);
    switch (detect_image_format(file)) {
      case ImageFormat::png:
        return png_recipe(parse_png(file));
      case ImageFormat::jpeg:
        return jpeg_recipe(parse_jpeg(file, limits));
      case ImageFormat::tiff:
        return tiff_recipe(parse_tiff(file));
      case ImageFormat::webp:
        return webp_recipe(parse_webp(file));
      case ImageFormat::raw:
        return std::nullopt;
    }
    return std::nullopt;
  });
}

std::vector<std::byte> encode_image(const Image& image, std::string_view format,
                                    const EncodeOptions& options) {
  check_encodable(image);
  try {
    return encode_format(image, format, options);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::resource, fmt::format("not enough memory to write a {} x {} picture",
                                                 image.width, image.height));
  }
}

namespace {

std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return extension;
}

/// Empty when the name tells no format.
std::string named_format(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  if (extension == ".png") return "png";
  if (extension == ".jpg" || extension == ".jpeg" || extension == ".jpe") return "jpeg";
  if (extension == ".tif" || extension == ".tiff") return "tiff";
  if (extension == ".webp") return "webp";
  return {};
}

}  // namespace

void write_image(const std::filesystem::path& path, const Image& image,
                 const EncodeOptions& options) {
  const std::vector<std::byte> bytes = encode_image(image, format_for_path(path), options);
  atomic_write(path, std::span<const std::byte>(bytes));
}

bool is_picture_name(const std::filesystem::path& path) { return !named_format(path).empty(); }

bool is_raw_name(const std::filesystem::path& path) {
  static constexpr std::string_view kEndings[] = {
      ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff",
      ".iiq", ".k25", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf",
      ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"};
  return std::find(std::begin(kEndings), std::end(kEndings), lower_extension(path)) !=
         std::end(kEndings);
}

std::string format_for_path(const std::filesystem::path& path) {
  if (std::string format = named_format(path); !format.empty()) return format;
  const std::string extension = lower_extension(path);
  throw Error(ErrorCode::usage,
              extension.empty()
                  ? std::string("the output name has no extension that tells the picture format")
                  : fmt::format("\"{}\" is not a picture format that can be written", extension))
      .in_file(path)
      .with_hint("use .png, .jpg, .tif or .webp");
}

}  // namespace vane
