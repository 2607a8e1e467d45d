// SPDX-License-Identifier: Apache-2.0
// .spz (Niantic), versions 1 to 4: arrays of bytes, packed by gzip or, from version 4, each by
// Zstandard. Its axes are right, up, back; those of a cloud are right, down, forward.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/scene/byte_cursor.h"
#include "engine/scene/packed_streams.h"
#include "engine/scene/quantise.h"
#include "engine/scene/splat_layouts.h"

namespace vane {
namespace {

constexpr uint32_t kMagic = 0x5053474e;  // "NGSP"
constexpr uint64_t kHeaderBytes = 16, kPlainHeaderBytes = 32;
constexpr uint8_t kAntialiased = 1, kExtensions = 2;
constexpr uint32_t kShQuantisation = 0xADBE0001;  // extension: another scale for the bands
constexpr int kMostFractionalBits = 24;
constexpr float kColourScale = 0.15f;
// A turn by 180 degrees about x, of a position and of what it does to a quaternion (x,y,z) and to
// the coefficients of bands 1 to 3.
constexpr std::array<float, 3> kFlip = {1, -1, -1};
constexpr std::array<float, 15> kShFlip = {-1, -1, 1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1, -1, 1};
constexpr float kHalfRoot = 0.70710678118654752f;

struct Header {
  uint32_t version = 0, count = 0;
  int degree = 0, fractional_bits = 0;
  bool antialiased = false, has_extensions = false;

