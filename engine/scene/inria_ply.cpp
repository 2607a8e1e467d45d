// SPDX-License-Identifier: Apache-2.0
// The .ply of 3D Gaussian Splatting: one row of floats a Gaussian, by name. Its f_rest_* are
// channel-major; a cloud is coefficient-major.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/scene/buffered_sink.h"
#include "engine/scene/splat_layouts.h"

namespace vane {
namespace {

constexpr std::string_view kAntialiased = "antialiased";
constexpr std::string_view kVertex = "vertex";

/// Where a property goes: `to[row * step]`.
struct Slot {
  PlyColumn column;
  float* to = nullptr;
  size_t step = 0;
};

int degree_of(const PlyTable& table) {
  const auto& properties = table.element().properties;
  const auto count = std::count_if(properties.begin(), properties.end(), [](const PlyProperty& p) {
    return p.name.starts_with("f_rest_");
  });
  for (int degree = 0; degree <= 3; ++degree) {
    if (count == 3 * ((degree + 1) * (degree + 1) - 1)) return degree;
  }
  throw Error(
      ErrorCode::input,
      fmt::format("has {} properties f_rest_*; 0, 9, 24 or 45 make spherical harmonics", count))
      .at_byte(table.begin());
}

void refuse_other_kinds(const PlyTable& table) {
  const auto has = [&](std::string_view name) { return table.find_column(name).has_value(); };
  const auto fault = [&](const char* message) {
    return Error(ErrorCode::input, message).at_byte(table.begin());
  };
  if (!has("scale_0") && !has("rot_0")) {
    throw fault("this is a point cloud, not a Gaussian scene: it has no scales and rotations")
        .with_hint("fit a scene to photographs with `vane fit`");
  }
  if (has("scale_1") && !has("scale_2")) {
    throw fault(
        "this is a scene of flat Gaussians (2DGS, two scales each), which is not supported");
  }
}

template <class Load>
void fill(const PlyTable& table, const std::vector<Slot>& slots, Load load) {
  const auto count = static_cast<size_t>(table.count());
  for (size_t row = 0; row < count; ++row) {
    const std::byte* from = table.row(row);
    for (const Slot& slot : slots) slot.to[row * slot.step] = load(slot.column, from);
  }
}

class Header {
 public:
  void line(std::string_view text) { text_.append(text).append("\n"); }
  void property(std::string_view name) { line(fmt::format("property float {}", name)); }
  void properties(std::string_view stem, int count) {
    for (int i = 0; i < count; ++i) property(fmt::format("{}_{}", stem, i));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string header_of(const SplatCloud& cloud) {
  Header header;
  header.line("ply");
  header.line("format binary_little_endian 1.0");
  if (cloud.antialiased) header.line(fmt::format("comment {}", kAntialiased));
  header.line(fmt::format("element vertex {}", cloud.size()));
  for (const char* name : {"x", "y", "z", "nx", "ny", "nz"}) header.property(name);
  header.properties("f_dc", 3);
  header.properties("f_rest", 3 * cloud.rest_coefficients());
  header.property("opacity");
  header.properties("scale", 3);
  header.properties("rot", 4);
  header.line("end_header");
  return header.text();
}

}  // namespace

SplatFile parse_inria_ply(std::span<const std::byte> file, const PlyHeader& header,
                          const Limits& limits) {
  const PlyTable table(file, header, kVertex, limits.scene_gaussians, "scene.gaussians");
  refuse_other_kinds(table);
  SplatFile out;
  out.layout = "ply";
  out.cloud.sh_degree = degree_of(table);
  out.cloud.antialiased = std::find(header.comments.begin(), header.comments.end(), kAntialiased) !=
                          header.comments.end();
  const auto rest = static_cast<size_t>(out.cloud.rest_coefficients());
  // Columns first: a property that is missing is found before memory is taken.
  std::vector<Slot> slots;
  const auto add = [&](const std::string& name) { slots.push_back({table.column(name)}); };
  for (const char* name : {"x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0",
                           "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"}) {
    add(name);
  }
  for (size_t i = 0; i < 3 * rest; ++i) add(fmt::format("f_rest_{}", i));

  SplatCloud& cloud = out.cloud;
  cloud.resize(static_cast<int64_t>(table.count()));
  if (table.count() == 0) return out;
  size_t slot = 0;
  const auto target = [&](std::vector<float>& values, size_t width) {
    for (size_t i = 0; i < width; ++i, ++slot) {
      slots[slot].to = values.data() + i;
      slots[slot].step = width;
    }
  };
  target(cloud.position, 3);
  target(cloud.sh0, 3);
  target(cloud.opacity_logit, 1);
  target(cloud.log_scale, 3);
  target(cloud.rotation, 4);
  for (size_t i = 0; i < 3 * rest; ++i, ++slot) {
    slots[slot].to = cloud.sh_rest.data() + (i % rest) * 3 + i / rest;
    slots[slot].step = 3 * rest;
  }
  const bool is_native = std::all_of(slots.begin(), slots.end(),
                                     [](const Slot& s) { return s.column.is_native_float(); });
  if (is_native) {
    fill(table, slots, [](const PlyColumn& column, const std::byte* row) {
      float value;
      std::memcpy(&value, row + column.offset, sizeof value);
      return value;
    });
  } else {
    fill(table, slots, [](const PlyColumn& column, const std::byte* row) {
      return static_cast<float>(column.load(row));
    });
  }
  drop_invalid(out);
  return out;
}

void write_inria_ply(const SplatCloud& cloud, const ByteSink& to) {
  BufferedSink sink(to);
  sink.put(header_of(cloud));
  const auto rest = static_cast<size_t>(cloud.rest_coefficients());
  std::vector<float> row(17 +
                         3 * rest);  // with normals of 0, which the layout has and nothing uses
  const auto count = static_cast<size_t>(cloud.size());
  for (size_t i = 0; i < count; ++i) {
    std::copy_n(&cloud.position[3 * i], 3, row.begin());
    std::copy_n(&cloud.sh0[3 * i], 3, row.begin() + 6);
    auto next = row.begin() + 9;
    for (size_t channel = 0; channel < 3; ++channel) {
      for (size_t j = 0; j < rest; ++j) *next++ = cloud.sh_rest[(i * rest + j) * 3 + channel];
    }
    *next++ = cloud.opacity_logit[i];
    next = std::copy_n(&cloud.log_scale[3 * i], 3, next);
    std::copy_n(&cloud.rotation[4 * i], 4, next);
    sink.put(std::as_bytes(std::span(row)));
  }
  sink.flush();
}

void copy_ply_rows(const std::filesystem::path& source, const std::vector<int64_t>& indices,
                   const std::filesystem::path& target, const Limits& limits) {
  const auto file =
      MappedFile::open(source, limits.scene_file_bytes, static_cast<int>(ErrorCode::input));
  const auto bytes = file->view();
  try {
    const PlyHeader header = parse_ply_header(bytes);
    const PlyTable table(bytes, header, kVertex, limits.scene_gaussians, "scene.gaussians");
    std::vector<int64_t> rows = indices;
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    if (!rows.empty() &&
        (rows.front() < 0 || static_cast<uint64_t>(rows.back()) >= table.count())) {
      throw Error(ErrorCode::usage,
                  fmt::format("row {} of {}", rows.front() < 0 ? rows.front() : rows.back(),
                              table.count()));
    }
    const PlyElement& element = table.element();
    const auto part = [&](uint64_t begin, uint64_t end) {
      return bytes.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    };
    atomic_write(target, [&](const ByteSink& to) {
      BufferedSink sink(to);
      sink.put(part(0, element.count_at));
      sink.put(std::to_string(rows.size()));
      sink.put(part(element.count_at + element.count_bytes, table.begin()));
      for (const int64_t row : rows) {
        const auto stored = table.stored(static_cast<uint64_t>(row));
        sink.put(stored);
        // The last line of a text may lack its end.
        const bool is_open = header.encoding == PlyEncoding::ascii && !stored.empty() &&
                             stored.back() != std::byte{'\n'};
        if (is_open) sink.put("\n");
      }
      sink.put(part(table.end(), bytes.size()));
      sink.flush();
    });
  } catch (Error& error) {
    error.set_file_if_empty(source);
    throw;
  }
}

}  // namespace vane
