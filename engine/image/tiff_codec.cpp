// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/image/colour_model.h"
#include "engine/image/tiff.h"

namespace vane {
namespace {

/// The file as libtiff's callbacks see it, and the first thing that went wrong.
struct Session {
  Bytes file;
  uint64_t position = 0;
  bool refuse_jpeg_warnings = true;
  char message[200] = "";
};

Session* session_of(thandle_t handle) { return static_cast<Session*>(handle); }

tmsize_t on_read(thandle_t handle, void* target, tmsize_t count) {
  Session* s = session_of(handle);
  if (count < 0 || s->position > s->file.size()) return 0;
  const uint64_t n = std::min<uint64_t>(static_cast<uint64_t>(count), s->file.size() - s->position);
  std::memcpy(target, s->file.data() + s->position, n);
  s->position += n;
  return static_cast<tmsize_t>(n);
}

tmsize_t on_write(thandle_t, void*, tmsize_t) { return 0; }

toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
  Session* s = session_of(handle);
  const uint64_t base = whence == SEEK_CUR ? s->position : whence == SEEK_END ? s->file.size() : 0;
  s->position = base + offset;
  return s->position;
}

int on_close(thandle_t) { return 0; }
toff_t on_size(thandle_t handle) { return session_of(handle)->file.size(); }

int on_map(thandle_t handle, void** base, toff_t* size) {
  const Bytes file = session_of(handle)->file;
  *base = const_cast<std::byte*>(file.data());
  *size = file.size();
  return 1;
}

void on_unmap(thandle_t, void*, toff_t) {}

int on_error(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  auto* session = static_cast<Session*>(user);
  if (session->message[0] == '\0') {
    std::vsnprintf(session->message, sizeof session->message, format, arguments);
  }
  return 1;
}

int on_warning(TIFF* tiff, void* user, const char* module, const char* format, va_list arguments) {
  // Most warnings are about fields nobody needs; those of the JPEG decoder are about lost data.
  const bool is_damage = static_cast<Session*>(user)->refuse_jpeg_warnings && module &&
                         std::string_view(module) == "JPEGLib";
  return is_damage ? on_error(tiff, user, module, format, arguments) : 1;
}

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
struct FreeOptions {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};
using Handle = std::unique_ptr<TIFF, CloseTiff>;

Error damaged(const Session& session) {
  const std::string_view reason = session.message[0] ? session.message : "its data cannot be read";
  return Error(ErrorCode::input, fmt::format("damaged TIFF: {}", reason));
}

Handle open_tiff(Session& session, const Limits& limits) {
  const std::unique_ptr<TIFFOpenOptions, FreeOptions> options(TIFFOpenOptionsAlloc());
  if (!options) throw Error(ErrorCode::resource, "not enough memory to read a TIFF");
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &session);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, &session);
  TIFFOpenOptionsSetMaxSingleMemAlloc(
      options.get(), static_cast<tmsize_t>(std::min<uint64_t>(
                         limits.image_decoded_bytes + (64ull << 20), PTRDIFF_MAX)));
  // "c": without it libtiff cuts an uncompressed strip of more than 8 kB into others than the file
  // says.
  Handle tiff(TIFFClientOpenExt("picture", "rc", &session, on_read, on_write, on_seek, on_close,
                                on_size, on_map, on_unmap, options.get()));
  if (!tiff) throw damaged(session);
  return tiff;
}

/// Throws when the stored bytes cannot be enough for the size in the header, so that a short file
/// never makes a large buffer.
void check_evidence(const TiffFile& tiff, uint64_t chunk_bytes) {
  // Most bytes that one stored byte can stand for.
  const uint64_t most = tiff.compression == 5       ? 4096  // LZW: 12-bit codes of long strings
                        : tiff.compression == 8     ? 1032  // deflate
                        : tiff.compression == 32946 ? 1032  // deflate, old number
                        : tiff.compression == 32773 ? 128   // PackBits
                                                    : UINT64_MAX;
  const uint64_t row = (tiff.header.width * tiff.samples * tiff.bits + 7) / 8;
  const auto raw = checked_mul(row, tiff.header.height);
  if (!raw || *raw / most > tiff.stored_bytes) {
    throw Error(ErrorCode::input,
                fmt::format("truncated TIFF: {} x {} pixels cannot come from {} bytes",
                            tiff.header.width, tiff.header.height, tiff.stored_bytes));
  }
  constexpr uint64_t kSlack = 64ull << 20;
  if (chunk_bytes > kSlack && chunk_bytes / 4 > *raw) {
    throw Error(ErrorCode::input, "damaged TIFF: its tiles are far larger than the picture");
  }
}

