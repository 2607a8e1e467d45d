// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
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
  png_set_check_for_invalid_index(s.png, 1);
  png_read_info(s.png, s.info);
  png_set_expand(s.png);  // palettes to RGB, 1, 2 and 4 bits to 8, tRNS to alpha
  if (png_get_bit_depth(s.png, s.info) == 16) png_set_swap(s.png);
  png_set_interlace_handling(s.png);
  png_read_update_info(s.png, s.info);
}

void read_rows(PngSession& s, uint8_t* pixels, size_t row_bytes, uint32_t height, int passes) {
  for (int pass = 0; pass < passes; ++pass) {
    for (uint32_t y = 0; y < height; ++y) png_read_row(s.png, pixels + row_bytes * y, nullptr);
  }
  png_read_end(s.png, nullptr);
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

struct TextChunk {
  const char* type;
  std::vector<uint8_t> data;
};

TextChunk international_text(std::string_view keyword, std::string_view text) {
  TextChunk chunk{"iTXt", {keyword.begin(), keyword.end()}};
  // NUL, not compressed, method 0, empty language, empty translated keyword.
  chunk.data.insert(chunk.data.end(), 5, 0);
  chunk.data.insert(chunk.data.end(), text.begin(), text.end());
  return chunk;
}

std::vector<TextChunk> ancillary_chunks(const ImageMetadata& metadata, const std::string& recipe) {
  std::vector<TextChunk> chunks;
  if (!metadata.icc.empty()) {
    static constexpr std::string_view kName = "ICC profile";
    TextChunk chunk{"iCCP", {kName.begin(), kName.end()}};
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
  image.channels = png_get_channels(session.png, session.info);
  image.depth = png_get_bit_depth(session.png, session.info);
  if (image.channels != png.header.channels || image.depth != png.header.depth) {
    throw Error(ErrorCode::input, "damaged PNG: its chunks contradict each other");
  }
  image.converted = png.is_palette;
  uint8_t* pixels = nullptr;
  if (image.depth == 16) {
    image.u16.resize(image.sample_count());
    pixels = reinterpret_cast<uint8_t*>(image.u16.data());
  } else {
    image.u8.resize(image.sample_count());
    pixels = image.u8.data();
  }
  const size_t row_bytes = image.sample_count() / image.height * (image.depth / 8);
  const bool is_interlaced =
      png_get_interlace_type(session.png, session.info) != PNG_INTERLACE_NONE;
  const auto height = static_cast<uint32_t>(image.height);
  if (!run(session,
           [&] { read_rows(session, pixels, row_bytes, height, is_interlaced ? 7 : 1); })) {
    throw damaged(session);
  }
  if (png.is_palette) {
    png_colorp palette = nullptr;
    int entries = 0;
    png_get_PLTE(session.png, session.info, &palette, &entries);
    if (png_get_palette_max(session.png, session.info) >= entries) {
      throw Error(
          ErrorCode::input,
          fmt::format("damaged PNG: a pixel names a colour beyond the palette of {}", entries));
    }
  }
  return image;
}

std::vector<std::byte> encode_png(const Image& image, const ImageMetadata& metadata,
                                  const EncodeOptions& options) {
  const std::vector<TextChunk> chunks = ancillary_chunks(metadata, options.recipe);
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
    for (const TextChunk& chunk : chunks) {
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
