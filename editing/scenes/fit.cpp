// SPDX-License-Identifier: Apache-2.0
#include "editing/scenes/fit.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "editing/scenes/splat_fit.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/scene/splat_file.h"

namespace vane {
namespace {

std::filesystem::path beside(const std::filesystem::path& output, const char* ending) {
  std::filesystem::path path = output;
  path += ending;
  return path;
}

/// Before hours are spent on it.
void check_output(const std::filesystem::path& output) {
  const std::string name = output.filename().string();
  const auto ends = [&](std::string_view ending) {
    return name.size() > ending.size() && name.ends_with(ending);
  };
  if (!ends(".ply") && !ends(".splat") && !ends(".spz")) {
    throw Error(ErrorCode::usage, "a scene is written as .ply, .splat or .spz").in_file(output);
  }
  check_writable(output);
}

}  // namespace

FitResult fit(const FitRequest& request, Job& job) {
  if (request.as == "nerf") {
    throw Error(ErrorCode::usage, "a radiance field cannot be fitted yet")
        .at_key("--as nerf")
        .with_hint("use --as splats");
  }
  check_output(request.output);
  const int threads = request.threads > 0
                          ? request.threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  SplatFitFiles files;
  files.dataset = request.dataset;
  files.checkpoint = beside(request.output, ".checkpoint");
  if (request.splats.preview_every > 0) files.preview = beside(request.output, ".preview.png");
  files.resume = request.resume;
  const SplatFit fitted =
      fit_splats(request.splats, files, request.seed, threads, request.limits, job);
  write_splats(request.output, fitted.cloud);
  std::error_code ignored;
  std::filesystem::remove(files.checkpoint, ignored);

  FitResult result;
  result.output = request.output.string();
  result.preview = files.preview.string();
  result.gaussians = fitted.cloud.size();
  result.iterations = fitted.iterations;
  result.training_views = fitted.training_views;
  result.loss = fitted.loss;
  result.seconds = fitted.seconds;
  for (const FitMeasure& view : fitted.held_out) {
    result.held_out.push_back({view.name, view.psnr, view.ssim});
    result.psnr += view.psnr / static_cast<double>(fitted.held_out.size());
    result.ssim += view.ssim / static_cast<double>(fitted.held_out.size());
  }
  if (fitted.held_out.empty()) {
    result.psnr = result.ssim = std::numeric_limits<double>::quiet_NaN();
  }
  return result;
}

}  // namespace vane
