// SPDX-License-Identifier: Apache-2.0
#include "editing/services/scene_models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/scene/scene_data.h"
#include "engine/scene/splat_file.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

uint64_t bytes_of(const fs::path& path) {
  std::error_code fault;
  if (!fs::is_directory(path, fault)) return fs::file_size(path, fault);
  uint64_t total = 0;
  for (auto it = fs::directory_iterator(path, fault); !fault && it != fs::directory_iterator();
       it.increment(fault)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) total += it->file_size(ignored);
  }
  return total;
}

std::string hash_of(const fs::path& path, const Limits& limits) {
  std::error_code fault;
  if (fs::is_directory(path, fault)) return "";
  const auto source =
      MappedFile::open(path, limits.scene_file_bytes, static_cast<int>(ErrorCode::input));
  return hex64(xxh64(source->view()));
}

void describe(const SplatFile& file, ModelsInspectResult& result) {
  const SplatCloud& cloud = file.cloud;
  const int64_t n = cloud.size(), rest = cloud.rest_coefficients();
  result.gaussians = n;
  result.sh_degree = cloud.sh_degree;
  result.dropped = file.dropped;
  const auto add = [&](const char* name, std::vector<int64_t> shape) {
    int64_t numbers = 1;
    for (const int64_t side : shape) numbers *= side;
    result.parameters += static_cast<uint64_t>(numbers);
    result.tensors.push_back({name, "F32", std::move(shape)});
  };
  add("position", {n, 3});
  add("sh0", {n, 3});
  if (rest > 0) add("sh_rest", {n, rest, 3});
  add("opacity_logit", {n});
  add("log_scale", {n, 3});
  add("rotation", {n, 4});
  for (size_t axis = 0; n > 0 && axis < 3; ++axis) {
    float low = cloud.position[axis], high = low;
    for (size_t i = axis; i < cloud.position.size(); i += 3) {
      low = std::min(low, cloud.position[i]);
      high = std::max(high, cloud.position[i]);
    }
    result.bounds_min.push_back(low);
    result.bounds_max.push_back(high);
  }
  result.architecture = fmt::format("{} Gaussians, harmonics of degree {}", n, cloud.sh_degree);
  if (n > 0) {
    result.architecture +=
        fmt::format(", from ({:.4g}) to ({:.4g})", fmt::join(result.bounds_min, ", "),
                    fmt::join(result.bounds_max, ", "));
  }
  if (cloud.antialiased) result.architecture += ", antialiased";
  if (file.dropped > 0) {
    result.architecture += fmt::format("; {} rows are left out as invalid", file.dropped);
  }
}

bool is_dataset(const fs::path& path) {
  std::error_code fault;
  if (!fs::is_directory(path, fault)) {
    const std::string name = path.filename().string();
    return name.starts_with("transforms") && name.ends_with(".json");
  }
  for (const char* file : {"transforms.json", "transforms_train.json", "sparse/0/cameras.bin",
                           "sparse/0/cameras.txt", "sparse/cameras.bin", "sparse/cameras.txt"}) {
    if (fs::exists(path / file, fault)) return true;
  }
  return false;
}

void describe(const SceneData& data, ModelsInspectResult& result) {
  const Camera& camera = data.views.front().camera;
  const bool same = std::all_of(data.views.begin(), data.views.end(), [&](const SceneView& view) {
    return view.camera.width == camera.width && view.camera.height == camera.height;
  });
  result.layout = data.layout;
  result.views = static_cast<int64_t>(data.views.size());
  result.architecture =
      fmt::format("{} views of {}, {} held out, {} points", data.views.size(),
                  same ? fmt::format("{}x{} pixels", camera.width, camera.height) : "several sizes",
                  data.held_out_views().size(), data.points.size());
}

}  // namespace

bool inspect_scene(const ModelsInspectRequest& request, ModelsInspectResult& result) {
  const std::string layout = splat_layout(request.path);
  const bool is_data = layout.empty() && is_dataset(request.path);
  if (layout.empty() && !is_data) return false;
  result.kind = is_data ? "dataset" : "scene";
  result.layout = layout;
  result.file = request.path.string();
  result.bytes = bytes_of(request.path);
  try {
    if (is_data) {
      describe(read_scene_data(request.path, request.limits), result);
      result.loads_as = "fit";
    } else {
      result.hash = hash_of(request.path, request.limits);
      describe(read_splats(request.path, request.limits), result);
      result.loads_as = "render";
    }
  } catch (const Error& error) {
    result.fault = error.what();
  }
  return true;
}

bool convert_scene(const ModelsConvertRequest& request, ModelsConvertResult& result) {
  if (splat_layout(request.input).empty()) return false;
  if (request.half) {
    throw Error(ErrorCode::usage, "--half is for weights; a scene has the precision of its layout")
        .in_file(request.input);
  }
  check_writable(request.output);
  const SplatFile file = read_splats(request.input, request.limits);
  write_splats(request.output, file.cloud);
  result.output = request.output.string();
  result.layout = splat_layout(request.output);
  result.gaussians = file.cloud.size();
  result.dropped = file.dropped;
  result.bytes = fs::file_size(request.output);
  return true;
}

}  // namespace vane
