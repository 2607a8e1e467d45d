// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "engine/scene/packed_streams.h"
#include "engine/scene/quantise.h"
#include "engine/scene/sog.h"
#include "engine/scene/splat_layouts.h"
#include "engine/weights/zip_archive.h"

namespace vane {
namespace {

constexpr size_t kCodes = 256, kPaletteColumns = 64;
constexpr float kRoot = 1.41421356237309505f;
constexpr uint8_t kFirstIndex = 252;  // alpha of a quaternion: 252 + index of its largest

Error fault(const Json& value, std::string_view key, std::string message) {
  return Error(ErrorCode::input, std::move(message)).at_key(std::string(key)).at_byte(value.byte());
}

std::vector<float> numbers(const Json& parent, std::string_view key, size_t count) {
  const Json& list = parent.at(key);
  if (!list.is_array() || list.items().size() != count) {
    throw fault(list, key, fmt::format("expected {} numbers", count));
  }
  std::vector<float> out;
  for (const Json& item : list.items()) {
    const double value = item.as_number();
    if (!std::isfinite(value)) throw fault(item, key, "expected finite numbers");
    out.push_back(static_cast<float>(value));
  }
  return out;
}

std::vector<std::string> file_names(const Json& parent, size_t count) {
  const Json& list = parent.at("files");
  if (!list.is_array() || list.items().size() != count) {
    throw fault(list, "files", fmt::format("expected {} names", count));
  }
  std::vector<std::string> out;
  for (const Json& item : list.items()) {
    const std::string& name = item.as_string();
    const bool is_bare = !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
                         name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
    if (!is_bare)
      throw fault(item, "files", "\"" + printable(name, 60) + "\" is no bare file name");
    out.push_back(name);
  }
  return out;
}

/// A picture of bytes; what it lacks in channels reads as 255.
class Texture {
 public:
  Texture(const SogFiles& files, const std::string& name, const Limits& limits) : name_(name) {
    DecodeOptions options;
    options.limits = limits;
    options.apply_orientation = false;
    image_ = decode_image(*files(name), options);
    if (image_.depth != 8 || image_.channels < 3) throw wrong("is no picture of 8-bit colours");
  }
  uint8_t at(size_t texel, size_t channel) const {
    const auto channels = static_cast<size_t>(image_.channels);
    return channel < channels ? image_.u8[texel * channels + channel] : 255;
  }
  size_t texels() const { return size_t(image_.width) * size_t(image_.height); }
  size_t width() const { return static_cast<size_t>(image_.width); }
  size_t height() const { return static_cast<size_t>(image_.height); }
  Error wrong(std::string what) const {
    return Error(ErrorCode::input, "the texture " + printable(name_, 60) + " " + std::move(what));
  }

 private:
  std::string name_;
  Image image_;
};

class SogReader {
 public:
  SogReader(const Json& meta, const SogFiles& files, const Limits& limits)
      : meta_(meta), files_(files), limits_(limits) {}

  SplatFile read(uint64_t packed_bytes) {
    const Json* version = meta_.find("version");
    if (version == nullptr || !version->is_integer() || version->as_integer() != 2) {
      throw Error(ErrorCode::input, "is a SOG scene of another version than 2")
          .at_byte(version == nullptr ? 0 : version->byte())
          .with_hint("write it again with a newer splat-transform");
    }
    const uint64_t count = meta_.at("count").as_count();
    check_gaussians(count, limits_);
    count_ = static_cast<size_t>(count);
    const Json* bands = meta_.find("shN");
    cloud().sh_degree = bands == nullptr ? 0 : degree_of(*bands);
    constexpr uint64_t kFloats = 14;
    check_ratio(count * (kFloats + 3 * uint64_t(cloud().rest_coefficients())) * sizeof(float),
                packed_bytes, limits_);
    // One texture has been seen to hold that many before memory is taken for them.
    read_positions();
    read_scales();
    read_rotations();
    read_colours();
    if (bands != nullptr) read_bands(*bands);
    out_.layout = "sog";
    drop_invalid(out_);
    return std::move(out_);
  }

 private:
  SplatCloud& cloud() { return out_.cloud; }

  static int degree_of(const Json& bands) {
    const Json& value = bands.at("bands");
    const int64_t degree = value.as_integer();
    if (degree < 1 || degree > 3) throw fault(value, "bands", "expected 1 to 3 bands");
    return static_cast<int>(degree);
  }

  Texture texture(const std::string& name) const {
    Texture out(files_, name, limits_);
    if (out.texels() < count_) {
      throw out.wrong(fmt::format("has {} texels for {} Gaussians", out.texels(), count_));
    }
    return out;
  }

  void read_positions() {
    const Json& means = meta_.at("means");
    const auto low = numbers(means, "mins", 3), high = numbers(means, "maxs", 3);
    const auto names = file_names(means, 2);
    const Texture fine = texture(names[0]), coarse = texture(names[1]);
    cloud().resize(static_cast<int64_t>(count_));
    for (size_t i = 0; i < count_; ++i) {
      for (size_t c = 0; c < 3; ++c) {
        const int steps = fine.at(i, c) + 256 * coarse.at(i, c);
        const float unit = static_cast<float>(steps) / 65535;
        // Positions are stored as sign(x) ln(|x| + 1).
        const float value = low[c] * (1 - unit) + high[c] * unit;
        cloud().position[3 * i + c] = std::copysign(std::expm1(std::abs(value)), value);
      }
    }
  }

