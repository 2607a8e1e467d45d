// SPDX-License-Identifier: Apache-2.0
// .compressed.ply (PlayCanvas): 16 bytes a Gaussian, quantised in the boxes of chunks of 256, and
// one byte a coefficient of the bands above 0.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/error.h"
#include "engine/scene/buffered_sink.h"
#include "engine/scene/morton.h"
#include "engine/scene/ply.h"
#include "engine/scene/quantise.h"
#include "engine/scene/splat_layouts.h"

namespace vane {
namespace {

constexpr size_t kChunk = 256;
constexpr const char* kBoxes[] = {"", "scale_"};  // what the properties of the boxes are called
constexpr float kHalfRoot = 0.70710678118654752f, kRoot = 1.41421356237309505f;
constexpr float kBandRange = 8;

/// A box of a chunk: of positions, of log scales, or of colours.
struct Box {
  std::array<float, 3> low{}, high{};

  float lerp(size_t axis, float unit) const { return low[axis] * (1 - unit) + high[axis] * unit; }
  float unit(size_t axis, float value) const {
    const float extent = high[axis] - low[axis];
    return extent > 0 ? (value - low[axis]) / extent : 0;
  }
};

struct Boxes {
  Box position, scale, colour;
};

std::string edge(const char* side, const char* stem, char axis) {
  return fmt::format("{}_{}{}", side, stem, axis);
}

/// The columns of one kind of box; no colours stand for the whole range.
class BoxColumns {
 public:
  BoxColumns(const PlyTable& table, const char* stem, const char* axes, bool optional) {
    if (optional && !table.find_column(edge("min", stem, axes[0]))) return;
    is_there_ = true;
    for (size_t i = 0; i < 3; ++i) {
      low_[i] = table.column(edge("min", stem, axes[i]));
      high_[i] = table.column(edge("max", stem, axes[i]));
    }
  }
  Box load(const std::byte* row) const {
    Box box;
    box.high = {1, 1, 1};
    for (size_t i = 0; is_there_ && i < 3; ++i) {
      box.low[i] = static_cast<float>(low_[i].load(row));
      box.high[i] = static_cast<float>(high_[i].load(row));
    }
    return box;
  }

