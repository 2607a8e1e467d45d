// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/splat_fit.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "editing/scenes/fit_views.h"
#include "editing/scenes/photometric_loss.h"
#include "editing/scenes/splat_checkpoint.h"
#include "editing/scenes/splat_start.h"
#include "editing/scenes/splat_trainer.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/stopwatch.h"
#include "engine/config/config_writer.h"
#include "engine/image/codec.h"
#include "generators/splats/splat_raster.h"

namespace vane {
namespace {

/// What a checkpoint must share with the run that continues it. How often it is looked at does not
/// matter.
std::string identity(SplatFitConfig config, const SceneData& data, size_t points, uint64_t seed) {
  config.preview_every = config.checkpoint_every = 1;
  std::string text = fields_json(fields_of(config)).dump() + " seed " + std::to_string(seed) +
                     " points " + std::to_string(points);
  for (const SceneView& view : data.views) {
    text += "\n" + view.name + " " + camera_json(view.camera).dump();
  }
  return hex64(xxh64(text));
}

/// The training view of an iteration: all of them in random order, then all again.
size_t view_of(int64_t iteration, size_t views, const Rng& rng) {
  const auto i = static_cast<uint64_t>(iteration);
  Rng order_rng = rng.fork("views", i / views);
  std::vector<size_t> order(views);
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t k = views; k > 1; --k) {
    std::swap(order[k - 1], order[order_rng.below(static_cast<uint32_t>(k))]);
  }
  return order[i % views];
}

SplatPicture draw(const SplatCloud& cloud, const Camera& camera, int sh_degree, int threads) {
  RasterOptions options;
  options.active_sh_degree = sh_degree;
  options.threads = threads;
  return SplatRaster(cloud, camera, options).draw();
}

/// The view as fitted, to the right of its photograph.
Image beside(const FitView& view, const std::vector<float>& rgb) {
  Image image;
  image.width = 2 * view.camera.width;
  image.height = view.camera.height;
  image.u8.reserve(2 * view.rgb.size());
  const std::vector<uint8_t> drawn = to_bytes(rgb);
  const auto row = static_cast<std::ptrdiff_t>(3 * view.camera.width);
  for (std::ptrdiff_t y = 0; y < view.camera.height; ++y) {
    for (const auto* from : {&view.rgb, &drawn}) {
      image.u8.insert(image.u8.end(), from->begin() + y * row, from->begin() + (y + 1) * row);
    }
  }
  return image;
}

std::vector<FitMeasure> measure(const SplatCloud& cloud, const std::vector<FitView>& views,
                                int threads, Job& job) {
  std::vector<FitMeasure> out;
  for (const FitView& view : views) {
    job.check_cancelled();
    job.progress(static_cast<int64_t>(out.size()), static_cast<int64_t>(views.size()), "measuring");
    const SplatPicture picture = draw(cloud, view.camera, cloud.sh_degree, threads);
    const std::vector<float> target = view.target();
    out.push_back({view.name, picture_psnr(picture.rgb, target),
                   mean_ssim(picture.rgb, target, view.camera.width, view.camera.height, threads)});
  }
  return out;
}

}  // namespace

SplatFit fit_splats(const SplatFitConfig& config, const SplatFitFiles& files, uint64_t seed,
                    int threads, const Limits& limits, Job& job) {
  const Stopwatch watch;
  SceneData data = read_scene_data(files.dataset, limits);
  for (SceneView& view : data.views) {
    view.camera.background.fill(data.white_background ? 1.f : 0.f);
  }
  const Rng rng(seed);
  const std::string run = identity(config, data, data.points.size(), seed);
  const SplatTrainer trainer(config, data.extent(), data.white_background, seed, threads);
  const std::vector<FitView> views =
      read_fit_views(data, data.training_views(), config.max_side, limits, job);
  const std::vector<FitView> held_out =
      read_fit_views(data, data.held_out_views(), config.max_side, limits, job);
  const bool continues = files.resume && std::filesystem::exists(files.checkpoint);
  if (files.resume && !continues) job.info("there is no checkpoint: starting from the beginning");
  SplatTrainingState state = continues
                                 ? read_splat_checkpoint(files.checkpoint, run, limits)
                                 : trainer.start(starting_splats(data, config, rng.fork("start")));
  const auto save = [&] {
    if (!files.checkpoint.empty()) write_splat_checkpoint(files.checkpoint, state, run);
  };

  SplatFit fit;
  fit.training_views = static_cast<int>(views.size());
  while (state.iteration < config.iterations) {
    if (job.stop_requested()) {
      save();
      throw Cancelled{job.stop_code()};
    }
    const FitView& view = views[view_of(state.iteration, views.size(), rng)];
    const SplatStep step = trainer.step(state, view.camera, view.target());
    fit.loss = step.loss;
    job.metric("loss", state.iteration, step.loss);
    job.metric("gaussians", state.iteration, static_cast<double>(state.cloud.size()));
    job.progress(state.iteration, config.iterations, "fitting");
    const bool last = state.iteration == config.iterations;
    if (!last && state.iteration % config.checkpoint_every == 0) save();
    if (config.preview_every > 0 && (last || state.iteration % config.preview_every == 0)) {
      const FitView& shown = held_out.empty() ? views.front() : held_out.front();
      const Image preview = beside(
          shown,
          draw(state.cloud, shown.camera, trainer.active_sh_degree(state.iteration), threads).rgb);
      if (!files.preview.empty()) write_image(files.preview, preview);
      if (job.wants_preview()) job.preview(preview, state.iteration);
    }
  }
  fit.iterations = state.iteration;
  fit.cloud = std::move(state.cloud);
  fit.held_out = measure(fit.cloud, held_out, threads, job);
  fit.seconds = watch.milliseconds() / 1000;
  return fit;
}

}  // namespace vane
