// SPDX-License-Identifier: Apache-2.0
#pragma once
// A direction in CLIP space: where to, how it was obtained, how strong.

#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "engine/base/job.h"
#include "engine/clip/clip_encoder.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// Unit vector in the embedding space of one CLIP model, with its origin.
struct Direction {
  /// [D] float32, unit norm.
  Tensor vector;
  /// Length of the difference before normalisation; compares how far two sources are apart.
  float magnitude = 1.f;
  /// "text", "image", "residual", "mix", "difference", "prompts", …
  std::string kind;
  /// What it was made from, for people: {"from": "a photo", "to": "a warm photo", "count_from":
  /// "12"}.
  std::map<std::string, std::string> origin;
  /// ClipInfo::hash of the model that it belongs to.
  std::string model_hash;
  /// RAVE threshold <mu_to, vector> for residual directions; NaN otherwise.
  float tau = std::numeric_limits<float>::quiet_NaN();
};

/// n(mean_j n(T(to_j)) - n(T(from_j))) over the templates j (StyleGAN-NADA averaging order).
/// Throws Error{usage} when the phrases give the same embedding.
Direction text_direction(const ClipEncoder& clip, const std::string& from, const std::string& to,
                         const std::string& templates = "none");
/// From one picture to another (exemplar).
Direction image_direction(const ClipEncoder& clip, const Image& from, const Image& to);
/// RAVE residual vector n(mu_to - mu_from), mu = n(mean n(I)); inputs are unit features [N,D].
Direction residual_direction(const Tensor& from_features, const Tensor& to_features);

/// Great-circle mixture; t = 0 is `a`, t = 1 is `b`. Throws Error{usage} when they are opposite or
/// belong to different models.
Direction mix(const Direction& a, const Direction& b, float t);
Direction negated(const Direction& direction);
Direction scaled(const Direction& direction, float factor);

/// safetensors with key `direction` [D] and metadata {kind, model_hash, magnitude, tau, origin.*}.
void save_direction(const std::filesystem::path& path, const Direction& direction);
/// Throws Error{checkpoint} for another kind of file, and Error{checkpoint} when it belongs to
/// another model than `clip` (unless `clip` is null).
Direction load_direction(const std::filesystem::path& path, const ClipEncoder* clip);

}  // namespace vane
