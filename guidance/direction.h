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
  /// [D] the unit features that it leads between, where they are worth keeping: the means of the
  /// two sets of a residual direction (tau follows from them), the prompts of a learned pair.
  /// Undefined for the other kinds.
  Tensor from_point, to_point;
};

/// The two published ways to average over templates; they differ when raw lengths differ.
enum class TemplateAveraging {
  normalise_first,  // StyleGAN-NADA (Gal et al. 2021): n(mean_j(n(T(to_j)) - n(T(from_j))))
  average_first,    // CLIPstyler (Kwon & Ye 2022): n(n(mean_j T(to_j)) - n(mean_j T(from_j)))
};

/// Direction between two phrases, each put into every template of the named set
/// (engine/text/templates.h). Throws Error{usage} when the phrases give the same embedding or the
/// set is unknown.
Direction text_direction(const ClipEncoder& clip, const std::string& from, const std::string& to,
                         const std::string& templates = "none",
                         TemplateAveraging averaging = TemplateAveraging::normalise_first);
/// From one picture to another (exemplar): n(n(I_to) - n(I_from)), exact preprocessing.
/// Throws Error{usage} when the pictures give the same embedding.
Direction image_direction(const ClipEncoder& clip, const Image& from, const Image& to);
/// From a picture as tensor [N,3,H,W] to another: differentiable preprocessing, batch mean.
Direction image_direction(const ClipEncoder& clip, const Tensor& from, const Tensor& to);
/// RAVE residual vector n(mu_to - mu_from), mu = n(mean_i n(I_i)), tau = <mu_to, vector> (Gaintseva
/// et al. 2024). Inputs are image features [N,D] (made unit here), N >= 1.
/// Throws Error{usage} for an empty set, another width or equal means.
Direction residual_direction(const Tensor& from_features, const Tensor& to_features,
                             const std::string& model_hash = {});
/// Residual whitened by the pooled covariance, w = n(P (mu_to - mu_from)) with the shrunk precision
/// P = D ((n-1) C + tr(C) I)^-1 (Wang et al. 2024, "A hard-to-beat baseline"; clip sheet 5, GDA),
/// solved by Cholesky in float64; C, mu over the unit features. tau as for the plain residual.
/// Throws Error{usage} also when no set varies (a picture each leaves nothing to whiten by).
Direction whitened_residual_direction(const Tensor& from_features, const Tensor& to_features,
                                      const std::string& model_hash = {});

/// Great-circle mixture; t = 0 is `a`, t = 1 is `b`. Throws Error{usage} when they are opposite or
/// belong to different models.
Direction mix(const Direction& a, const Direction& b, float t);
/// The way back; origin entries "from" and "to" change places, tau is forgotten.
Direction negated(const Direction& direction);
/// Multiplies the magnitude; a negative factor also turns the vector round.
/// Throws Error{usage} for zero or a factor that is not finite.
Direction scaled(const Direction& direction, float factor);

/// Throws Error{checkpoint} when the direction has another width than the model, or was made with
/// another model (an empty hash on either side is not compared).
void check_same_model(const Direction& direction, const ClipEncoder& clip);

/// safetensors with key `direction` [D], its points where it has them, `more` tensors for other
/// readers, and metadata {kind, model_hash, magnitude, tau, origin.*}.
void save_direction(const std::filesystem::path& path, const Direction& direction,
                    const std::map<std::string, Tensor>& more = {});
/// Throws Error{checkpoint} for another kind of file, and Error{checkpoint} when it belongs to
/// another model than `clip` (unless `clip` is null). A vector of another length is made unit.
Direction load_direction(const std::filesystem::path& path, const ClipEncoder* clip);

}  // namespace vane
