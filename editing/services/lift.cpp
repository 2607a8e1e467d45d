// SPDX-License-Identifier: Apache-2.0
#include "editing/services/lift.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "editing/language/scene_lifter.h"
#include "editing/language/scene_masks.h"
#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/stopwatch.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/scene/gaussian_checkpoint.h"
#include "engine/scene/scene_data.h"
#include "engine/scene/splat_file.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

// A picture with alpha shows what is behind it.
Image over_background(const Image& image, const std::array<float, 3>& background) {
  Image rgb = to_rgb8(image);
  if (!image.has_alpha()) return rgb;
  const size_t pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  const size_t channels = static_cast<size_t>(image.channels);
  for (size_t i = 0; i < pixels; ++i) {
    const size_t at = i * channels + channels - 1;
    const float alpha = image.depth == 16 ? static_cast<float>(image.u16[at]) / 65535.f
                                          : static_cast<float>(image.u8[at]) / 255.f;
    for (size_t c = 0; c < 3; ++c) {
      const float mixed =
          alpha * static_cast<float>(rgb.u8[3 * i + c]) + (1 - alpha) * 255 * background[c];
      rgb.u8[3 * i + c] = static_cast<uint8_t>(mixed + 0.5f);
    }
  }
  return rgb;
}

RegionMaps given_maps(const fs::path& folder, const std::string& view, const Limits& limits) {
  const fs::path stem = folder / fs::path(view).stem();
  fs::path labels = stem, ids = stem;
  labels += "_s.npy";
  ids += ".png";
  if (fs::exists(labels)) return read_region_maps(stem, limits);
  if (!fs::exists(ids)) {
    throw Error(ErrorCode::input, "there are no masks of " + view + ": neither " +
                                      labels.filename().string() + " nor " +
                                      ids.filename().string())
        .in_file(folder);
  }
  DecodeOptions decode;
  decode.limits = limits;
  try {
    return region_maps_of_ids(read_image(ids, decode));
  } catch (Error& error) {
    error.set_file_if_empty(ids);
    throw;
  }
}

// Labels at the size of the picture that CLIP sees.
void resize_maps(RegionMaps& maps, int width, int height) {
  const auto resize = [&](std::vector<int32_t>& labels) {
    labels = resized_labels(labels, maps.width, maps.height, width, height);
  };
  for (std::vector<int32_t>& labels : maps.labels) resize(labels);
  resize(maps.flat);
  maps.width = width;
  maps.height = height;
}

std::string hash_of(const fs::path& file) {
  if (fs::is_directory(file)) return hash_of(file / "meta.json");
  return hex64(
      xxh64(MappedFile::open(file, UINT64_MAX, static_cast<int>(ErrorCode::input))->view()));
}

/// Views are numbered as the data set numbers them, and as `vane render --view` does: those that
/// were held out are not lifted, but can be asked about.
void name_all_views(LanguageField& field, const SceneData& data, int64_t long_side) {
  field.view_names.clear();
  field.cameras.clear();
  for (const SceneView& view : data.views) {
    field.view_names.push_back(view.name);
    field.cameras.push_back(view.camera.at_most(long_side));
  }
}

/// What LangSplat's three models say of each Gaussian of `cloud`: [N,levels,3].
Tensor published_latents(const std::vector<fs::path>& files, const SplatCloud& cloud,
                         const Limits& limits) {
  std::vector<Tensor> levels;
  for (const fs::path& file : files) {
    const GaussianCheckpoint checkpoint = read_gaussian_checkpoint(file, limits);
    if (checkpoint.language.empty()) {
      throw Error(ErrorCode::input, "holds no language features").in_file(file);
    }
    if (checkpoint.cloud.position != cloud.position) {
      throw Error(ErrorCode::input, "is of another scene: its Gaussians lie elsewhere")
          .in_file(file)
          .with_hint("give one of the checkpoints as the scene");
    }
    levels.push_back(at::tensor(checkpoint.language).view({-1, kLatentWidth}));
  }
  return at::stack(levels, 1);
}

void check_training_options(const LiftRequest& request) {
  const bool given = !request.checkpoints.empty();
  if (request.method != "langsplat") {
    if (!request.autoencoder.empty() || !request.save_autoencoder.empty() || given ||
        !request.save_checkpoints.empty()) {
      throw Error(ErrorCode::usage, "only --method langsplat has an autoencoder and checkpoints");
    }
    return;
  }
  if (given && request.checkpoints.size() != kRegionLevels) {
    throw Error(ErrorCode::usage, "langsplat has three checkpoints: small, medium and large");
  }
  if (given && request.autoencoder.empty()) {
    throw Error(ErrorCode::usage,
                "--checkpoints hold numbers that only their --autoencoder understands");
  }
}

std::optional<TrainedFeatures> training_of(const LiftRequest& request, const SplatCloud& cloud) {
  if (request.method != "langsplat") return {};
  TrainedFeatures trained;
  trained.latents.iterations = request.iterations;
  trained.latents.seed = request.seed;
  if (request.cosine == "batch") trained.cosine = CosineAxis::batch;
  if (!request.autoencoder.empty()) {
    trained.autoencoder = load_scene_autoencoder(request.autoencoder, request.limits);
  }
  if (!request.checkpoints.empty()) {
    trained.given = published_latents(request.checkpoints, cloud, request.limits);
  }
  return trained;
}

