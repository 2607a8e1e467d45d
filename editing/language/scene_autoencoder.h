// SPDX-License-Identifier: Apache-2.0
#pragma once
// LangSplat's scene autoencoder (Qin et al. 2024, section 3.3; splatting sheet, section 7.3): CLIP
// features of one scene to three numbers and back.

#include <filesystem>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/limits.h"
#include "engine/base/rng.h"
#include "engine/clip/parameters.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// Numbers of a latent.
constexpr int64_t kLatentWidth = 3;

/// Linear layers of 256, 128, 64, 32, 3 with BatchNorm and ReLU between them, and of 16, 32, 64,
/// 128, 256, 256, dim with ReLU between them; both ends are made unit.
struct SceneAutoencoder {
  struct Linear {
    Tensor weight, bias;  // [out,in], [out]
  };
  struct Norm {
    Tensor weight, bias, running_mean, running_var;  // [width]
  };
  int64_t dim = 512;  // of the features
  std::vector<Linear> encoder, decoder;
  std::vector<Norm> norms;
};

/// Every tensor by the name that it has in the published file ("encoder.0.weight", …).
void visit_parameters(SceneAutoencoder& autoencoder, const ParameterVisitor& visit);

/// PyTorch's initial values: uniform within 1/sqrt(in).
SceneAutoencoder initial_scene_autoencoder(int64_t dim, const Rng& rng);

/// Reads best_ckpt.pth as LangSplat writes it, or the same names in safetensors. Throws
/// Error{checkpoint} for missing names and other shapes.
SceneAutoencoder load_scene_autoencoder(const std::filesystem::path& file,
                                        const Limits& limits = {});
/// Safetensors with the published names.
void save_scene_autoencoder(const std::filesystem::path& file, const SceneAutoencoder& autoencoder);

/// features [N,dim] -> unit latents [N,3], with the running statistics.
Tensor encoded(const SceneAutoencoder& autoencoder, const Tensor& features);
/// latents [N,3] -> unit features [N,dim].
Tensor decoded(const SceneAutoencoder& autoencoder, const Tensor& latents);

/// Along what the loss takes its cosine: of each feature by itself, or, as the released code does,
/// of each of the numbers over the features of a batch.
enum class CosineAxis { feature, batch };

struct AutoencoderTraining {
  CosineAxis cosine = CosineAxis::feature;
  int epochs = 100, batch = 64;
  /// More epochs where a scene has so few masks that there would be fewer steps.
  int64_t least_steps = 2000;
  double learning_rate = 7e-4;
  uint64_t seed = 0;
};

/// (y - x)^2 and cosine as the training weighs them; `made` and `features` [N,dim] unit.
Tensor autoencoder_loss(const Tensor& made, const Tensor& features, CosineAxis cosine);

/// Adam on mean (y - x)^2 + 0.001 (1 - mean cosine of y and x) over the unit rows of `features`
/// [N,dim]; of the last four epochs, the one that does best by the sum of both with running
/// statistics, the cosine being that of each feature then. Throws Error{input} for fewer than
/// two features.
SceneAutoencoder train_scene_autoencoder(const Tensor& features, const AutoencoderTraining& options,
                                         Job& job);

}  // namespace vane
