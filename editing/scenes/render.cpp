// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/render.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>

#include "editing/scenes/camera_path.h"
#include "editing/scenes/fit_views.h"
#include "editing/scenes/frame_output.h"
#include "editing/scenes/photometric_loss.h"
#include "engine/base/error.h"
#include "engine/base/stopwatch.h"
#include "engine/scene/splat_file.h"
#include "engine/video/video_file.h"
#include "generators/splats/splat_raster.h"

namespace vane {
namespace {

void check_request(const RenderRequest& request) {
  const int ways = (request.view >= 0) + !request.camera.empty() + !request.path.empty();
  if (ways != 1) {
    throw Error(ErrorCode::usage, "say what is drawn by one of --view, --camera and --path");
  }
  if (request.view >= 0 && request.dataset.empty()) {
    throw Error(ErrorCode::usage, "--view counts the views of a data set")
        .with_hint("name it with --dataset DIR");
  }
}

std::vector<Camera> turntable_cameras(const RenderRequest& request, const SplatCloud& cloud,
                                      const std::optional<SceneData>& data) {
  const auto frames = static_cast<int>(request.frames);
  if (!data || data->views.empty()) {
    return turntable(orbit_of(cloud, usual_camera()), usual_camera(), frames);
  }
  std::vector<Camera> cameras;
  for (const SceneView& view : data->views) cameras.push_back(view.camera);
  return turntable(orbit_of(cameras), cameras.front(), frames);
}

std::vector<Camera> cameras_of(const RenderRequest& request, const SplatCloud& cloud,
                               const std::optional<SceneData>& data) {
  if (request.view >= 0) {
    const auto view = static_cast<size_t>(request.view);
    if (view >= data->views.size()) {
      throw Error(ErrorCode::usage, "there is no such view; the data set has " +
                                        std::to_string(data->views.size()) + ", from 0")
          .at_key("--view " + std::to_string(request.view));
    }
    return {data->views[view].camera};
  }
  if (!request.camera.empty()) return read_cameras(request.camera);
  if (request.path == "turntable") return turntable_cameras(request, cloud, data);
  return read_cameras(request.path);
}

Camera fitted(const Camera& full, int64_t max_side, bool even) {
  const Camera camera = max_side > 0 ? full.at_most(max_side) : full;
  if (!even) return camera;
  // The codecs of films halve the sides of the colours.
  const int width = camera.width + camera.width % 2, height = camera.height + camera.height % 2;
  return width == camera.width && height == camera.height ? camera : camera.resized(width, height);
}

}  // namespace

RenderResult render(const RenderRequest& request, Job& job) {
  check_request(request);
  std::optional<SceneData> data;
  if (!request.dataset.empty()) data = read_scene_data(request.dataset, request.limits);
  const SplatFile file = read_splats(request.scene, request.limits);
  if (file.dropped > 0) {
    job.warn(std::to_string(file.dropped) + " rows that cannot be drawn were left out");
  }
  std::vector<Camera> cameras = cameras_of(request, file.cloud, data);
  const bool film = is_writable_video_name(request.output);
  for (Camera& camera : cameras) camera = fitted(camera, request.max_side, film);
  const FrameKinds kinds{request.depth, request.alpha, request.normal};
  const auto total = static_cast<int64_t>(cameras.size());
  const auto output = make_frame_output(request.output, total, request.fps, kinds);

  RenderResult result;
  result.output = request.output.string();
  result.gaussians = file.cloud.size();
  result.width = cameras.front().width;
  result.height = cameras.front().height;
  RasterOptions options;
  options.active_sh_degree = static_cast<int>(request.sh_degree);
  options.threads = request.threads > 0
                        ? request.threads
                        : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (const Camera& camera : cameras) {
    job.check_cancelled();
    job.progress(result.frames, total, "rendering");
    const Stopwatch watch;
    const SplatPicture picture =
        SplatRaster(file.cloud, camera, options).draw(kinds.depth, kinds.normal);
    result.seconds += watch.milliseconds() / 1000;
    output->add(picture, job);
    ++result.frames;
    if (request.view < 0) continue;
    const auto views =
        read_fit_views(*data, {static_cast<size_t>(request.view)},
                       request.max_side > 0 ? request.max_side : 16384, request.limits, job);
    const std::vector<float> target = views.front().target();
    if (target.size() != picture.rgb.size()) continue;  // a film of odd size
    result.psnr = picture_psnr(picture.rgb, target);
    result.ssim = mean_ssim(picture.rgb, target, camera.width, camera.height, options.threads);
  }
  job.progress(total, total, "rendering");
  output->finish(job);
  return result;
}

}  // namespace vane