/// NAME_1/chkpnt3000.pth and so on, as LangSplat's training leaves them.
void save_checkpoints(const LiftRequest& request, const SplatCloud& cloud, const Tensor& latents) {
  for (int64_t level = 0; level < latents.size(1); ++level) {
    const Tensor own = latents.select(1, level).contiguous();
    GaussianCheckpoint checkpoint{cloud, {}};
    checkpoint.language.assign(own.const_data_ptr<float>(),
                               own.const_data_ptr<float>() + own.numel());
    fs::path folder = request.save_checkpoints;
    folder += "_" + std::to_string(level + 1);
    fs::create_directories(folder);
    write_gaussian_checkpoint(folder / ("chkpnt" + std::to_string(request.iterations) + ".pth"),
                              checkpoint, request.iterations);
  }
}

/// LangSplat's language_features_dim3 beside language_features: the same maps, with latents.
void save_latents(const LiftRequest& request, const std::vector<fs::path>& stems,
                  const SceneAutoencoder& autoencoder) {
  fs::path folder = request.save_masks;
  if (!folder.has_filename()) folder = folder.parent_path();  // DIR/
  folder += "_dim3";
  fs::create_directories(folder);
  for (const fs::path& stem : stems) {
    RegionMaps maps = read_region_maps(request.save_masks / stem, request.limits);
    const Tensor latents =
        encoded(autoencoder, at::tensor(maps.features).view({maps.count, maps.dim})).contiguous();
    maps.dim = static_cast<int>(kLatentWidth);
    maps.features.assign(latents.const_data_ptr<float>(),
                         latents.const_data_ptr<float>() + latents.numel());
    write_region_maps(folder / stem, maps);
  }
}

}  // namespace

LiftResult lift(const LiftRequest& request, Job& job) {
  const at::NoGradGuard no_grad;
  Stopwatch watch;
  check_writable(request.output);
  if (!request.save_autoencoder.empty()) check_writable(request.save_autoencoder);
  if (!request.save_checkpoints.empty()) check_writable(request.save_checkpoints);
  check_training_options(request);
  const CropStyle crops = crop_style(request.crops);
  const SplatFile scene = read_splats(request.scene, request.limits);
  const SceneData data = read_scene_data(request.dataset, request.limits);
  const std::vector<size_t> views = data.training_views();
  if (views.empty()) {
    throw Error(ErrorCode::input, "has no training views").in_file(request.dataset);
  }
  ClipLoadOptions options;
  options.limits = request.limits;
  options.text_tower = false;
  const std::unique_ptr<ClipEncoder> clip = load_clip(request.clip, options);
  if (!request.save_masks.empty()) fs::create_directories(request.save_masks);
  DecodeOptions decode;
  decode.limits = request.limits;
  SceneLifter lifter(*clip, scene.cloud,
                     {crops, request.least_overlap, training_of(request, scene.cloud)});
  std::vector<fs::path> stems;
  std::optional<SceneMasks> masks;
  if (request.masks.empty() && request.segmentation == "scene") {
    std::vector<Camera> cameras;
    for (const size_t view : views) {
      cameras.push_back(data.views[view].camera.at_most(request.long_side));
    }
    masks.emplace(scene.cloud, cameras, job);
  }
  for (size_t i = 0; i < views.size(); ++i) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(i), static_cast<int64_t>(views.size()), "lifting views");
    const SceneView& view = data.views[views[i]];
    const Image stored = over_background(read_image(view.image, decode), view.camera.background);
    const Image image = thumbnail(stored, request.long_side);
    RegionMaps maps = masks ? masks->of(i, image)
                      : request.masks.empty()
                          ? region_maps(graph_segmentation(image))
                          : given_maps(request.masks, view.name, request.limits);
    resize_maps(maps, image.width, image.height);
    lifter.add(view.name, view.camera.resized(image.width, image.height), image, maps, job);
    if (!request.save_masks.empty()) {
      stems.push_back(fs::path(view.name).stem());
      write_region_maps(request.save_masks / stems.back(), maps);
    }
  }
  LiftResult result;
  result.masks = lifter.masks();
  LanguageField field = lifter.finish(job);
  if (const std::optional<SceneAutoencoder>& autoencoder = lifter.autoencoder()) {
    if (!stems.empty()) save_latents(request, stems, *autoencoder);
    if (!request.save_autoencoder.empty()) {
      save_scene_autoencoder(request.save_autoencoder, *autoencoder);
    }
    if (!request.save_checkpoints.empty()) {
      save_checkpoints(request, scene.cloud, lifter.latents());
    }
  }
  name_all_views(field, data, request.long_side);
  const fs::path folder = fs::absolute(request.output).parent_path();
  field.scene = fs::proximate(fs::absolute(request.scene), folder).generic_string();
  field.scene_hash = hash_of(request.scene);
  field.clip = request.clip;
  field.crops = request.crops;
  write_language_field(request.output, field);
  result.output = request.output.string();
  result.scene = request.scene.string();
  result.clip = clip->info().name;
  result.views = static_cast<int64_t>(views.size());
  result.gaussians = field.gaussians;
  result.bytes = static_cast<int64_t>(fs::file_size(request.output));
  for (const LanguageLevel& level : field.levels) {
    const auto seen = std::count_if(level.weight.begin(), level.weight.end(),
                                    [](float weight) { return weight > 0; });
    result.levels.push_back(
        {level.name, level.objects(),
         static_cast<double>(seen) / static_cast<double>(std::max<int64_t>(1, field.gaussians))});
  }
  result.seconds = watch.milliseconds() / 1000;
  return result;
}

}  // namespace vane