  uint64_t coefficients() const { return static_cast<uint64_t>((degree + 1) * (degree + 1) - 1); }
  /// Bytes of the six arrays, in the order of the file.
  std::array<uint64_t, 6> sizes() const {
    const uint64_t n = count;
    return {n * (version == 1 ? 6 : 9), n, n * 3, n * 3, n * (version >= 3 ? 4 : 3),
            n * 3 * coefficients()};
  }
};

using Arrays = std::array<std::span<const std::byte>, 6>;

Error fault(std::string message, uint64_t byte) {
  return Error(ErrorCode::input, std::move(message)).at_byte(byte);
}

Header parse_header(ByteCursor in, uint64_t file_bytes, const Limits& limits) {
  constexpr std::string_view kPart = "header";
  Header header;
  const bool is_spz = in.take<uint32_t>(kPart) == kMagic;
  if (!is_spz) throw fault("is no .spz scene", 0);
  header.version = in.take<uint32_t>(kPart);
  if (header.version < 1 || header.version > 4) {
    throw fault(fmt::format(".spz version {} is not supported; 1 to 4 are", header.version), 4);
  }
  header.count = in.take<uint32_t>(kPart);
  check_gaussians(header.count, limits);
  header.degree = in.take<uint8_t>(kPart);
  if (header.degree > 3) {
    throw fault(fmt::format("spherical harmonics of degree {} are not supported; 0 to 3 are",
                            header.degree),
                12);
  }
  header.fractional_bits = in.take<uint8_t>(kPart);
  if (header.fractional_bits > kMostFractionalBits) {
    throw fault(fmt::format("{} fractional bits; positions have 24 bits", header.fractional_bits),
                13);
  }
  const auto flags = in.take<uint8_t>(kPart);
  if ((flags & ~(kAntialiased | kExtensions)) != 0) {
    throw fault(fmt::format("unknown flags {:#04x}", flags), 14);
  }
  header.antialiased = (flags & kAntialiased) != 0;
  header.has_extensions = (flags & kExtensions) != 0;
  if (header.has_extensions && header.version < 4) {
    throw fault("extensions in a .spz file before version 4 are not supported", 14);
  }
  constexpr uint64_t kFloats = 14;
  check_ratio(header.count * (kFloats + 3 * header.coefficients()) * sizeof(float), file_bytes,
              limits);
  return header;
}

float half_float(uint16_t bits) {
  const uint32_t sign = (bits & 0x8000u) << 16, exponent = (bits >> 10) & 31,
                 fraction = bits & 0x3ffu;
  if (exponent == 0) {
    const float value = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -value : value;
  }
  const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (wide << 23) | (fraction << 13));
}

float byte_at(std::span<const std::byte> bytes, size_t index) {
  return static_cast<float>(std::to_integer<uint8_t>(bytes[index]));
}

float fixed_point(std::span<const std::byte> bytes, size_t at, float step) {
  const auto byte = [&](size_t i) { return std::to_integer<uint32_t>(bytes[at + i]); };
  // Shifted to the top of 32 bits and back, so that bit 23 is the sign.
  const auto wide = static_cast<int32_t>((byte(0) << 8) | (byte(1) << 16) | (byte(2) << 24)) >> 8;
  return static_cast<float>(wide) * step;
}

/// (x,y,z,w) of the three bytes of versions 1 and 2: w is what is missing to length 1.
std::array<float, 4> first_three(std::span<const std::byte> bytes, size_t at) {
  std::array<float, 4> q{};
  float squares = 0;
  for (size_t c = 0; c < 3; ++c) {
    q[c] = byte_at(bytes, at + c) / 127.5f - 1;
    squares += q[c] * q[c];
  }
  q[3] = std::sqrt(std::max(0.f, 1 - squares));
  return q;
}

/// (x,y,z,w) of a word of version 3: the index of the largest, then sign and 9 bits of the others.
std::array<float, 4> smallest_three(uint32_t word) {
  std::array<float, 4> q{};
  const size_t largest = word >> 30;
  float squares = 0;
  for (size_t c = 4; c-- > 0;) {
    if (c == largest) continue;
    const float magnitude = kHalfRoot * unorm(word, 0, 9);
    q[c] = (word & 512) != 0 ? -magnitude : magnitude;
    squares += magnitude * magnitude;
    word >>= 10;
  }
  q[largest] = std::sqrt(std::max(0.f, 1 - squares));
  return q;
}

uint32_t smallest_three(const std::array<float, 4>& q) {
  size_t largest = 0;
  for (size_t c = 1; c < 4; ++c) {
    if (std::abs(q[c]) > std::abs(q[largest])) largest = c;
  }
  auto word = static_cast<uint32_t>(largest);
  for (size_t c = 0; c < 4; ++c) {
    if (c == largest) continue;
    const bool negative = (q[c] < 0) != (q[largest] < 0);
    word = (word << 10) | (negative ? 512u : 0u) | rounded(511 * std::abs(q[c]) / kHalfRoot, 511);
  }
  return word;
}

SplatFile unpack(const Header& header, const Arrays& arrays) {
  const auto& [positions, alphas, colours, scales, rotations, bands] = arrays;
  SplatFile out;
  out.layout = "spz";
  SplatCloud& cloud = out.cloud;
  cloud.sh_degree = header.degree;
  cloud.antialiased = header.antialiased;
  cloud.resize(header.count);
  const float step = std::ldexp(1.f, -header.fractional_bits);
  const auto coefficients = static_cast<size_t>(header.coefficients());
  for (size_t i = 0; i < header.count; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      const size_t at = 3 * i + c;
      const float position = header.version == 1 ? half_float(*read_le<uint16_t>(positions, 2 * at))
                                                 : fixed_point(positions, 3 * at, step);
      cloud.position[at] = kFlip[c] * position;
      cloud.sh0[at] = (byte_at(colours, at) / 255 - 0.5f) / kColourScale;
      cloud.log_scale[at] = byte_at(scales, at) / 16 - 10;
    }
    cloud.opacity_logit[i] = logit(byte_at(alphas, i) / 255);
    const std::array<float, 4> q = header.version >= 3
                                       ? smallest_three(*read_le<uint32_t>(rotations, 4 * i))
                                       : first_three(rotations, 3 * i);
    cloud.rotation[4 * i] = q[3];
    for (size_t c = 0; c < 3; ++c) cloud.rotation[4 * i + 1 + c] = kFlip[c] * q[c];
    for (size_t j = 0; j < coefficients; ++j) {
      for (size_t c = 0; c < 3; ++c) {
        const size_t at = (i * coefficients + j) * 3 + c;
        cloud.sh_rest[at] = kShFlip[j] * (byte_at(bands, at) - 128) / 128;
      }
    }
  }
  drop_invalid(out);
  return out;
}

