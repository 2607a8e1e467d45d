// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <webp/decode.h>
#include <webp/encode.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/image/webp.h"

namespace vane {
namespace {

const uint8_t* octets(Bytes bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

const char* status_text(int status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      return "not enough memory";
    case VP8_STATUS_BITSTREAM_ERROR:
      return "its data breaks the format's rules";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it uses a feature that does not exist";
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return "its data is cut off";
    default:
      return "it cannot be decoded";
  }
}

/// Grey to equal red, green and blue; others as they are.
std::vector<uint8_t> coloured(const Image& image) {
  std::vector<uint8_t> samples;
  const size_t step = image.channels;
  samples.reserve(image.u8.size() / step * (step + 2));
  for (size_t i = 0; i < image.u8.size(); i += step) {
    samples.insert(samples.end(), 3, image.u8[i]);
    if (step == 2) samples.push_back(image.u8[i + 1]);
  }
  return samples;
}

void append_chunk(std::vector<std::byte>& out, std::string_view type, Bytes data) {
  const auto put = [&](const void* from, size_t count) {
    const auto* bytes = static_cast<const std::byte*>(from);
    out.insert(out.end(), bytes, bytes + count);
  };
  const auto size = static_cast<uint32_t>(data.size());
  put(type.data(), 4);
  put(&size, 4);
  put(data.data(), data.size());
  if (size % 2) out.push_back(std::byte{0});
}

/// The encoder's file with the metadata around it, in the extended layout.
std::vector<std::byte> with_metadata(Bytes encoded, const Image& image,
                                     const ImageMetadata& metadata, const std::string& recipe) {
  const bool has_blocks =
      !metadata.icc.empty() || !metadata.exif.empty() || !metadata.xmp.empty() || !recipe.empty();
  if (!has_blocks) return {encoded.begin(), encoded.end()};
  const auto width = static_cast<uint32_t>(image.width - 1);
  const auto height = static_cast<uint32_t>(image.height - 1);
  const int flags = (metadata.icc.empty() ? 0 : 0x20) | (image.has_alpha() ? 0x10 : 0) |
                    (metadata.exif.empty() ? 0 : 0x08) | (metadata.xmp.empty() ? 0 : 0x04);
  std::byte head[10] = {static_cast<std::byte>(flags)};
  for (int i = 0; i < 3; ++i) {
    head[4 + i] = static_cast<std::byte>(width >> (8 * i));
    head[7 + i] = static_cast<std::byte>(height >> (8 * i));
  }
  std::vector<std::byte> out(12);
  append_chunk(out, "VP8X", head);
  if (!metadata.icc.empty()) append_chunk(out, "ICCP", std::as_bytes(std::span(metadata.icc)));
  for (uint64_t at = 12; at + 8 <= encoded.size();) {
    const std::string_view type(reinterpret_cast<const char*>(encoded.data() + at), 4);
    const uint64_t size = read_le<uint32_t>(encoded, at + 4).value();
    if (type != "VP8X") append_chunk(out, type, encoded.subspan(at + 8, size));
    at += 8 + size + size % 2;
  }
  if (!metadata.exif.empty()) append_chunk(out, "EXIF", std::as_bytes(std::span(metadata.exif)));
  if (!metadata.xmp.empty()) append_chunk(out, "XMP ", std::as_bytes(std::span(metadata.xmp)));
  if (!recipe.empty()) append_chunk(out, "VANE", std::as_bytes(std::span(recipe)));
  const auto riff_bytes = static_cast<uint32_t>(out.size() - 8);
  std::memcpy(out.data(), "RIFF", 4);
  std::memcpy(out.data() + 4, &riff_bytes, 4);
  std::memcpy(out.data() + 8, "WEBP", 4);
  return out;
}

struct Picture {
  WebPPicture picture;
  WebPMemoryWriter writer;
  Picture() {
    if (!WebPPictureInit(&picture)) throw Error(ErrorCode::internal, "libwebp has another version");
    WebPMemoryWriterInit(&writer);
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &writer;
  }
  ~Picture() {
    WebPPictureFree(&picture);
    WebPMemoryWriterClear(&writer);
  }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
};

}  // namespace

Image decode_webp(Bytes file, const WebpFile& webp) {
  Image image;
  image.width = static_cast<int>(webp.header.width);
  image.height = static_cast<int>(webp.header.height);
  image.channels = webp.header.channels;
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) {
    throw Error(ErrorCode::internal, "libwebp has another version");
  }
  image.u8.resize(image.sample_count());
  config.output.colorspace = image.channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.u8.data();
  config.output.u.RGBA.stride = image.width * image.channels;
  config.output.u.RGBA.size = image.u8.size();
  const VP8StatusCode status = WebPDecode(octets(file), file.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status == VP8_STATUS_OK) return image;
  const bool is_memory = status == VP8_STATUS_OUT_OF_MEMORY;
  throw Error(is_memory ? ErrorCode::resource : ErrorCode::input,
              fmt::format("damaged WebP: {}", status_text(status)));
}

std::vector<std::byte> encode_webp(const Image& image, const ImageMetadata& metadata,
                                   const EncodeOptions& options) {
  if (image.width > WEBP_MAX_DIMENSION || image.height > WEBP_MAX_DIMENSION) {
    throw Error(ErrorCode::usage, fmt::format("a WebP has at most {} pixels a side, the picture is "
                                              "{} x {}",
                                              WEBP_MAX_DIMENSION, image.width, image.height))
        .with_hint("write PNG or TIFF");
  }
  WebPConfig config;
  if (!WebPConfigInit(&config)) throw Error(ErrorCode::internal, "libwebp has another version");
  config.lossless = options.webp_quality >= 100;
  // For lossless files the quality is an effort.
  config.quality = config.lossless ? 75.f : static_cast<float>(std::max(options.webp_quality, 0));
  config.exact = config.lossless;  // keep colours under zero alpha
  Picture holder;
  WebPPicture& picture = holder.picture;
  picture.use_argb = config.lossless;
  picture.width = image.width;
  picture.height = image.height;
  const std::vector<uint8_t> expanded = image.is_grey() ? coloured(image) : std::vector<uint8_t>{};
  const uint8_t* samples = image.is_grey() ? expanded.data() : image.u8.data();
  const int stride = image.width * (image.has_alpha() ? 4 : 3);
  const int imported = image.has_alpha() ? WebPPictureImportRGBA(&picture, samples, stride)
                                         : WebPPictureImportRGB(&picture, samples, stride);
  if (!imported || !WebPEncode(&config, &picture)) {
    throw Error(ErrorCode::resource, fmt::format("the WebP could not be made (libwebp error {})",
                                                 static_cast<int>(picture.error_code)));
  }
  const Bytes encoded(reinterpret_cast<const std::byte*>(holder.writer.mem), holder.writer.size);
  return with_metadata(encoded, image, metadata, options.recipe);
}

}  // namespace vane
