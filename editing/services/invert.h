// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane invert`: a photograph's face as a generator's latent. No torch here; what other services
// call is editing/portraits/invert_face.h.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct InvertRequest {
  std::filesystem::path input, encoder, start, lpips, lpips_linear, tuned, picture, report, output;
  std::string generator = "faces", method = "optimise", face = "largest", clip = "clip-mini";
  std::string space = "w";
  bool aligned = false, locality = false;
  int64_t steps = 0;
  uint64_t seed = 0;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = InvertRequest;
    v.field("input", &C::input, "photograph with a face",
            {.required = true, .positional = true, .placeholder = "IMAGE"});
    v.field("generator", &C::generator, "`faces`, a folder or a checkpoint as for `vane generate`",
            {.placeholder = "G"});
    v.field(
        "method", &C::method,
        "encoder: one pass; optimise: rows of W+ from there; pti: and then the generator itself; "
        "project: StyleGAN2's projector, with noise maps",
        {.choices = {"encoder", "optimise", "pti", "project"}});
    v.field("face", &C::face, "number of the face, 1 the largest", {.placeholder = "N"});
    v.field("aligned", &C::aligned, "the picture is an aligned square already: take it as it is");
    v.field("encoder", &C::encoder,
            "a pSp or e4e checkpoint, or one of `vane train inversion`, instead of Vane's own",
            {.placeholder = "FILE"});
    v.field("start", &C::start, "latents to start from instead of an encoder's",
            {.placeholder = "FILE"});
    v.field("steps", &C::steps, "of the method (of pti: of the tuning); 0: its own number",
            {.min = 0, .max = 100000, .placeholder = "N"});
    v.field("space", &C::space, "of `project`: one vector for all rows, or each row by itself",
            {.choices = {"w", "w_plus"}});
    v.field("locality", &C::locality,
            "with pti: hold the generator to what it was at other latents");
    v.field("clip", &C::clip, "a CLIP with a ResNet tower, which compares pictures",
            {.placeholder = "MODEL"});
    v.field("lpips", &C::lpips, "weights of LPIPS, which compares instead",
            {.placeholder = "FILE"});
    v.field("lpips-linear", &C::lpips_linear,
            "its linear layers, where they are a file of their own", {.placeholder = "FILE"});
    v.field("tuned", &C::tuned,
            "with pti: the tuned weights to write, as differences; LATENT.tuned.safetensors by "
            "default",
            {.placeholder = "FILE"});
    v.field("picture", &C::picture, "write the crop and its reconstruction side by side",
            {.placeholder = "FILE"});
    v.field("report", &C::report, "write a JSON report", {.placeholder = "FILE"});
    v.field("output", &C::output, "latents to write, for `vane generate --latent` and `vane edit`",
            {.required = true, .short_flag = "o", .placeholder = "LATENT.safetensors"});
  }
};

struct InvertResult {
  std::string output, method, started_from;
  /// The tuned weights; empty for other methods.
  std::string tuned;
  /// At 256 px in dB; stage distance or LPIPS there; by dlib, 1 the same picture and 0 a stranger,
  /// NaN where it cannot be told.
  double psnr = 0, distance = 0, identity = std::numeric_limits<double>::quiet_NaN();
  double seconds = 0;
  int64_t steps = 0;
  bool cancelled = false;
  std::vector<std::string> warnings;
};

/// Writes w_plus with facts in its metadata: "photo", its size and, unless it was aligned, where
/// "crop" lies in it (JSON: "middle" and "half_width" of FaceCrop), "method", "started_from",
/// "encoder", "seed", "tuned". A stop request writes the best so far. Throws as `invert_face`.
InvertResult invert_photo(const InvertRequest& request, Job& job);

}  // namespace vane
