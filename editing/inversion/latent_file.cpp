// SPDX-License-Identifier: Apache-2.0
#include "editing/inversion/latent_file.h"

#include "engine/base/error.h"
#include "engine/tensor/weights.h"

namespace vane {
namespace {

constexpr const char* kGeneratorKey = "generator";

std::string noise_name(size_t i) { return "noise." + std::to_string(i); }

NoiseMaps noise_of(const Weights& file, const StyleGenerator& generator) {
  const auto* model = dynamic_cast<const StyleGan2*>(&generator);
  if (model == nullptr || !file.contains(noise_name(0))) return {};
  NoiseMaps maps;
  for (const Tensor& own : model->noise(NoiseMode::constant, 1, Rng(0))) {
    maps.push_back(file.take(noise_name(maps.size()), own.sizes().vec()));
  }
  return maps;
}

}  // namespace

LatentFile load_latents(const std::filesystem::path& path, const StyleGenerator& generator,
                        double truncation, int64_t truncation_rows, const Limits& limits) {
  const Weights file(open_weights(path, limits));
  LatentFile latents;
  latents.facts = file.table().metadata;
  const auto made_for = latents.facts.find(kGeneratorKey);
  if (made_for != latents.facts.end() && made_for->second != generator.content_hash()) {
    throw Error(ErrorCode::checkpoint, "holds latents of another generator")
        .in_file(path)
        .at_key(kGeneratorKey);
  }
  const auto truncated = [&](const Tensor& w) {
    return truncation_rows == 0 ? generator.truncate(w, truncation)
                                : generator.truncate(w, truncation, truncation_rows);
  };
  Tensor w;
  if (file.contains("w_plus")) {
    w = file.take("w_plus", {-1, generator.rows(), generator.w_dim()});
  } else if (file.contains("w")) {
    w = truncated(file.take("w", {-1, generator.w_dim()}));
  } else {
    w = truncated(generator.map(file.take("z", {-1, generator.z_dim()})));
  }
  latents.noise = noise_of(file, generator);
  file.finish(false);
  if (w.size(0) == 0) throw Error(ErrorCode::checkpoint, "holds no latent").in_file(path);
  latents.w_plus = w.dim() == 3 ? w : w.unsqueeze(1).repeat({1, generator.rows(), 1});
  return latents;
}

void save_latents(const std::filesystem::path& path, const Tensor& w_plus,
                  const StyleGenerator& generator, std::map<std::string, std::string> facts,
                  const NoiseMaps& noise) {
  facts[kGeneratorKey] = generator.content_hash();
  std::map<std::string, Tensor> tensors{{"w_plus", w_plus}};
  for (size_t i = 0; i < noise.size(); ++i) tensors[noise_name(i)] = noise[i];
  save_tensors(path, tensors, facts);
}

Tensor synthesise_latent(const StyleGenerator& generator, const LatentFile& latents, int64_t i) {
  const Tensor w_plus = latents.w_plus.narrow(0, i, 1);
  if (latents.noise.empty()) return generator.synthesise(w_plus);
  return dynamic_cast<const StyleGan2&>(generator).synthesise(w_plus, latents.noise);
}

}  // namespace vane
