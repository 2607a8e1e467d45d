// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// jpeglib.h needs size_t and FILE first.
#include <jerror.h>
#include <jpeglib.h>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/image/colour_model.h"
#include "engine/image/jpeg.h"
#include "engine/image/xmp.h"

namespace vane {
namespace {

using namespace std::string_view_literals;

constexpr size_t kMaxSegment = kMaxJpegSegment;
/// Samples that are made room for at a time.
constexpr size_t kBandBytes = 256 * 1024;

/// libjpeg leaves by longjmp. Everything with a destructor lives outside the guarded steps, which
/// hold only plain values: see run().
struct Session {
  jpeg_error_mgr errors{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
  long warnings = 0;
  bool stop_at_warning = false;
};

void on_error(j_common_ptr info) {
  auto* session = static_cast<Session*>(info->client_data);
  info->err->format_message(info, session->message);
  std::longjmp(session->jump, 1);
}

void on_message(j_common_ptr info, int level) {
  // These two speak of header dialects, not of lost data.
  const int code = info->err->msg_code;
  if (level >= 0 || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM) return;
  auto* session = static_cast<Session*>(info->client_data);
  if (session->warnings++ == 0) info->err->format_message(info, session->message);
  if (session->stop_at_warning) std::longjmp(session->jump, 1);
}

void on_output(j_common_ptr) {}

jpeg_error_mgr* make_error_manager(Session& session) {
  jpeg_std_error(&session.errors);
  session.errors.error_exit = on_error;
  session.errors.emit_message = on_message;
  session.errors.output_message = on_output;
  return &session.errors;
}

/// Calls `step`, which may be left by longjmp; false then. `Step` must own nothing.
template <class Step>
bool run(Session& session, const Step& step) {
  static_assert(std::is_trivially_destructible_v<Step>);
  if (setjmp(session.jump) != 0) return false;
  step();
  return true;
}

struct ReadSession : Session {
  jpeg_decompress_struct info{};
  ~ReadSession() { jpeg_destroy_decompress(&info); }
};

struct WriteSession : Session {
  jpeg_compress_struct info{};
  unsigned char* data = nullptr;
  unsigned long size = 0;
  ~WriteSession() {
    jpeg_destroy_compress(&info);
    std::free(data);  // made by jpeg_mem_dest
  }
};

void start_reading(ReadSession& s, Bytes file) {
  s.info.err = make_error_manager(s);
  s.info.client_data = static_cast<Session*>(&s);
  jpeg_create_decompress(&s.info);
  jpeg_mem_src(&s.info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&s.info, TRUE);
  switch (s.info.num_components) {
    case 1:
      s.info.out_color_space = JCS_GRAYSCALE;
      break;
    case 3:
      s.info.out_color_space = JCS_RGB;
      break;
    default:
      s.info.out_color_space = JCS_CMYK;
      break;
  }
  jpeg_start_decompress(&s.info);
}

/// `count` rows from the current one on.
void read_band(ReadSession& s, uint8_t* pixels, size_t row_bytes, JDIMENSION count) {
  constexpr JDIMENSION kRows = 16;
  JSAMPROW rows[kRows];
  for (JDIMENSION done = 0; done < count;) {
    const JDIMENSION wanted = std::min(kRows, count - done);
    for (JDIMENSION i = 0; i < wanted; ++i) rows[i] = pixels + row_bytes * (done + i);
    done += jpeg_read_scanlines(&s.info, rows, wanted);
  }
}

Error damaged(const char* message) {
  return Error(ErrorCode::input, fmt::format("damaged JPEG: {}", message))
      .with_hint("--tolerate-damage reads what is left of it");
}

/// The reason why a step was left early.
Error failure(const Session& session) {
  if (session.errors.msg_code != JERR_OUT_OF_MEMORY) return damaged(session.message);
  return Error(ErrorCode::resource, "not enough memory for a JPEG of this size");
}

/// All rows. Memory grows with the rows that really come out of the file.
std::vector<uint8_t> read_rows(ReadSession& session, size_t row_bytes, size_t height) {
  const size_t band = std::clamp<size_t>(kBandBytes / row_bytes, 16, height + 16);
  std::vector<uint8_t> samples;
  samples.reserve(row_bytes * height);
  for (size_t y0 = 0; y0 < height; y0 += band) {
    const size_t rows = std::min(band, height - y0);
    samples.resize(row_bytes * (y0 + rows));
    uint8_t* first = samples.data() + row_bytes * y0;
    const auto count = static_cast<JDIMENSION>(rows);
    if (!run(session,
             [&, first, row_bytes, count] { read_band(session, first, row_bytes, count); })) {
      throw failure(session);
    }
  }
  if (!run(session, [&] { jpeg_finish_decompress(&session.info); })) throw failure(session);
  return samples;
}

void write_segment(jpeg_compress_struct* info, int marker, std::string_view name,
                   const uint8_t* data, size_t size) {
  jpeg_write_m_header(info, marker, static_cast<unsigned>(name.size() + size));
  for (const char c : name) jpeg_write_m_byte(info, static_cast<unsigned char>(c));
  for (size_t i = 0; i < size; ++i) jpeg_write_m_byte(info, data[i]);
}

constexpr auto kXmpName = "http://ns.adobe.com/xap/1.0/\0"sv;

/// Parts of an extended packet: GUID, length of the whole, offset, bytes (XMP part 3, 1.1.3.1).
void write_extended_xmp(jpeg_compress_struct* info, const JpegXmp& xmp) {
  constexpr auto kName = "http://ns.adobe.com/xmp/extension/\0"sv;
  const size_t part = kMaxSegment - kName.size() - xmp.guid.size() - 8;
  for (size_t at = 0; at < xmp.extended.size(); at += part) {
    const size_t size = std::min(part, xmp.extended.size() - at);
    jpeg_write_m_header(info, JPEG_APP0 + 1,
                        static_cast<unsigned>(kName.size() + xmp.guid.size() + 8 + size));
    for (const char c : kName) jpeg_write_m_byte(info, static_cast<unsigned char>(c));
    for (const char c : xmp.guid) jpeg_write_m_byte(info, static_cast<unsigned char>(c));
    for (const size_t value : {xmp.extended.size(), at}) {
      for (int shift = 24; shift >= 0; shift -= 8) {
        jpeg_write_m_byte(info, static_cast<int>(value >> shift & 255));
      }
    }
    for (size_t k = 0; k < size; ++k) jpeg_write_m_byte(info, xmp.extended[at + k]);
  }
}

/// JFIF counts whole pixels an inch.
void set_density(jpeg_compress_struct* info, const PixelDensity& density) {
  if (density.x < 0.5 || density.y < 0.5 || density.x > 65535 || density.y > 65535) return;
  info->density_unit = 1;
  info->X_density = static_cast<UINT16>(std::lround(density.x));
  info->Y_density = static_cast<UINT16>(std::lround(density.y));
}

void write_metadata(jpeg_compress_struct* info, const ImageMetadata& metadata, const JpegXmp& xmp,
                    std::string_view recipe) {
  constexpr auto kExif = "Exif\0\0"sv, kXmp = kXmpName, kIcc = "ICC_PROFILE\0"sv,
                 kRecipe = "vane:"sv,
                 // One image resource: IPTC (0x0404) with an empty name.
      kIptc =
          "Photoshop 3.0\0"
          "8BIM\x04\x04\0\0"sv;
  if (!metadata.exif.empty() && metadata.exif.size() + kExif.size() <= kMaxSegment) {
    write_segment(info, JPEG_APP0 + 1, kExif, metadata.exif.data(), metadata.exif.size());
  }
  if (!xmp.standard.empty()) {
    write_segment(info, JPEG_APP0 + 1, kXmp, xmp.standard.data(), xmp.standard.size());
  }
  write_extended_xmp(info, xmp);
  const size_t icc_part = kMaxSegment - kIcc.size() - 2;
  const size_t icc_parts = (metadata.icc.size() + icc_part - 1) / icc_part;
  for (size_t i = 0; i < icc_parts && icc_parts <= 255; ++i) {
    const size_t size = std::min(icc_part, metadata.icc.size() - i * icc_part);
    jpeg_write_m_header(info, JPEG_APP0 + 2, static_cast<unsigned>(kIcc.size() + 2 + size));
    for (const char c : kIcc) jpeg_write_m_byte(info, static_cast<unsigned char>(c));
    jpeg_write_m_byte(info, static_cast<int>(i + 1));
    jpeg_write_m_byte(info, static_cast<int>(icc_parts));
    for (size_t k = 0; k < size; ++k) jpeg_write_m_byte(info, metadata.icc[i * icc_part + k]);
  }
  const size_t iptc = metadata.iptc.size();
  if (iptc > 0 && iptc + iptc % 2 + kIptc.size() + 4 <= kMaxSegment) {
    jpeg_write_m_header(info, JPEG_APP0 + 13,
                        static_cast<unsigned>(kIptc.size() + 4 + iptc + iptc % 2));
    for (const char c : kIptc) jpeg_write_m_byte(info, static_cast<unsigned char>(c));
    for (int shift = 24; shift >= 0; shift -= 8) {
      jpeg_write_m_byte(info, static_cast<int>(iptc >> shift & 255));
    }
    for (const uint8_t byte : metadata.iptc) jpeg_write_m_byte(info, byte);
    if (iptc % 2) jpeg_write_m_byte(info, 0);
  }
  for (size_t at = 0; at < recipe.size();) {
    const size_t size = std::min(kMaxSegment - kRecipe.size(), recipe.size() - at);
    write_segment(info, JPEG_COM, kRecipe, reinterpret_cast<const uint8_t*>(recipe.data()) + at,
                  size);
    at += size;
  }
}

}  // namespace

Image decode_jpeg(Bytes file, const JpegFile& jpeg, const ImageMetadata& metadata,
                  const DecodeOptions& options) {
  if (!options.tolerate_damage) {
    if (!jpeg.is_complete) {
      throw Error(ErrorCode::input, "damaged JPEG: it is cut off, the end marker is missing")
          .at_byte(file.size())
          .with_hint("--tolerate-damage reads what is left of it");
    }
    // The first scan spends at least one bit on every block, so a short file never makes a large
    // buffer. (Arithmetic coding may spend less.)
    if (!jpeg.is_arithmetic && jpeg.entropy_bytes < jpeg.blocks / 8) {
      throw damaged(fmt::format("{} bytes cannot hold {} x {} pixels", jpeg.entropy_bytes,
                                jpeg.header.width, jpeg.header.height)
                        .c_str());
    }
  }
  ReadSession session;
  session.stop_at_warning = !options.tolerate_damage;
  if (!run(session, [&] { start_reading(session, file); })) throw failure(session);
  // Adobe's programs store CMYK inverted and are the only ones that write their marker.
  const bool is_inverted = session.info.saw_Adobe_marker;
  Image image;
  image.width = static_cast<int>(session.info.output_width);
  image.height = static_cast<int>(session.info.output_height);
  image.channels = session.info.output_components;
  if (uint64_t(image.width) != jpeg.header.width || uint64_t(image.height) != jpeg.header.height ||
      image.channels != jpeg.components) {
    throw damaged("its headers contradict each other");
  }
  image.u8 = read_rows(session, size_t(image.width) * image.channels, size_t(image.height));
  if (image.channels == 4) {
    if (is_inverted) {
      for (uint8_t& sample : image.u8) sample = static_cast<uint8_t>(255 - sample);
    }
    image.u8 = cmyk_to_rgb(image.u8, size_t(image.width) * image.height, metadata.icc);
    image.channels = 3;
    image.converted = true;
  }
  return image;
}

JpegXmp jpeg_xmp(const std::vector<uint8_t>& xmp) {
  constexpr size_t kMost = kMaxSegment - kXmpName.size();
  if (xmp.size() <= kMost) return {xmp, {}, {}};
  auto standard = XmpPacket::parse(xmp);
  const auto extended = standard ? standard->split(kMost) : std::nullopt;
  if (!extended) return {};
  JpegXmp out;
  out.extended = extended->bytes();
  out.guid = md5_hex(std::as_bytes(std::span(out.extended)));
  standard->set_extended_guid(out.guid);
  out.standard = standard->bytes();
  if (out.standard.size() > kMost || out.extended.size() > kMaxMetadataBytes) return {};
  return out;
}

std::vector<std::byte> encode_jpeg(const Image& image, const ImageMetadata& metadata,
                                   const EncodeOptions& options) {
  if (image.width > JPEG_MAX_DIMENSION || image.height > JPEG_MAX_DIMENSION) {
    throw Error(ErrorCode::usage, fmt::format("a JPEG has at most {} pixels a side, the picture is "
                                              "{} x {}",
                                              JPEG_MAX_DIMENSION, image.width, image.height))
        .with_hint("write PNG or TIFF");
  }
  const JpegXmp xmp = jpeg_xmp(metadata.xmp);
  WriteSession session;
  const bool done = run(session, [&] {
    jpeg_compress_struct* info = &session.info;
    info->err = make_error_manager(session);
    info->client_data = static_cast<Session*>(&session);
    jpeg_create_compress(info);
    jpeg_mem_dest(info, &session.data, &session.size);
    info->image_width = static_cast<JDIMENSION>(image.width);
    info->image_height = static_cast<JDIMENSION>(image.height);
    info->input_components = image.channels;
    info->in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, std::clamp(options.jpeg_quality, 1, 100), TRUE);
    if (image.channels == 3 && options.jpeg_full_chroma) {
      info->comp_info[0].h_samp_factor = info->comp_info[0].v_samp_factor = 1;
    }
    set_density(info, metadata.density);
    jpeg_start_compress(info, TRUE);
    write_metadata(info, metadata, xmp, options.recipe);
    const size_t row_bytes = size_t(image.width) * image.channels;
    while (info->next_scanline < info->image_height) {
      JSAMPROW row = const_cast<uint8_t*>(image.u8.data() + row_bytes * info->next_scanline);
      jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
  });
  if (!done) {
    throw Error(ErrorCode::resource,
                fmt::format("the JPEG could not be made: {}", session.message));
  }
  std::vector<std::byte> output(session.size);
  std::memcpy(output.data(), session.data, session.size);
  return output;
}

}  // namespace vane
