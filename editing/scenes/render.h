// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane render`: a scene as cameras see it. No torch.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct RenderRequest {
  std::filesystem::path scene, dataset, camera, output;
  std::string path;
  int64_t view = -1, frames = 60, sh_degree = 3;
  double fps = 25;
  int64_t max_side = 0;
  bool depth = false, alpha = false, normal = false;
  int threads = 0;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = RenderRequest;
    v.field("scene", &C::scene, "splats of any layout (.ply, .splat, .spz, .sog)",
            {.required = true, .positional = true, .placeholder = "SCENE"});
    v.field("dataset", &C::dataset, "the data set that --view counts in; turntables follow it",
            {.placeholder = "DIR"});
    v.field("view", &C::view, "number of a view, in the order of the names, from 0",
            {.min = -1, .max = 1e9, .placeholder = "N"});
    v.field("camera", &C::camera, "a camera file, of one or of several", {.placeholder = "C.json"});
    v.field("path", &C::path, "turntable, or a camera file with the frames of a film",
            {.placeholder = "turntable|FILE"});
    v.field("frames", &C::frames, "of a turntable", {.min = 1, .max = 100000});
    v.field("fps", &C::fps, "frames a second of a film", {.min = 1, .max = 240});
    v.field("max-side", &C::max_side, "reduce pictures to this longer side; 0: as the cameras say",
            {.min = 0, .max = 16384, .unit = "px"});
    v.field("sh-degree", &C::sh_degree, "leave higher bands of colour out", {.min = 0, .max = 3});
    v.field("depth", &C::depth,
            "also OUT-depth, mean distance along the axis of view, near is white");
    v.field("alpha", &C::alpha, "also OUT-alpha, where something is");
    v.field("normal", &C::normal, "also OUT-normal, directions of surfaces in the world");
    v.field("output", &C::output,
            "picture, film (.mp4 .mov .mkv .avi), folder, or .safetensors with images [N,3,H,W] "
            "(and depth, alpha [N,1,H,W], normal [N,3,H,W]); several pictures become one strip",
            {.required = true, .short_flag = "o", .placeholder = "OUT"});
  }
};

struct RenderResult {
  std::string output;
  int64_t frames = 0, width = 0, height = 0, gaussians = 0;
  double seconds = 0;
  /// With --view: how near the photograph is; else not a number.
  double psnr = std::numeric_limits<double>::quiet_NaN(),
         ssim = std::numeric_limits<double>::quiet_NaN();

  template <class V>
  static void fields(V& v) {
    using C = RenderResult;
    v.field("output", &C::output, "file or folder");
    v.field("frames", &C::frames, "pictures drawn");
    v.field("width", &C::width, "of the first picture");
    v.field("height", &C::height, "of the first picture");
    v.field("gaussians", &C::gaussians, "of the scene");
    v.field("seconds", &C::seconds, "of drawing, without reading and writing");
    v.field("psnr", &C::psnr, "--view: against the photograph, dB");
    v.field("ssim", &C::ssim, "--view: against the photograph");
  }
};

/// Throws Error{usage} unless exactly one of --view, --camera and --path says what is drawn.
RenderResult render(const RenderRequest& request, Job& job);

}  // namespace vane
