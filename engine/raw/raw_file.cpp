// SPDX-License-Identifier: Apache-2.0
#include "engine/raw/raw_file.h"

#include <fmt/format.h>
#include <libraw/libraw.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <new>

#include "engine/base/error.h"

namespace vane {

struct RawFile::Decoder {
  LibRaw raw;
  RawSize size;
};

namespace {

Error failure(const char* what, int code) {
  if (code == LIBRAW_UNSUFFICIENT_MEMORY) {
    return Error(ErrorCode::resource, "not enough memory to develop the raw file");
  }
  if (code == LIBRAW_TOO_BIG) {
    return Error(ErrorCode::input, "the raw file's samples need more than image.decoded_bytes")
        .with_hint("if the file is trusted, raise --limit image.decoded_bytes");
  }
  const char* const reason = code == LIBRAW_IO_ERROR ? "it ends too early, or points beyond its end"
                                                     : LibRaw::strerror(code);
  return Error(ErrorCode::input, fmt::format("{}: {}", what, reason));
}

/// Runs a step of LibRaw, which answers by codes but whose inner libraries throw what they like.
template <class Step>
void run(const char* what, const Step& step) {
  int code = LIBRAW_SUCCESS;
  try {
    code = step();
  } catch (const std::bad_alloc&) {
    code = LIBRAW_UNSUFFICIENT_MEMORY;
  } catch (...) {
    code = LIBRAW_UNSPECIFIED_ERROR;
  }
  if (code > 0) {  // errno of the system
    throw Error(ErrorCode::input, fmt::format("{}: its data cannot be read", what));
  }
  if (code != LIBRAW_SUCCESS) throw failure(what, code);
}

template <size_t N>
std::string text_of(const char (&field)[N]) {
  std::string text(field, std::find(field, field + N, '\0'));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

double positive(double value) { return std::isfinite(value) && value > 0 ? value : 0; }

/// LibRaw counts from the camera's wall clock by the local time zone; this takes it back.
std::string date_text(time_t seconds) {
  std::tm parts{};
  if (seconds <= 0 || !localtime_r(&seconds, &parts)) return {};
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y:%m:%d %H:%M:%S", &parts));
}

}  // namespace

RawFile::RawFile(std::span<const std::byte> file, uint64_t max_bytes)
    : decoder_(std::make_unique<Decoder>()) {
  LibRaw& raw = decoder_->raw;
  // The default handlers print; errors are counted without them as well.
  raw.set_dataerror_handler(nullptr, nullptr);
  raw.set_memerror_handler(nullptr, nullptr);
  libraw_output_params_t& params = raw.imgdata.params;
  params.use_camera_wb = 1;
  params.no_auto_bright = 1;
  params.output_bps = 16;
  params.output_color = 1;
  params.gamm[0] = 1 / 2.4;
  params.gamm[1] = 12.92;
  params.user_qual = 3;
  params.highlight = 0;
  params.user_flip = -1;
  params.max_raw_memory_mb =
      static_cast<unsigned>(std::clamp<uint64_t>(max_bytes >> 20, 1, 1u << 20));
  const auto open = [&] {
    // LibRaw takes the buffer as writable and only reads it.
    run("damaged raw file",
        [&] { return raw.open_buffer(const_cast<std::byte*>(file.data()), file.size()); });
  };
  open();
  // Only this step knows of turned sensors and pixels that are not square, and it leaves nothing
  // that could be developed: hence the file is opened again.
  run("damaged raw file", [&] { return raw.adjust_sizes_info_only(); });
  const libraw_data_t& data = raw.imgdata;
  decoder_->size = {data.sizes.iwidth, data.sizes.iheight, data.idata.colors == 1 ? 1 : 3,
                    data.sizes.raw_width, data.sizes.raw_height};
  if (decoder_->size.width == 0 || decoder_->size.height == 0) {
    throw Error(ErrorCode::input, "damaged raw file: it declares an empty picture");
  }
  raw.recycle();
  open();
}

RawFile::~RawFile() = default;

RawSize RawFile::size() const { return decoder_->size; }

RawDescription RawFile::description() const {
  const libraw_data_t& data = decoder_->raw.imgdata;
  RawDescription out;
  out.maker = text_of(data.idata.make);
  out.model = text_of(data.idata.model);
  out.software = text_of(data.idata.software);
  out.artist = text_of(data.other.artist);
  out.description = text_of(data.other.desc);
  out.iso = positive(data.other.iso_speed);
  out.exposure = positive(data.other.shutter);
  out.aperture = positive(data.other.aperture);
  out.focal_length = positive(data.other.focal_len);
  out.date = date_text(data.other.timestamp);
  const libraw_gps_info_t& gps = data.other.parsed_gps;
  out.has_position = gps.gpsparsed != 0;
  for (int i = 0; i < 3; ++i) {
    out.latitude[i] = std::min(positive(gps.latitude[i]), 360.0);
    out.longitude[i] = std::min(positive(gps.longitude[i]), 360.0);
  }
  if (gps.latref == 'S') out.latitude_reference = 'S';
  if (gps.longref == 'W') out.longitude_reference = 'W';
  return out;
}

RawSamples RawFile::develop(bool tolerate_damage) {
  LibRaw& raw = decoder_->raw;
  run("damaged samples of a raw file", [&] { return raw.unpack(); });
  if (raw.error_count() > 0 && !tolerate_damage) {
    throw Error(ErrorCode::input, "damaged raw file: its samples are cut off or broken")
        .with_hint("copy it from the card again");
  }
  run("the raw file cannot be developed", [&] { return raw.dcraw_process(); });
  int width = 0, height = 0, channels = 0, bits = 0;
  raw.get_mem_image_format(&width, &height, &channels, &bits);
  if (width < 1 || height < 1 || (channels != 1 && channels != 3) || bits != 16) {
    throw Error(ErrorCode::input, fmt::format("a raw file of {} x {} pixels, {} channels and {} "
                                              "bits is not supported",
                                              width, height, channels, bits));
  }
  RawSamples out;
  out.width = static_cast<uint64_t>(width);
  out.height = static_cast<uint64_t>(height);
  out.channels = channels;
  out.values.resize(out.width * out.height * static_cast<uint64_t>(channels));
  run("the raw file cannot be developed",
      [&] { return raw.copy_mem_image(out.values.data(), width * channels * 2, 0); });
  return out;
}

}  // namespace vane
