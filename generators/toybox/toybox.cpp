// SPDX-License-Identifier: Apache-2.0
#include "generators/toybox/toybox.h"

#include <fmt/format.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <mutex>
#include <utility>

#include "engine/base/atomic_file.h"
#include "engine/base/text.h"
#include "engine/image/codec.h"
#include "generators/toybox/toy_captions.h"
#include "generators/toybox/toy_points.h"
#include "generators/toybox/toy_rows.h"
#include "generators/toybox/toy_tracer.h"
#include "generators/toybox/toy_world.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

constexpr float kDepthSteps = 1000.f;
/// Points of a scene in points.ply, about.
constexpr int kPoints = 20'000;

std::pair<int, int> parse_size(const std::string& text) {
  const auto parts = split(text, 'x');
  if (parts.size() == 2) {
    const auto width = parse_integer(parts[0]), height = parse_integer(parts[1]);
    constexpr int kMost = 8192;
    if (width && height && *width >= 1 && *height >= 1 && *width <= kMost && *height <= kMost) {
      return {static_cast<int>(*width), static_cast<int>(*height)};
    }
  }
  throw Error(ErrorCode::usage, "expected WIDTHxHEIGHT of 1 to 8192 pixels, got \"" + text + "\"")
      .at_key("--size");
}

template <class Request>
ToyWish wish_of(const Request& request) {
  const auto [width, height] = parse_size(request.size);
  return {request.kind, request.light, width, height};
}

Image grey8(const ToyFrame& frame, const std::vector<uint8_t>& values) {
  Image image;
  image.width = frame.width;
  image.height = frame.height;
  image.channels = 1;
  image.u8 = values;
  return image;
}

Image depth16(const ToyFrame& frame) {
  Image image;
  image.width = frame.width;
  image.height = frame.height;
  image.channels = 1;
  image.depth = 16;
  for (const float z : frame.depth) {
    const float steps = z * kDepthSteps + 0.5f;
    image.u16.push_back(steps < 65535.f ? static_cast<uint16_t>(steps) : uint16_t{0});
  }
  return image;
}

Image normals8(const ToyFrame& frame) {
  Image image = frame.picture();
  for (size_t i = 0; i < frame.normal.size(); ++i) {
    const Vec3 n = (frame.normal[i] + Vec3{1, 1, 1}) * 127.5f;
    image.u8[3 * i] = static_cast<uint8_t>(n.x);
    image.u8[3 * i + 1] = static_cast<uint8_t>(n.y);
    image.u8[3 * i + 2] = static_cast<uint8_t>(n.z);
  }
  return image;
}

constexpr const char* kFolders[] = {"instances", "parts", "depth", "normals", "images"};

// The picture comes last: where it is, the rest is.
void write_frame(const fs::path& folder, const std::string& name, const ToyFrame& frame) {
  write_image(folder / "instances" / name, grey8(frame, frame.instance));
  write_image(folder / "parts" / name, grey8(frame, frame.part));
  write_image(folder / "depth" / name, depth16(frame));
  write_image(folder / "normals" / name, normals8(frame));
  write_image(folder / "images" / name, frame.picture());
}

/// Every eighth view is held out, as is the custom of the field (LLFF); of fewer than five, the
/// last.
bool is_test_view(size_t view, size_t count) {
  return count < 5 ? view + 1 == count : view % 8 == 4;
}

OrderedJson transforms_json(const std::vector<ToyCamera>& cameras) {
  const ToyCamera& first = cameras.front();
  OrderedJson json{{"camera_model", "OPENCV"},
                   {"w", first.width},
                   {"h", first.height},
                   {"fl_x", first.fl_x},
                   {"fl_y", first.fl_y},
                   {"cx", first.cx},
                   {"cy", first.cy},
                   {"k1", 0},
                   {"k2", 0},
                   {"p1", 0},
                   {"p2", 0},
                   {"depth_unit_scale_factor", 1 / kDepthSteps},
                   {"ply_file_path", "points.ply"},
                   {"frames", OrderedJson::array()}};
  OrderedJson train = OrderedJson::array(), test = OrderedJson::array();
  for (size_t i = 0; i < cameras.size(); ++i) {
    const std::string name = fmt::format("{:06}.png", i);
    OrderedJson matrix = OrderedJson::array();
    const auto m = cameras[i].opengl_camera_to_world();
    for (size_t row = 0; row < 4; ++row) {
      matrix.push_back({m[4 * row], m[4 * row + 1], m[4 * row + 2], m[4 * row + 3]});
    }
    json["frames"].push_back({{"file_path", "images/" + name},
                              {"depth_file_path", "depth/" + name},
                              {"instance_file_path", "instances/" + name},
                              {"transform_matrix", matrix}});
    (is_test_view(i, cameras.size()) ? test : train).push_back("images/" + name);
  }
  json["train_filenames"] = train;
  json["val_filenames"] = test;
  json["test_filenames"] = test;
  return json;
}

