// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstring>
#include <new>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/image/png.h"

namespace vane {
namespace {

/// Deflate cannot expand more than this; a picture that would need more is cut off.
constexpr uint64_t kMaxDeflateRatio = 1032;
/// Samples that are made room for at a time.
constexpr size_t kBandBytes = 256 * 1024;

/// libpng leaves by longjmp. Everything with a destructor lives outside the guarded steps, which
/// hold only plain values: see run().
struct PngSession {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf jump;
  char message[200] = "";
  bool out_of_memory = false;
  // Reading.
  Bytes input;
  size_t position = 0;
  // Writing.
  std::vector<std::byte>* output = nullptr;
};

void on_error(png_structp png, png_const_charp message) {
  auto* session = static_cast<PngSession*>(png_get_error_ptr(png));
  std::strncpy(session->message, message, sizeof session->message - 1);
  std::longjmp(session->jump, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep target, size_t count) {
  auto* session = static_cast<PngSession*>(png_get_io_ptr(png));
  if (count > session->input.size() - session->position) png_error(png, "the file ends too early");
  std::memcpy(target, session->input.data() + session->position, count);
  session->position += count;
}

bool append(std::vector<std::byte>& output, const std::byte* data, size_t count) noexcept {
  try {
    output.insert(output.end(), data, data + count);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void on_write(png_structp png, png_bytep data, size_t count) {
  auto* session = static_cast<PngSession*>(png_get_io_ptr(png));
  if (append(*session->output, reinterpret_cast<const std::byte*>(data), count)) return;
  session->out_of_memory = true;
  png_error(png, "out of memory");
}

/// Calls `step`, which may be left by longjmp; false then. `Step` must own nothing.
template <class Step>
bool run(PngSession& session, const Step& step) {
  static_assert(std::is_trivially_destructible_v<Step>);
  if (setjmp(session.jump) != 0) return false;
  step();
  return true;
}

struct ReadSession : PngSession {
  ~ReadSession() {
    if (png) png_destroy_read_struct(&png, &info, nullptr);
  }
};

struct WriteSession : PngSession {
  ~WriteSession() {
    if (png) png_destroy_write_struct(&png, &info);
  }
};

void start_reading(PngSession& s) {
  s.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
  if (!s.png) return;
  s.info = png_create_info_struct(s.png);
  if (!s.info) return;
  png_set_read_fn(s.png, &s, on_read);
  // Sizes were checked against our own limits; metadata is read by parse_png.
  png_set_user_limits(s.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_keep_unknown_chunks(s.png, PNG_HANDLE_CHUNK_NEVER, nullptr, 0);
  static const png_byte skipped[] =
      "iCCP\0iTXt\0tEXt\0zTXt\0eXIf\0sPLT\0hIST\0pCAL\0sCAL\0tIME\0bKGD\0gAMA\0cHRM\0sRGB\0pHYs\0oF"
      "Fs";
  png_set_keep_unknown_chunks(s.png, PNG_HANDLE_CHUNK_NEVER, skipped, sizeof skipped / 5);
  png_read_info(s.png, s.info);
  if (png_get_color_type(s.png, s.info) == PNG_COLOR_TYPE_PALETTE) {
    png_set_packing(s.png);  // one index a byte; apply_palette() does the rest
  } else {
    png_set_expand(s.png);  // 1, 2 and 4 bits to 8, tRNS to alpha
  }
  if (png_get_bit_depth(s.png, s.info) == 16) png_set_swap(s.png);
  png_set_interlace_handling(s.png);
  png_read_update_info(s.png, s.info);
}

Error damaged(const PngSession& session) {
  return Error(ErrorCode::input, fmt::format("damaged PNG: {}", session.message))
      .at_byte(session.position);
}

/// Throws when the compressed pixels cannot be enough for the size in the header, so that a short
/// file never makes a large buffer.
void check_evidence(const PngFile& png) {
  constexpr int kSamples[7] = {1, 0, 3, 1, 2, 0, 4};
  const uint64_t bits = uint64_t(kSamples[png.colour_type]) * uint64_t(png.bit_depth);
  const uint64_t row = (png.header.width * bits + 7) / 8;  // width is below 2^31
  const auto raw = checked_mul(row, png.header.height);
  if (!raw || *raw / kMaxDeflateRatio > png.image_bytes) {
    throw Error(ErrorCode::input,
                fmt::format("truncated PNG: {} x {} pixels cannot come from {} bytes of image data",
                            png.header.width, png.header.height, png.image_bytes));
  }
}

/// All rows. Memory grows with the rows that really come out of the file; an interlaced picture is
/// needed whole from the first pass on.
template <class T>
std::vector<T> read_rows(PngSession& session, size_t row_samples, size_t height) {
  const png_structp png = session.png;
  const bool is_interlaced = png_get_interlace_type(png, session.info) != PNG_INTERLACE_NONE;
  const size_t band =
      is_interlaced ? height : std::clamp<size_t>(kBandBytes / row_samples, 1, height);
  const int passes = is_interlaced ? 7 : 1;
  std::vector<T> samples;
  samples.reserve(row_samples * height);
  for (size_t y0 = 0; y0 < height; y0 += band) {
    const size_t rows = std::min(band, height - y0);
    samples.resize(row_samples * (y0 + rows));
    T* first = samples.data() + row_samples * y0;
    const bool done = run(session, [=] {
      for (int pass = 0; pass < passes; ++pass) {
        for (size_t y = 0; y < rows; ++y) {
          png_read_row(png, reinterpret_cast<png_bytep>(first + row_samples * y), nullptr);
        }
      }
    });
    if (!done) throw damaged(session);
  }
  if (!run(session, [=] { png_read_end(png, nullptr); })) throw damaged(session);
  return samples;
}

std::vector<uint8_t> apply_palette(const PngSession& session, const std::vector<uint8_t>& indices,
                                   bool has_alpha) {
  png_colorp palette = nullptr;
  png_bytep alpha = nullptr;
  int entries = 0, alphas = 0;
  png_get_PLTE(session.png, session.info, &palette, &entries);
  png_get_tRNS(session.png, session.info, &alpha, &alphas, nullptr);
  std::vector<uint8_t> samples;
  samples.reserve(indices.size() * (has_alpha ? 4 : 3));
  for (const uint8_t index : indices) {
    if (index >= entries) {
      throw Error(ErrorCode::input,
                  fmt::format("damaged PNG: a pixel names colour {}, beyond the palette of {}",
                              index, entries));
    }
    const png_color& colour = palette[index];
    samples.insert(samples.end(), {colour.red, colour.green, colour.blue});
    if (has_alpha) samples.push_back(index < alphas ? alpha[index] : uint8_t{255});
  }
  return samples;
}

struct NamedChunk {
  const char* type;
  std::vector<uint8_t> data;
};

NamedChunk international_text(std::string_view keyword, std::string_view text) {
  NamedChunk chunk{"iTXt", {keyword.begin(), keyword.end()}};
  // NUL, not compressed, method 0, empty language, empty translated keyword.
  chunk.data.insert(chunk.data.end(), 5, 0);
  chunk.data.insert(chunk.data.end(), text.begin(), text.end());
  return chunk;
}

std::vector<NamedChunk> ancillary_chunks(const ImageMetadata& metadata, const std::string& recipe) {
  std::vector<NamedChunk> chunks;
  if (!metadata.icc.empty()) {
    static constexpr std::string_view kName = "ICC profile";
    NamedChunk chunk{"iCCP", {kName.begin(), kName.end()}};
    chunk.data.insert(chunk.data.end(), 2, 0);
    const size_t offset = chunk.data.size();
    uLongf size = compressBound(metadata.icc.size());
    chunk.data.resize(offset + size);
    if (compress2(chunk.data.data() + offset, &size, metadata.icc.data(), metadata.icc.size(), 9) !=
        Z_OK) {
      throw Error(ErrorCode::resource, "the ICC profile could not be compressed");
    }
    chunk.data.resize(offset + size);
    chunks.push_back(std::move(chunk));
  }
  if (metadata.density.is_known()) {
    NamedChunk chunk{"pHYs", {}};
    for (const double per_inch : {metadata.density.x, metadata.density.y}) {
      const auto per_metre = static_cast<uint32_t>(std::lround(std::min(per_inch, 1e7) / 0.0254));
      for (int shift = 24; shift >= 0; shift -= 8) {
        chunk.data.push_back(static_cast<uint8_t>(per_metre >> shift));
      }
    }
    chunk.data.push_back(1);
    chunks.push_back(std::move(chunk));
  }
  if (!metadata.exif.empty()) chunks.push_back({"eXIf", metadata.exif});
  if (!metadata.xmp.empty()) {
    chunks.push_back(international_text(
        "XML:com.adobe.xmp",
        {reinterpret_cast<const char*>(metadata.xmp.data()), metadata.xmp.size()}));
  }
  if (!recipe.empty()) chunks.push_back(international_text("vane", recipe));
  return chunks;
}

}  // namespace

Image decode_png(Bytes file, const PngFile& png) {
  check_evidence(png);
  ReadSession session;
  session.input = file;
  if (!run(session, [&] { start_reading(session); })) throw damaged(session);
  if (!session.info) throw Error(ErrorCode::resource, "not enough memory to read a PNG");
  Image image;
  image.width = static_cast<int>(png.header.width);
  image.height = static_cast<int>(png.header.height);
  image.channels = png.header.channels;
  image.depth = png_get_bit_depth(session.png, session.info);
  image.converted = png.is_palette;
  const int stored_channels = png_get_channels(session.png, session.info);
  const size_t row_samples = size_t(image.width) * stored_channels;
  const size_t height = size_t(image.height);
  if (image.depth != png.header.depth || (!png.is_palette && stored_channels != image.channels) ||
      png_get_rowbytes(session.png, session.info) != row_samples * (image.depth / 8)) {
    throw Error(ErrorCode::input, "damaged PNG: its chunks contradict each other");
  }
  if (image.depth == 16) {
    image.u16 = read_rows<uint16_t>(session, row_samples, height);
  } else {
    image.u8 = read_rows<uint8_t>(session, row_samples, height);
  }
  if (png.is_palette) image.u8 = apply_palette(session, image.u8, image.channels == 4);
  return image;
}

std::vector<std::byte> encode_png(const Image& image, const ImageMetadata& metadata,
                                  const EncodeOptions& options) {
  const std::vector<NamedChunk> chunks = ancillary_chunks(metadata, options.recipe);
  std::vector<std::byte> output;
  WriteSession session;
  session.output = &output;
  constexpr int kColourTypes[5] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                   PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  const auto* samples =
      image.depth == 16 ? reinterpret_cast<const uint8_t*>(image.u16.data()) : image.u8.data();
  const size_t row_bytes = image.sample_count() / image.height * (image.depth / 8);
  const int level = std::clamp(options.png_compression, 0, 9);
  const bool done = run(session, [&] {
    PngSession& s = session;
    s.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
    if (!s.png) return;
    s.info = png_create_info_struct(s.png);
    if (!s.info) return;
    png_set_write_fn(s.png, &s, on_write, nullptr);
    png_set_user_limits(s.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_level(s.png, level);
    png_set_IHDR(s.png, s.info, image.width, image.height, image.depth,
                 kColourTypes[image.channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
                 PNG_FILTER_TYPE_BASE);
    png_write_info_before_PLTE(s.png, s.info);
    for (const NamedChunk& chunk : chunks) {
      png_write_chunk(s.png, reinterpret_cast<png_const_bytep>(chunk.type), chunk.data.data(),
                      chunk.data.size());
    }
    png_write_info(s.png, s.info);
    if (image.depth == 16) png_set_swap(s.png);
    for (int y = 0; y < image.height; ++y) png_write_row(s.png, samples + row_bytes * y);
    png_write_end(s.png, nullptr);
  });
  if (!done || !session.info) {
    throw Error(ErrorCode::resource, fmt::format("the PNG could not be made: {}",
                                                 session.info ? session.message : "no memory"));
  }
  return output;
}

}  // namespace vane
