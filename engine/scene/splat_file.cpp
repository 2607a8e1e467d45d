// SPDX-License-Identifier: Apache-2.0
#include "engine/scene/splat_file.h"

#include <algorithm>
#include <utility>

#include "engine/base/checked.h"
#include "engine/base/error.h"
#include "engine/scene/gaussian_checkpoint.h"
#include "engine/scene/sog.h"
#include "engine/scene/splat_layouts.h"
#include "engine/weights/zip_archive.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

std::string lower_name(const fs::path& file) {
  std::string name = file.filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

std::shared_ptr<const MappedFile> opened(const fs::path& file, const Limits& limits) {
  return MappedFile::open(file, limits.scene_file_bytes, static_cast<int>(ErrorCode::input));
}

constexpr const char* kMeta = "meta.json";

bool is_zip(std::span<const std::byte> bytes) { return text_view(bytes).starts_with("PK\x03\x04"); }

/// A zip with meta.json at its top; checkpoints of torch are zips too.
bool is_sog_zip(std::shared_ptr<const ByteSource> source, const Limits& limits) {
  if (!is_zip(source->view())) return false;
  try {
    return ZipArchive(std::move(source), limits).find(kMeta) != nullptr;
  } catch (const Error&) {
    return false;
  }
}

/// The layout of a file; its name counts only where the bytes say nothing.
std::string layout_of(const std::shared_ptr<const ByteSource>& source, const fs::path& file,
                      const Limits& limits) {
  const auto bytes = source->view();
  if (is_ply(bytes)) return is_compressed_ply(parse_ply_header(bytes)) ? "compressed-ply" : "ply";
  if (is_spz(bytes)) return "spz";
  if (is_sog_zip(source, limits)) return "sog";
  if (lower_name(file) == kMeta && is_sog_meta(bytes)) return "sog";
  if (is_zip(bytes) && is_gaussian_checkpoint(file, limits)) return "checkpoint";
  return lower_name(file).ends_with(".splat") ? "splat" : "";
}

SplatFile read_sog_folder(const fs::path& meta, std::span<const std::byte> bytes,
                          const Limits& limits) {
  const fs::path folder = meta.has_parent_path() ? meta.parent_path() : fs::path(".");
  const auto in_folder = [&](const std::string& name) -> std::shared_ptr<const ByteSource> {
    return MappedFile::open_in_folder(folder, name, limits.image_file_bytes,
                                      static_cast<int>(ErrorCode::input));
  };
  uint64_t packed = 0;
  std::error_code fault;
  for (auto it = fs::directory_iterator(folder, fault); !fault && it != fs::directory_iterator();
       it.increment(fault)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) packed += it->file_size(ignored);
  }
  return parse_sog(bytes, in_folder, packed, limits);
}

/// A folder stands for the meta.json in it.
fs::path file_of(const fs::path& path) {
  std::error_code fault;  // of a path that cannot be followed: opening it says so
  return fs::is_directory(path, fault) ? path / kMeta : path;
}

}  // namespace

std::string splat_layout(const fs::path& path) {
  const Limits limits;
  const fs::path file = file_of(path);
  try {
    return layout_of(opened(file, limits), file, limits);
  } catch (const Error&) {
    return "";  // what cannot be read has no layout
  }
}

SplatFile read_splats(const fs::path& path, const Limits& limits) {
  const fs::path file = file_of(path);
  try {
    const auto source = opened(file, limits);
    const auto bytes = source->view();
    const std::string layout = layout_of(source, file, limits);
    if (layout == "ply") return parse_inria_ply(bytes, parse_ply_header(bytes), limits);
    if (layout == "compressed-ply") {
      return parse_compressed_ply(bytes, parse_ply_header(bytes), limits);
    }
    if (layout == "spz") return parse_spz(bytes, limits);
    if (layout == "splat") return parse_raw_splat(bytes, limits);
    if (layout == "sog") {
      return is_zip(bytes) ? parse_sog_zip(source, limits) : read_sog_folder(file, bytes, limits);
    }
    if (layout == "checkpoint") {
      SplatFile splats;
      splats.cloud = read_gaussian_checkpoint(file, limits).cloud;
      splats.layout = layout;
      drop_invalid(splats);
      return splats;
    }
    throw Error(ErrorCode::input, "is no scene of Gaussian splats")
        .with_hint("known are .ply, .compressed.ply, .splat, .spz, .sog and chkpnt30000.pth");
  } catch (Error& error) {
    error.set_file_if_empty(file);
    throw;
  }
}

bool is_splat_name(const fs::path& file) {
  const std::string name = lower_name(file);
  return name.ends_with(".ply") || name.ends_with(".splat") || name.ends_with(".spz") ||
         name.ends_with(".sog");
}

void write_splats(const fs::path& file, const SplatCloud& cloud) {
  using Writer = void (*)(const SplatCloud&, const ByteSink&);
  // .compressed.ply ends with .ply too.
  constexpr std::pair<const char*, Writer> kWriters[] = {{".compressed.ply", write_compressed_ply},
                                                         {".ply", write_inria_ply},
                                                         {".splat", write_raw_splat},
                                                         {".spz", write_spz}};
  const std::string name = lower_name(file);
  for (const auto& [ending, writer] : kWriters) {
    if (!name.ends_with(ending)) continue;
    // Clang before 16 cannot capture a structured binding by reference.
    atomic_write(file, [&cloud, write = writer](const ByteSink& sink) { write(cloud, sink); });
    return;
  }
  throw Error(ErrorCode::usage, "scenes are written as .ply, .compressed.ply, .splat or .spz")
      .in_file(file);
}

}  // namespace vane
