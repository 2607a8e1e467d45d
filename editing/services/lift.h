// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane lift`: what the parts of a scene mean, from its photographs. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct LiftRequest {
  std::filesystem::path scene, dataset, masks, save_masks, autoencoder, save_autoencoder,
      save_checkpoints, output;
  std::vector<std::filesystem::path> checkpoints;
  std::string clip = "clip-mini", crops = "context", method = "direct", segmentation = "scene",
              cosine = "feature";
  double least_overlap = 0.5;
  int64_t iterations = 3000;
  uint64_t seed = 0;  // of langsplat's training; filled from the global --seed
  int long_side = 1080;
  Limits limits{};

  template <class V>
  static void fields(V& v) {
    using C = LiftRequest;
    v.field("scene", &C::scene, "Gaussian splats, any layout",
            {.required = true, .positional = true, .placeholder = "SCENE"});
    v.field("dataset", &C::dataset, "photographs of it with cameras",
            {.required = true, .positional = true, .placeholder = "DATASET"});
    v.field("masks", &C::masks,
            "masks instead of the built-in segmentation: LangSplat's X_s.npy (and X_f.npy), or "
            "pictures X.png of ids",
            {.placeholder = "DIR"});
    v.field("segmentation", &C::segmentation,
            "without --masks, whole things come from the scene's geometry and their parts from the "
            "pictures' colours, or all from colours",
            {.choices = {"scene", "colour"}});
    v.field("save-masks", &C::save_masks,
            "keep masks and features as X_s.npy and X_f.npy; with langsplat the latents of the "
            "features too, in DIR_dim3",
            {.placeholder = "DIR"});
    v.field(
        "method", &C::method,
        "direct: without training; langsplat: three trained numbers a Gaussian and level behind "
        "an autoencoder of the scene",
        {.choices = {"direct", "langsplat"}});
    v.field("iterations", &C::iterations, "views that langsplat trains on; the paper has 30000",
            {.min = 1, .max = 1e7});
    v.field("autoencoder", &C::autoencoder,
            "of langsplat: best_ckpt.pth or the same in safetensors, instead of training one",
            {.placeholder = "FILE"});
    v.field("autoencoder-cosine", &C::cosine,
            "training one: the cosine of each feature, or of each number over a batch, as the "
            "released code has it",
            {.choices = {"feature", "batch"}});
    v.field("save-autoencoder", &C::save_autoencoder,
            "keep langsplat's autoencoder, in safetensors under the published names",
            {.placeholder = "FILE"});
    v.field("checkpoints", &C::checkpoints,
            "of langsplat: chkpnt30000.pth of its three models, small to large, instead of "
            "training; needs --autoencoder",
            {.placeholder = "FILE"});
    v.field("save-checkpoints", &C::save_checkpoints,
            "keep langsplat's three models as NAME_1/chkpntN.pth to NAME_3/chkpntN.pth",
            {.placeholder = "NAME"});
    v.field("clip", &C::clip, "CLIP model: a folder, a checkpoint file or a built-in name",
            {.placeholder = "M"});
    v.field("crops", &C::crops, "how masks are shown to CLIP; cutout: as LangSplat does",
            {.choices = {"cutout", "context", "both"}});
    v.field("least-overlap", &C::least_overlap,
            "masks of different views are one object when they overlap by more; above 1: never",
            {.min = 0, .max = 2});
    v.field("long-side", &C::long_side, "photographs are reduced to it",
            {.min = 64, .max = 8192, .unit = "px"});
    v.field("output", &C::output, "language field to write",
            {.required = true, .short_flag = "o", .placeholder = "LANG"});
  }
};

struct LiftResult {
  std::string output, scene, clip;
  int64_t views = 0, gaussians = 0, masks = 0, bytes = 0;
  struct Level {
    std::string name;
    int64_t objects = 0;
    double seen = 0;  // share of the Gaussians that some mask saw
  };
  std::vector<Level> levels;
  double seconds = 0;
};

/// Lifts the training views. Throws Error{input} for unreadable scenes, data sets, masks and
/// checkpoints, and for checkpoints of another scene; Error{usage} for options that do not go
/// together; then nothing is written.
LiftResult lift(const LiftRequest& request, Job& job);

}  // namespace vane
