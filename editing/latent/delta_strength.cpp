// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/delta_strength.h"

#include <algorithm>
#include <cmath>

#include "engine/base/assets.h"
#include "engine/base/error.h"

namespace vane {

double score_among_pictures(const DeltaModel& model, const Tensor& direction, double deviations) {
  if (!model.image_covariance.defined()) {
    throw Error(ErrorCode::usage, "this delta mapper does not say what pictures it knows");
  }
  const double variance = direction.dot(at::mv(model.image_covariance, direction)).item<double>();
  return model.image_mean.dot(direction).item<double>() +
         deviations * std::sqrt(std::max(0.0, variance));
}

double strength_that_reaches(const std::function<double(double)>& score_at, double wanted,
                             double largest) {
  double before = score_at(0), from = 0, best_score = before, best = 0;
  if (before >= wanted) return 0;
  for (double strength = std::min(1.0, largest); strength > from;
       strength = std::min(2 * strength, largest)) {
    const double score = score_at(strength);
    if (score >= wanted) {
      return from + (strength - from) * (wanted - before) / (score - before);
    }
    if (score > best_score) {
      best_score = score;
      best = strength;
    }
    before = score;
    from = strength;
  }
  return best;
}

std::filesystem::path delta_model_file(const std::filesystem::path& model) {
  namespace fs = std::filesystem;
  const fs::path bundled = assets_folder() / "models" / model;
  const fs::path found = !fs::exists(model) && fs::is_directory(bundled) ? bundled : model;
  return fs::is_directory(found) ? found / "delta.safetensors" : found;
}

}  // namespace vane
