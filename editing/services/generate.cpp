// SPDX-License-Identifier: Apache-2.0
#include "editing/services/generate.h"

#include <fmt/format.h>

#include "editing/inversion/latent_file.h"
#include "editing/inversion/tuning_file.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/run/freed_memory.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/style_generator.h"

namespace vane {
namespace {

/// What the request asks for, as w_plus.
LatentFile latents_of(const GenerateRequest& request, const StyleGenerator& model) {
  if (!request.latent.empty()) {
    return load_latents(request.latent, model, request.truncation, request.truncation_rows,
                        request.limits);
  }
  // One by one: products of more rows round differently, and a picture must not depend on `count`.
  std::vector<Tensor> latents;
  for (int64_t i = 0; i < request.count; ++i) {
    latents.push_back(model.map(model.sample_z(request.seed, i)));
  }
  LatentFile drawn;
  const Tensor w = at::cat(latents);
  drawn.w_plus =
      request.truncation_rows == 0
          ? model.truncate(w, request.truncation).unsqueeze(1).repeat({1, model.rows(), 1})
          : model.truncate(w, request.truncation, request.truncation_rows);
  return drawn;
}

std::filesystem::path numbered(const std::filesystem::path& path, int64_t i, int64_t count) {
  if (count == 1) return path;
  return path.parent_path() /
         fmt::format("{}-{:04}{}", path.stem().string(), i, path.extension().string());
}

}  // namespace

GenerateResult generate(const GenerateRequest& request, Job& job) {
  const at::NoGradGuard no_grad;
  keep_freed_memory();
  const bool raw = request.output.extension() == ".safetensors";
  if (!raw) format_for_path(request.output);
  check_writable(request.output);
  const std::unique_ptr<StyleGenerator> loaded =
      load_style_generator(generator_path(request.generator), request.limits);
  const StyleGenerator& model = *loaded;
  const LatentFile latents = latents_of(request, model);
  if (!request.tuned.empty()) load_tuning(request.tuned, *loaded, request.limits);
  const int64_t count = latents.w_plus.size(0);
  GenerateResult result{numbered(request.output, 0, raw ? 1 : count).string(), count, model.size(),
                        model.size()};
  std::vector<Tensor> pictures;
  for (int64_t i = 0; i < count; ++i) {
    job.check_cancelled();
    job.progress(i, count, "generating");
    const Tensor picture = synthesise_latent(model, latents, i);
    if (raw) {
      pictures.push_back(picture);
    } else {
      write_image(numbered(request.output, i, count), tensor_to_image(picture));
    }
  }
  if (raw) save_tensors(request.output, {{"images", at::cat(pictures)}});
  job.progress(count, count, "generating");
  return result;
}

}  // namespace vane
