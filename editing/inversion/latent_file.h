// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files of latents: what `vane invert` writes, and `vane generate`, `vane edit` and
// `vane evaluate` read.

#include <filesystem>
#include <map>
#include <string>

#include "engine/base/limits.h"
#include "engine/tensor/fwd.h"
#include "generators/stylegan/stylegan2.h"

namespace vane {

struct LatentFile {
  Tensor w_plus;  // [N,rows,W]
  /// Maps that were found together with a single latent, for a StyleGAN2; else empty.
  NoiseMaps noise;
  /// Metadata of the file: "generator" is the content hash of the generator whose latents these
  /// are; the rest says where they come from ("photo", "crop", "method", …).
  std::map<std::string, std::string> facts;
};

/// safetensors with z [N,Z], w [N,W] or w_plus [N,rows,W]. z and w are truncated towards the mean,
/// in all rows or, when `truncation_rows` is not 0, in the first rows only; w_plus is taken as it
/// is. Throws Error{checkpoint}: no latent in it, another shape, not finite, or latents of a
/// generator of other weights.
LatentFile load_latents(const std::filesystem::path& path, const StyleGenerator& generator,
                        double truncation = 1, int64_t truncation_rows = 0,
                        const Limits& limits = {});

/// w_plus [N,rows,W] with `facts`, and the generator's content hash under "generator"; maps as
/// "noise.0", "noise.1", …
void save_latents(const std::filesystem::path& path, const Tensor& w_plus,
                  const StyleGenerator& generator, std::map<std::string, std::string> facts = {},
                  const NoiseMaps& noise = {});

/// Picture `i` of a file, with its noise maps where it has any.
Tensor synthesise_latent(const StyleGenerator& generator, const LatentFile& latents, int64_t i);

}  // namespace vane
