// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane fit`: photographs with cameras become a scene. No torch.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "editing/scenes/splat_fit_config.h"
#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct FitRequest {
  std::filesystem::path dataset, output;
  std::string as = "splats";
  bool resume = false;
  SplatFitConfig splats;
  int threads = 0;
  uint64_t seed = 0;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = FitRequest;
    v.field("dataset", &C::dataset,
            "a COLMAP project, or a folder with transforms.json (nerfstudio, toybox) or "
            "transforms_train.json (Blender)",
            {.required = true, .positional = true, .placeholder = "DATASET"});
    v.field("as", &C::as, "what the scene becomes", {.choices = {"splats", "nerf"}});
    v.field("output", &C::output,
            "scene to write (.ply, .splat, .spz); OUT.preview.png and, while it is being fitted, "
            "OUT.checkpoint lie beside it",
            {.required = true, .short_flag = "o", .placeholder = "SCENE"});
    v.field("resume", &C::resume, "continue from OUT.checkpoint of a run that was cut");
    v.field("splats", &C::splats, "how splats are fitted");
  }
};

struct FittedView {
  std::string name;
  double psnr = 0, ssim = 0;

  template <class V>
  static void fields(V& v) {
    using C = FittedView;
    v.field("name", &C::name, "picture of the data set");
    v.field("psnr", &C::psnr, "dB");
    v.field("ssim", &C::ssim, "1: the same");
  }
};

struct FitResult {
  std::string output, preview;
  int64_t gaussians = 0, iterations = 0, training_views = 0;
  /// Means over the held-out views; not a number without any.
  double psnr = 0, ssim = 0, loss = 0, seconds = 0;
  std::vector<FittedView> held_out;

  template <class V>
  static void fields(V& v) {
    using C = FitResult;
    v.field("output", &C::output, "scene");
    v.field("preview", &C::preview, "a held-out view, photographed and drawn; or empty");
    v.field("gaussians", &C::gaussians, "of the scene");
    v.field("iterations", &C::iterations, "in all");
    v.field("training_views", &C::training_views, "views that were fitted to");
    v.field("psnr", &C::psnr, "mean over the held-out views, dB");
    v.field("ssim", &C::ssim, "mean over the held-out views");
    v.field("loss", &C::loss, "of the last iteration");
    v.field("seconds", &C::seconds, "of this run");
    v.field("held_out", &C::held_out, "one entry a view that was not fitted to");
  }
};

/// Throws Error; Cancelled with the checkpoint written.
FitResult fit(const FitRequest& request, Job& job);

}  // namespace vane