SplatFile parse_gzipped(std::span<const std::byte> file, const Limits& limits) {
  GzipReader in(file);
  std::array<std::byte, kHeaderBytes> head{};
  in.read(head);
  const Header header = [&] {
    try {
      const Header read = parse_header(ByteCursor(head), file.size(), limits);
      if (read.version == 4) throw fault("version 4 is not packed by gzip", 4);
      return read;
    } catch (Error& error) {
      // Bytes of what is packed are no bytes of the file.
      throw std::move(error).at_byte(0);
    }
  }();
  const auto sizes = header.sizes();
  uint64_t total = 0;
  for (const uint64_t size : sizes) total += size;
  // Deflate packs at most 1032 bytes into one.
  constexpr uint64_t kMostRatio = 1032;
  if (total / kMostRatio > file.size()) {
    throw fault(fmt::format("declares {} Gaussians, which need more than {} bytes can unpack to",
                            header.count, file.size()),
                0);
  }
  std::vector<std::byte> payload(static_cast<size_t>(total));
  in.read(payload);
#ifndef VANE_FUZZ_SKIPS_CRC
  in.finish();
#endif
  Arrays arrays;
  uint64_t at = 0;
  for (size_t i = 0; i < sizes.size(); at += sizes[i++]) {
    arrays[i] = std::span<const std::byte>(payload).subspan(static_cast<size_t>(at),
                                                            static_cast<size_t>(sizes[i]));
  }
  return unpack(header, arrays);
}

void check_extensions(std::span<const std::byte> file, uint64_t end) {
  constexpr std::string_view kPart = "extensions";
  ByteCursor in(file.first(static_cast<size_t>(end)), kPlainHeaderBytes);
  while (in.left() > 0) {
    const uint64_t start = in.position();
    const auto type = in.take<uint32_t>(kPart);
    in.take_bytes(in.take<uint32_t>(kPart), kPart);
    if (type == kShQuantisation) {
      throw fault(
          "scales its spherical harmonics by an extension (SPZ_ADOBE_sh_quantization), "
          "which is not supported",
          start);
    }
  }
}

SplatFile parse_plain(std::span<const std::byte> file, const Limits& limits) {
  constexpr std::string_view kPart = "table of contents";
  ByteCursor in(file);
  in.take_bytes(kPlainHeaderBytes, "header");
  const Header header = parse_header(ByteCursor(file), file.size(), limits);
  if (header.version != 4) throw fault("versions 1 to 3 are packed by gzip", 4);
  const auto streams = *read_le<uint8_t>(file, 15);
  const uint64_t toc = *read_le<uint32_t>(file, 16);
  if (toc < kPlainHeaderBytes || toc > file.size()) {
    throw fault("its table of contents lies outside of the file", 16);
  }
  if (header.has_extensions) check_extensions(file, toc);
  const auto sizes = header.sizes();
  const auto present = std::count_if(sizes.begin(), sizes.end(), [](uint64_t s) { return s > 0; });
  if (streams != present) {
    throw fault(fmt::format("has {} streams, {} are needed", streams, present), 15);
  }
  ByteCursor table(file, toc);
  ByteCursor data(file, toc);
  data.take_bytes(uint64_t{streams} * 16, kPart);
  std::array<std::vector<std::byte>, 6> rooms;
  Arrays arrays;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) continue;
    const uint64_t start = table.position();
    const auto packed = table.take<uint64_t>(kPart), unpacked = table.take<uint64_t>(kPart);
    if (unpacked != sizes[i]) {
      throw fault(fmt::format("a stream of {} bytes, {} are needed", unpacked, sizes[i]), start);
    }
    const uint64_t from = data.position();
    const auto bytes = data.take_bytes(packed, "streams");
    rooms[i].resize(static_cast<size_t>(unpacked));
    try {
      read_zstd(bytes, rooms[i]);
    } catch (Error& error) {
      throw std::move(error).at_byte(from);
    }
    arrays[i] = rooms[i];
  }
  if (data.left() > 0) throw fault("has bytes behind its streams", data.position());
  return unpack(header, arrays);
}