/// One row of samples of 1, 2, 4, 8 or 16 bits, every `stride`-th target sample.
template <class T>
void unpack_row(const uint8_t* row, int bits, size_t count, T* target, size_t stride) {
  if (bits == static_cast<int>(8 * sizeof(T))) {
    if (stride == 1) {
      std::memcpy(target, row, count * sizeof(T));
      return;
    }
    for (size_t i = 0; i < count; ++i)
      std::memcpy(target + i * stride, row + i * sizeof(T), sizeof(T));
    return;
  }
  const auto width = static_cast<size_t>(bits);
  const unsigned mask = (1u << bits) - 1;
  for (size_t i = 0; i < count; ++i) {
    const size_t bit = i * width;
    target[i * stride] = static_cast<T>(row[bit / 8] >> (8 - width - bit % 8) & mask);
  }
}

/// All strips or tiles, interleaved, one T a sample whatever its depth.
template <class T>
std::vector<T> read_samples(TIFF* handle, const TiffFile& tiff, const Session& session) {
  const uint64_t row_bytes = tiff.is_tiled ? TIFFTileRowSize64(handle) : TIFFScanlineSize64(handle);
  const uint64_t per_pixel = tiff.is_planar ? 1 : static_cast<uint64_t>(tiff.samples);
  if (row_bytes != (tiff.chunk_width * per_pixel * tiff.bits + 7) / 8) throw damaged(session);
  check_evidence(tiff, row_bytes * tiff.chunk_height);
  const uint64_t width = tiff.header.width, height = tiff.header.height;
  const auto samples = static_cast<uint64_t>(tiff.samples);
  // Memory grows with the rows that really come out of the file.
  std::vector<T> raw;
  raw.reserve(width * height * samples);
  std::vector<uint8_t> chunk(row_bytes * tiff.chunk_height);
  uint32_t number = 0;
  for (uint64_t plane = 0; plane < (tiff.is_planar ? samples : 1); ++plane) {
    for (uint64_t y0 = 0; y0 < height; y0 += tiff.chunk_height) {
      for (uint64_t x0 = 0; x0 < width; x0 += tiff.chunk_width, ++number) {
        const uint64_t columns = std::min(tiff.chunk_width, width - x0);
        const uint64_t rows = std::min(tiff.chunk_height, height - y0);
        const auto wanted = static_cast<tmsize_t>(tiff.is_tiled ? chunk.size() : rows * row_bytes);
        const tmsize_t got = tiff.is_tiled
                                 ? TIFFReadEncodedTile(handle, number, chunk.data(), wanted)
                                 : TIFFReadEncodedStrip(handle, number, chunk.data(), wanted);
        if (got != wanted || session.message[0]) throw damaged(session);
        raw.resize(std::max<size_t>(raw.size(), (y0 + rows) * width * samples));
        for (uint64_t y = 0; y < rows; ++y) {
          unpack_row(chunk.data() + y * row_bytes, tiff.bits, columns * per_pixel,
                     raw.data() + ((y0 + y) * width + x0) * samples + plane,
                     tiff.is_planar ? samples : 1);
        }
      }
    }
  }
  return raw;
}

std::vector<uint8_t> apply_palette(TIFF* handle, const TiffFile& tiff, const Session& session,
                                   const std::vector<uint8_t>& raw) {
  uint16_t* map[3] = {nullptr, nullptr, nullptr};
  if (!TIFFGetField(handle, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2])) throw damaged(session);
  // Some writers store 8-bit values where 16-bit ones belong. The others scale by 256 or by 257:
  // the high byte is right for both.
  const size_t entries = size_t{1} << tiff.bits;
  bool is_short = false;
  for (const uint16_t* plane : map) {
    is_short = is_short || std::any_of(plane, plane + entries, [](uint16_t v) { return v > 255; });
  }
  std::vector<uint8_t> rgb;
  rgb.reserve(raw.size() / tiff.samples * 3);
  for (size_t i = 0; i < raw.size(); i += static_cast<size_t>(tiff.samples)) {
    for (const uint16_t* plane : map) {
      const unsigned value = plane[raw[i]];
      rgb.push_back(static_cast<uint8_t>(is_short ? value >> 8 : value));
    }
  }
  return rgb;
}

