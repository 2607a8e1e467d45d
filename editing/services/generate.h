// SPDX-License-Identifier: Apache-2.0
#pragma once
// `vane generate`: pictures of a generator. No torch here.

#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/config/fields.h"

namespace vane {

struct GenerateRequest {
  std::string generator = "faces";
  int64_t count = 1;
  double truncation = 0.8;
  int64_t truncation_rows = 0;
  std::filesystem::path latent, tuned, output;
  uint64_t seed = 0;
  Limits limits;

  template <class V>
  static void fields(V& v) {
    using C = GenerateRequest;
    v.field("generator", &C::generator,
            "`faces`, a folder with MappingNetwork.xml and SynthesisNetwork.xml, or a StyleGAN2 "
            "checkpoint of rosinality (.pt) or NVlabs (.pkl), or safetensors of either",
            {.placeholder = "G"});
    v.field("count", &C::count, "pictures",
            {.min = 1, .max = 100000, .short_flag = "n", .placeholder = "N"});
    v.field("latent", &C::latent, "safetensors with z [N,512], w [N,512] or w_plus [N,L,512]",
            {.placeholder = "FILE"});
    v.field("tuned", &C::tuned,
            "tuned weights that `vane invert --method pti` or `vane train nada` wrote",
            {.placeholder = "FILE"});
    v.field("truncation", &C::truncation, "1 as drawn, less: nearer to the average picture",
            {.min = 0, .max = 1});
    v.field("truncation-rows", &C::truncation_rows,
            "truncate the first N rows of W+ only, which leaves details as drawn; 0: all",
            {.min = 0, .max = 100, .placeholder = "N"});
    v.field("output", &C::output,
            "picture to write; numbered when there are several; .safetensors: key `images`",
            {.required = true, .short_flag = "o", .placeholder = "OUT"});
  }
};

struct GenerateResult {
  std::string output;
  int64_t pictures = 0, width = 0, height = 0;

  template <class V>
  static void fields(V& v) {
    using C = GenerateResult;
    v.field("output", &C::output, "file, or the first of them");
    v.field("pictures", &C::pictures, "pictures written");
    v.field("width", &C::width, "of a picture");
    v.field("height", &C::height, "of a picture");
  }
};

/// Picture i of a seed is the same for every count. Raw tensors are sRGB, nominally in [0,1], not
/// clamped. w_plus is rendered as it is: truncation applies to z and w. Throws Error{input} when
/// the generator is not installed, Error{checkpoint} for latents of another shape.
GenerateResult generate(const GenerateRequest& request, Job& job);

}  // namespace vane