/// As many fractional bits, up to the usual 12, as leave room for every position in 24 bits.
int fractional_bits_for(const std::vector<float>& positions) {
  float farthest = 0;
  for (const float value : positions) farthest = std::max(farthest, std::abs(value));
  int bits = 12;
  constexpr float kMostSteps = 8388607;
  while (bits > 0 && farthest * std::ldexp(1.f, bits) > kMostSteps) --bits;
  return bits;
}

uint8_t quantised_band(float value, size_t coefficient) {
  // 5 bits for band 1 and 4 for the others; 128, which is zero, stays what it is.
  const int bucket = coefficient < 3 ? 8 : 16;
  const float scaled = std::clamp(value * 128, -128.f, 127.f);
  const int level = static_cast<int>(std::round(scaled)) + 128;
  return static_cast<uint8_t>(std::min((level + bucket / 2) / bucket * bucket, 255));
}

}  // namespace

bool is_spz(std::span<const std::byte> file) {
  if (read_le<uint32_t>(file, 0) == kMagic) return true;
  if (!is_gzip(file)) return false;
  try {
    std::array<std::byte, 4> magic{};
    GzipReader(file).read(magic);
    return read_le<uint32_t>(magic, 0) == kMagic;
  } catch (const Error&) {
    return false;  // some other gzip file, or a damaged one
  }
}

SplatFile parse_spz(std::span<const std::byte> file, const Limits& limits) {
  return is_gzip(file) ? parse_gzipped(file, limits) : parse_plain(file, limits);
}

void write_spz(const SplatCloud& cloud, const ByteSink& sink) {
  std::vector<std::byte> bytes;
  const auto put = [&](auto value) {
    const auto raw = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  };
  const auto count = static_cast<size_t>(cloud.size());
  const int fractional_bits = fractional_bits_for(cloud.position);
  put(kMagic);
  put(uint32_t{3});
  put(static_cast<uint32_t>(count));
  put(static_cast<uint8_t>(cloud.sh_degree));
  put(static_cast<uint8_t>(fractional_bits));
  put(static_cast<uint8_t>(cloud.antialiased ? kAntialiased : 0));
  put(uint8_t{0});
  const float scale = std::ldexp(1.f, fractional_bits);
  for (size_t i = 0; i < 3 * count; ++i) {
    const auto fixed = static_cast<int32_t>(std::round(kFlip[i % 3] * cloud.position[i] * scale));
    for (int shift = 0; shift < 24; shift += 8) put(static_cast<uint8_t>(fixed >> shift));
  }
  for (const float opacity : cloud.opacity_logit) put(rounded_byte(255 * sigmoid(opacity)));
  for (const float colour : cloud.sh0) put(rounded_byte(colour * kColourScale * 255 + 127.5f));
  for (const float log_scale : cloud.log_scale) put(rounded_byte((log_scale + 10) * 16));
  for (size_t i = 0; i < count; ++i) {
    const float* q = &cloud.rotation[4 * i];
    const float length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    put(smallest_three(std::array<float, 4>{kFlip[0] * q[1] / length, kFlip[1] * q[2] / length,
                                            kFlip[2] * q[3] / length, q[0] / length}));
  }
  const auto coefficients = static_cast<size_t>(cloud.rest_coefficients());
  for (size_t i = 0; i < cloud.sh_rest.size(); ++i) {
    const size_t j = i / 3 % coefficients;
    put(quantised_band(kShFlip[j] * cloud.sh_rest[i], j));
  }
  sink(gzip_bytes(bytes));
}

}  // namespace vane