 private:
  bool is_there_ = false;
  std::array<PlyColumn, 3> low_, high_;
};

/// Three numbers of 11, 10 and 11 bits.
std::array<float, 3> unpack_11_10_11(uint32_t word) {
  return {unorm(word, 21, 11), unorm(word, 11, 10), unorm(word, 0, 11)};
}

uint32_t pack_11_10_11(const std::array<float, 3>& unit) {
  return (rounded(unit[0] * 2047, 2047) << 21) | (rounded(unit[1] * 1023, 1023) << 11) |
         rounded(unit[2] * 2047, 2047);
}

/// The index of the largest component in two bits, the others in 10 each.
std::array<float, 4> unpack_rotation(uint32_t word) {
  std::array<float, 4> q{};
  const size_t largest = word >> 30;
  float squares = 0;
  int shift = 20;
  for (size_t c = 0; c < 4; ++c) {
    if (c == largest) continue;
    q[c] = (unorm(word, shift, 10) - 0.5f) * kRoot;
    squares += q[c] * q[c];
    shift -= 10;
  }
  q[largest] = std::sqrt(std::max(0.f, 1 - squares));
  return q;
}

uint32_t pack_rotation(const float* q) {
  const float length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  size_t largest = 0;
  for (size_t c = 1; c < 4; ++c) {
    if (std::abs(q[c]) > std::abs(q[largest])) largest = c;
  }
  const float sign = q[largest] < 0 ? -1.f : 1.f;
  auto word = static_cast<uint32_t>(largest);
  for (size_t c = 0; c < 4; ++c) {
    if (c == largest) continue;
    word = (word << 10) | rounded((sign * q[c] / length * kHalfRoot + 0.5f) * 1023, 1023);
  }
  return word;
}

/// Byte of a coefficient of a band above 0: 256 buckets over [-4,4]; the outer two hold the ends.
float unpack_band(float byte) {
  const float unit = byte == 0 ? 0.f : byte == 255 ? 1.f : (byte + 0.5f) / 256;
  return (unit - 0.5f) * kBandRange;
}

uint8_t pack_band(float value) {
  return static_cast<uint8_t>(std::clamp(256 * (value / kBandRange + 0.5f), 0.f, 255.f));
}

int degree_of(uint64_t coefficients) {
  for (int degree = 1; degree <= 3; ++degree) {
    if (coefficients == static_cast<uint64_t>(3 * ((degree + 1) * (degree + 1) - 1))) return degree;
  }
  throw Error(ErrorCode::input,
              fmt::format("has {} coefficients a Gaussian; 9, 24 or 45 make spherical harmonics",
                          coefficients));
}

void read_bands(std::span<const std::byte> file, const PlyHeader& header, const Limits& limits,
                SplatCloud& cloud, uint64_t count) {
  const PlyTable table(file, header, "sh", limits.scene_gaussians, "scene.gaussians");
  const uint64_t columns = table.element().properties.size();
  cloud.sh_degree = degree_of(columns);
  if (table.count() != count) {
    throw Error(ErrorCode::input,
                fmt::format("has {} rows of \"sh\" for {} Gaussians", table.count(), count))
        .at_byte(table.begin());
  }
  std::vector<PlyColumn> rest;
  for (uint64_t i = 0; i < columns; ++i) rest.push_back(table.column(fmt::format("f_rest_{}", i)));
  cloud.resize(static_cast<int64_t>(count));
  const size_t per_channel = rest.size() / 3;
  for (uint64_t row = 0; row < count; ++row) {
    for (size_t i = 0; i < rest.size(); ++i) {
      const auto byte = static_cast<float>(rest[i].load(table.row(row)));
      cloud.sh_rest[row * rest.size() + i % per_channel * 3 + i / per_channel] = unpack_band(byte);
    }
  }
}

/// Boxes of the Gaussians `order[begin, end)`.
Boxes boxes_of(const SplatCloud& cloud, const std::vector<uint32_t>& order, size_t begin,
               size_t end) {
  Boxes boxes;
  for (size_t i = begin; i < end; ++i) {
    const auto widen = [&](Box& box, size_t axis, float value) {
      box.low[axis] = i == begin ? value : std::min(box.low[axis], value);
      box.high[axis] = i == begin ? value : std::max(box.high[axis], value);
    };
    for (size_t axis = 0; axis < 3; ++axis) {
      const size_t at = 3 * size_t{order[i]} + axis;
      widen(boxes.position, axis, cloud.position[at]);
      widen(boxes.scale, axis, std::clamp(cloud.log_scale[at], -20.f, 20.f));
      widen(boxes.colour, axis, 0.5f + kShBand0 * cloud.sh0[at]);
    }
  }
  return boxes;
}

std::string header_of(const SplatCloud& cloud, size_t chunks) {
  std::string text = "ply\nformat binary_little_endian 1.0\n";
  text += fmt::format("element chunk {}\n", chunks);
  const auto box = [&](const char* stem, const char* axes) {
    for (const char* side : {"min", "max"}) {
      for (int i = 0; i < 3; ++i) {
        text += fmt::format("property float {}\n", edge(side, stem, axes[i]));
      }
    }
  };
  for (const char* stem : kBoxes) box(stem, "xyz");
  box("", "rgb");
  text += fmt::format("element vertex {}\n", cloud.size());
  for (const char* name : {"position", "rotation", "scale", "color"}) {
    text += fmt::format("property uint packed_{}\n", name);
  }
  if (cloud.sh_degree > 0) {
    text += fmt::format("element sh {}\n", cloud.size());
    for (int i = 0; i < 3 * cloud.rest_coefficients(); ++i) {
      text += fmt::format("property uchar f_rest_{}\n", i);
    }
  }
  return text + "end_header\n";
}

}  // namespace

bool is_compressed_ply(const PlyHeader& header) {
  const PlyElement* vertex = header.find("vertex");
  return header.find("chunk") != nullptr && vertex != nullptr &&
         vertex->find("packed_position") != nullptr;
}

SplatFile parse_compressed_ply(std::span<const std::byte> file, const PlyHeader& header,
                               const Limits& limits) {
  const PlyTable table(file, header, "vertex", limits.scene_gaussians, "scene.gaussians");
  const PlyTable chunks(file, header, "chunk", limits.scene_gaussians, "scene.gaussians");
  const uint64_t count = table.count();
  if (chunks.count() != (count + kChunk - 1) / kChunk) {
    throw Error(ErrorCode::input, fmt::format("has {} chunks for {} Gaussians; each chunk has {}",
                                              chunks.count(), count, kChunk))
        .at_byte(chunks.begin());
  }
  const PlyColumn position = table.column("packed_position"),
                  rotation = table.column("packed_rotation"), scale = table.column("packed_scale"),
                  colour = table.column("packed_color");
  const BoxColumns positions(chunks, "", "xyz", false), scales(chunks, "scale_", "xyz", false),
      colours(chunks, "", "rgb", true);
  SplatFile out;
  out.layout = "compressed-ply";
  SplatCloud& cloud = out.cloud;
  if (header.find("sh") != nullptr) read_bands(file, header, limits, cloud, count);
  cloud.resize(static_cast<int64_t>(count));
  Boxes boxes;
  for (uint64_t i = 0; i < count; ++i) {
    if (i % kChunk == 0) {
      const std::byte* chunk = chunks.row(i / kChunk);
      boxes = {positions.load(chunk), scales.load(chunk), colours.load(chunk)};
    }
    const std::byte* row = table.row(i);
    const auto word = [&](const PlyColumn& column) {
      // A column of another type may hold anything.
      return static_cast<uint32_t>(std::clamp(column.load(row), 0., 4294967295.));
    };
    const auto where = unpack_11_10_11(word(position)), size = unpack_11_10_11(word(scale));
    const uint32_t rgba = word(colour);
    for (size_t c = 0; c < 3; ++c) {
      cloud.position[3 * i + c] = boxes.position.lerp(c, where[c]);
      cloud.log_scale[3 * i + c] = boxes.scale.lerp(c, size[c]);
      const float rgb = boxes.colour.lerp(c, unorm(rgba, 24 - 8 * static_cast<int>(c), 8));
      cloud.sh0[3 * i + c] = (rgb - 0.5f) / kShBand0;
    }
    cloud.opacity_logit[i] = logit(unorm(rgba, 0, 8));
    const auto q = unpack_rotation(word(rotation));
    std::copy(q.begin(), q.end(), cloud.rotation.begin() + static_cast<std::ptrdiff_t>(4 * i));
  }
  drop_invalid(out);
  return out;
}

void write_compressed_ply(const SplatCloud& cloud, const ByteSink& to) {
  BufferedSink sink(to);
  const std::vector<uint32_t> order = morton_order(cloud.position);
  const size_t count = order.size();
  sink.put(header_of(cloud, (count + kChunk - 1) / kChunk));
  std::vector<Boxes> boxes;
  for (size_t begin = 0; begin < count; begin += kChunk) {
    boxes.push_back(boxes_of(cloud, order, begin, std::min(begin + kChunk, count)));
    for (const Box* box : {&boxes.back().position, &boxes.back().scale, &boxes.back().colour}) {
      for (const float value : box->low) sink.put(value);
      for (const float value : box->high) sink.put(value);
    }
  }
  for (size_t i = 0; i < count; ++i) {
    const Boxes& in = boxes[i / kChunk];
    const size_t row = order[i];
    std::array<float, 3> where{}, size{};
    uint32_t rgba = 0;
    for (size_t c = 0; c < 3; ++c) {
      where[c] = in.position.unit(c, cloud.position[3 * row + c]);
      size[c] = in.scale.unit(c, std::clamp(cloud.log_scale[3 * row + c], -20.f, 20.f));
      const float colour = in.colour.unit(c, 0.5f + kShBand0 * cloud.sh0[3 * row + c]);
      rgba = (rgba << 8) | rounded(255 * colour, 255);
    }
    rgba = (rgba << 8) | rounded(255 * sigmoid(cloud.opacity_logit[row]), 255);
    sink.put(pack_11_10_11(where));
    sink.put(pack_rotation(&cloud.rotation[4 * row]));
    sink.put(pack_11_10_11(size));
    sink.put(rgba);
  }
  const auto rest = 3 * static_cast<size_t>(cloud.rest_coefficients());
  for (size_t i = 0; rest > 0 && i < count; ++i) {
    for (size_t j = 0; j < rest; ++j) {
      sink.put(pack_band(cloud.sh_rest[order[i] * rest + j % (rest / 3) * 3 + j / (rest / 3)]));
    }
  }
  sink.flush();
}

}  // namespace vane