/// Grey and RGB: full range, black is zero, straight alpha, other extra samples dropped.
template <class T>
std::vector<T> to_channels(std::vector<T> raw, const TiffFile& tiff) {
  const uint64_t top = tiff.bits == 16 ? 65535 : 255;
  const uint64_t scale = tiff.bits < 8 ? 255 / ((1u << tiff.bits) - 1) : 1;
  const bool is_inverted = tiff.colour == TiffColour::white_is_zero;
  const auto samples = static_cast<size_t>(tiff.samples);
  const auto channels = static_cast<size_t>(tiff.header.channels);
  const size_t colours = channels - (tiff.alpha ? 1 : 0);
  if (samples == channels && scale == 1 && !is_inverted && tiff.alpha != 1) return raw;
  size_t to = 0;
  for (size_t from = 0; from < raw.size(); from += samples) {
    const uint64_t alpha = tiff.alpha ? raw[from + colours] * scale : top;
    for (size_t c = 0; c < colours; ++c) {
      uint64_t value = raw[from + c] * scale;
      if (is_inverted) value = top - value;
      if (tiff.alpha == 1) value = alpha ? std::min(top, (value * top + alpha / 2) / alpha) : 0;
      raw[to++] = static_cast<T>(value);
    }
    if (tiff.alpha) raw[to++] = static_cast<T>(alpha);
  }
  raw.resize(to);
  return raw;
}

/// Colour models that libtiff converts itself (YCbCr without JPEG, CIE Lab).
std::vector<uint8_t> read_converted(TIFF* handle, const TiffFile& tiff, const Session& session) {
  check_evidence(tiff, 0);
  const size_t pixels = tiff.header.width * tiff.header.height;
  std::vector<uint32_t> raster(pixels);
  // The samples stay in the stored order; the caller turns them.
  TIFFSetField(handle, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  const bool done = TIFFReadRGBAImageOriented(handle, static_cast<uint32_t>(tiff.header.width),
                                              static_cast<uint32_t>(tiff.header.height),
                                              raster.data(), ORIENTATION_TOPLEFT, 1);
  if (!done || session.message[0]) throw damaged(session);
  std::vector<uint8_t> rgb(pixels * 3);
  for (size_t i = 0; i < pixels; ++i) {
    rgb[3 * i] = static_cast<uint8_t>(TIFFGetR(raster[i]));
    rgb[3 * i + 1] = static_cast<uint8_t>(TIFFGetG(raster[i]));
    rgb[3 * i + 2] = static_cast<uint8_t>(TIFFGetB(raster[i]));
  }
  return rgb;
}

}  // namespace

Image decode_tiff(Bytes file, const TiffFile& tiff, const ImageMetadata& metadata,
                  const DecodeOptions& options) {
  Session session;
  session.file = file;
  session.refuse_jpeg_warnings = !options.tolerate_damage;
  const Handle handle = open_tiff(session, options.limits);
  Image image;
  image.width = static_cast<int>(tiff.header.width);
  image.height = static_cast<int>(tiff.header.height);
  image.channels = tiff.header.channels;
  image.depth = tiff.header.depth;
  const bool is_jpeg = tiff.compression == COMPRESSION_JPEG;
  if (is_jpeg && tiff.colour == TiffColour::ycbcr) {
    TIFFSetField(handle.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  const bool is_model = tiff.colour == TiffColour::ycbcr || tiff.colour == TiffColour::cielab;
  if (is_model && !is_jpeg) {
    image.u8 = read_converted(handle.get(), tiff, session);
    image.converted = true;
  } else if (tiff.colour == TiffColour::cmyk) {
    TiffFile inks = tiff;
    inks.header.channels = 4;
    const auto cmyk = to_channels(read_samples<uint8_t>(handle.get(), tiff, session), inks);
    image.u8 = cmyk_to_rgb(cmyk, size_t(image.width) * image.height, metadata.icc);
    image.converted = true;
  } else if (tiff.colour == TiffColour::palette) {
    image.u8 = apply_palette(handle.get(), tiff, session,
                             read_samples<uint8_t>(handle.get(), tiff, session));
    image.converted = true;
  } else if (tiff.bits == 16) {
    image.u16 = to_channels(read_samples<uint16_t>(handle.get(), tiff, session), tiff);
  } else {
    image.u8 = to_channels(read_samples<uint8_t>(handle.get(), tiff, session), tiff);
  }
  return image;
}

}  // namespace vane