// A data set remembers what it was asked for, so that another request does not mix with it.
void claim_folder(const ToyboxDatasetRequest& r) {
  const OrderedJson json{
      {"toybox", 1},    {"count", r.count}, {"views", r.views}, {"captions", r.captions},
      {"kind", r.kind}, {"light", r.light}, {"size", r.size},   {"seed", r.seed}};
  const std::string text = json.dump(2) + "\n";
  const fs::path path = r.output / "dataset.json";
  std::error_code problem;
  fs::create_directories(r.output, problem);
  if (problem) {
    throw Error(ErrorCode::resource, "the folder cannot be made: " + problem.message())
        .in_file(r.output);
  }
  if (fs::exists(path)) {
    std::ifstream stream(path);
    const std::string old{std::istreambuf_iterator<char>(stream), {}};
    if (old != text) {
      throw Error(ErrorCode::usage, "it holds a data set of another request")
          .in_file(r.output)
          .with_hint("choose another folder, or give the options that dataset.json shows");
    }
    return;
  }
  atomic_write(path, text);
}

struct SceneFacts {
  OrderedJson captions, attributes;
};

SceneFacts facts_of(const ToyScene& scene, const ToyboxDatasetRequest& request, int index) {
  SceneFacts facts;
  Rng rng = Rng(request.seed).fork("toybox captions", static_cast<uint64_t>(index));
  const std::string file = request.views > 1 && request.count > 1
                               ? fmt::format("scene_{:06}", index)
                               : fmt::format("images/{:06}.png", request.views > 1 ? 0 : index);
  facts.captions = {{"file", file}, {"captions", OrderedJson::array()}};
  for (int i = 0; i < request.captions; ++i) {
    facts.captions["captions"].push_back(toy_caption(scene, rng).text);
  }
  facts.attributes = {{"file", file}};
  facts.attributes.update(toy_attributes_json(scene));
  const ToyCamera& camera = scene.camera;
  facts.attributes["camera"] = {{"fl_x", camera.fl_x},
                                {"fl_y", camera.fl_y},
                                {"cx", camera.cx},
                                {"cy", camera.cy},
                                {"world_to_camera", camera.world_to_camera}};
  return facts;
}

}  // namespace

ToyboxRenderResult toybox_render(const ToyboxRenderRequest& request, Job& job) {
  const ToyWish wish = wish_of(request);
  format_for_path(request.output);
  check_writable(request.output);
  const ToyScene scene = make_toy_scene(request.seed, 0, wish);
  job.progress(0, 0, "rendering");
  write_image(request.output, render_toybox(scene, {3, request.threads}, job).picture());
  Rng rng = Rng(request.seed).fork("toybox captions");
  return {request.output.string(), toy_caption(scene, rng).text, toy_attributes_json(scene)};
}

ToyboxDatasetResult toybox_dataset(const ToyboxDatasetRequest& request, Job& job) {
  const ToyWish wish = wish_of(request);
  claim_folder(request);
  std::atomic<int64_t> kept = 0, done = 0;
  std::vector<SceneFacts> facts(static_cast<size_t>(request.count));
  std::mutex mutex;
  const int64_t total = int64_t{request.count} * request.views;
  const bool many = request.count > 1 && request.views > 1;
  const auto folder_of = [&](int index) {
    return many ? request.output / fmt::format("scene_{:06}", index) : request.output;
  };
  for (int i = 0; i < (many ? request.count : 1); ++i) {
    for (const char* name : kFolders) fs::create_directories(folder_of(i) / name);
  }
  for_each_row(request.count, request.threads, job, [&](int index) {
    ToyScene scene = make_toy_scene(request.seed, static_cast<uint64_t>(index), wish);
    const auto cameras =
        request.views > 1 ? toy_orbit(scene, request.views) : std::vector<ToyCamera>{scene.camera};
    scene.camera = cameras.front();
    facts[static_cast<size_t>(index)] = facts_of(scene, request, index);
    for (size_t view = 0; view < cameras.size(); ++view) {
      const std::string name =
          fmt::format("{:06}.png", request.views > 1 ? view : static_cast<size_t>(index));
      if (fs::exists(folder_of(index) / "images" / name)) {
        ++kept;
      } else {
        scene.camera = cameras[view];
        write_frame(folder_of(index), name, render_toybox(scene, {2, 1}, job));
      }
      const std::lock_guard lock(mutex);
      job.progress(++done, total, "rendering");
    }
    if (request.views > 1) {
      std::vector<ToyCamera> training;
      for (size_t view = 0; view < cameras.size(); ++view) {
        if (!is_test_view(view, cameras.size())) training.push_back(cameras[view]);
      }
      const int per_view = std::max(200, kPoints / static_cast<int>(training.size()));
      atomic_write(folder_of(index) / "points.ply",
                   std::string_view(toy_points_ply(scene, training, per_view, job)));
      atomic_write(folder_of(index) / "transforms.json", transforms_json(cameras).dump(1) + "\n");
    }
  });
  std::string captions, attributes;
  for (const SceneFacts& scene : facts) {
    captions += scene.captions.dump() + "\n";
    attributes += scene.attributes.dump() + "\n";
  }
  atomic_write(request.output / "captions.jsonl", captions);
  atomic_write(request.output / "attributes.jsonl", attributes);
  return {request.output.string(), request.count, total, kept};
}

}  // namespace vane