  void read_scales() {
    const Json& scales = meta_.at("scales");
    const auto codes = numbers(scales, "codebook", kCodes);
    const Texture codebook = texture(file_names(scales, 1)[0]);
    for (size_t i = 0; i < 3 * count_; ++i) {
      cloud().log_scale[i] = codes[codebook.at(i / 3, i % 3)];
    }
  }

  void read_rotations() {
    const Texture quats = texture(file_names(meta_.at("quats"), 1)[0]);
    for (size_t i = 0; i < count_; ++i) {
      const uint8_t index = quats.at(i, 3);
      if (index < kFirstIndex) {
        throw quats.wrong(
            fmt::format("has alpha {} at texel {}; 252 to 255 tell the largest "
                        "component of a rotation",
                        index, i));
      }
      const size_t largest = index - kFirstIndex;
      float squares = 0;
      for (size_t c = 0, channel = 0; c < 4; ++c) {
        if (c == largest) continue;
        const float value = (static_cast<float>(quats.at(i, channel++)) / 255 - 0.5f) * kRoot;
        cloud().rotation[4 * i + c] = value;
        squares += value * value;
      }
      cloud().rotation[4 * i + largest] = std::sqrt(std::max(0.f, 1 - squares));
    }
  }

  void read_colours() {
    const Json& sh0 = meta_.at("sh0");
    const auto codes = numbers(sh0, "codebook", kCodes);
    const Texture colours = texture(file_names(sh0, 1)[0]);
    for (size_t i = 0; i < count_; ++i) {
      for (size_t c = 0; c < 3; ++c) cloud().sh0[3 * i + c] = codes[colours.at(i, c)];
      cloud().opacity_logit[i] = logit(static_cast<float>(colours.at(i, 3)) / 255);
    }
  }

  void read_bands(const Json& bands) {
    const auto codes = numbers(bands, "codebook", kCodes);
    const auto names = file_names(bands, 2);
    const Texture palette(files_, names[0], limits_), labels = texture(names[1]);
    const auto coefficients = static_cast<size_t>(cloud().rest_coefficients());
    if (palette.width() != kPaletteColumns * coefficients) {
      throw palette.wrong(fmt::format("is {} wide, {} are needed", palette.width(),
                                      kPaletteColumns * coefficients));
    }
    const size_t entries = kPaletteColumns * palette.height();
    for (size_t i = 0; i < count_; ++i) {
      const size_t label = labels.at(i, 0) + size_t{256} * labels.at(i, 1);
      if (label >= entries) {
        throw labels.wrong(fmt::format("names entry {} of {}", label, entries));
      }
      const size_t first =
          label / kPaletteColumns * palette.width() + label % kPaletteColumns * coefficients;
      for (size_t j = 0; j < 3 * coefficients; ++j) {
        cloud().sh_rest[3 * coefficients * i + j] = codes[palette.at(first + j / 3, j % 3)];
      }
    }
  }

  const Json& meta_;
  const SogFiles& files_;
  const Limits& limits_;
  size_t count_ = 0;
  SplatFile out_;
};

/// An error of the zip reader, which knows weights only, as one of a scene.
[[noreturn]] void rethrow_as_input(const Error& error) {
  Error out(ErrorCode::input, error.message());
  out = std::move(out).in_file(error.file()).at_key(error.key()).with_hint(error.hint());
  if (error.byte()) out = std::move(out).at_byte(*error.byte());
  throw out;
}

}  // namespace

bool is_sog_meta(std::span<const std::byte> text) {
  // The beginning is enough, and a large file is not read through.
  const std::string_view head = text_view(text).substr(0, 64 << 10);
  return head.find('{') == head.find_first_not_of(" \t\r\n") &&
         head.find("\"means\"") != std::string_view::npos;
}

SplatFile parse_sog(std::span<const std::byte> meta, const SogFiles& files, uint64_t packed_bytes,
                    const Limits& limits) {
  const Json json = parse_json(text_view(meta), JsonRules::from(limits, ErrorCode::input));
  if (!json.is_object()) throw Error(ErrorCode::input, "meta.json is no object");
  return SogReader(json, files, limits).read(packed_bytes);
}

SplatFile parse_sog_zip(std::shared_ptr<const ByteSource> source, const Limits& limits) {
  try {
    const ZipArchive archive(source, limits);
    std::vector<std::shared_ptr<const void>> owners;
    const auto content = [&](const std::string& name) {
      const ZipEntry* entry = archive.find(name);
      if (entry == nullptr) {
        throw Error(ErrorCode::input, "the archive holds no " + printable(name, 60));
      }
      return archive.read(*entry, owners);
    };
    const SogFiles files = [&](const std::string& name) -> std::shared_ptr<const ByteSource> {
      const auto bytes = content(name);
      return std::make_shared<MemorySource>(std::vector<std::byte>(bytes.begin(), bytes.end()),
                                            name);
    };
    return parse_sog(content("meta.json"), files, source->size(), limits);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::checkpoint) throw;
    rethrow_as_input(error);
  }
}

}  // namespace vane
