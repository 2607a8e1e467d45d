// SPDX-License-Identifier: Apache-2.0
#include "editing/latent/delta_edit.h"

#include <fmt/format.h>

#include <tuple>

#include "engine/base/assets.h"
#include "engine/base/error.h"

namespace vane {
namespace {

constexpr double kSmallestDirection = 1e-3;  // sheet 10.9: below it two phrases say the same

void check_width(const DeltaModel& model, const Tensor& embedding, const char* what) {
  if (embedding.dim() == 1 && embedding.size(0) == model.embedding()) return;
  throw Error(ErrorCode::usage, fmt::format("{} must be [{}], as the delta mapper's CLIP makes it",
                                            what, model.embedding()));
}

Tensor unit_vector(const Tensor& x) { return x / x.norm(); }

/// 1 where a channel has to do with the direction, [channels].
Tensor relevance_mask(const DeltaModel& model, const Tensor& direction, double share) {
  if (!model.relevance.defined() || share <= 0) return {};
  const double largest = at::mv(model.relevance, direction).abs().max().item<double>();
  return relevant_channels(model.relevance, direction, share * largest).to(direction.options());
}

}  // namespace

Tensor picture_direction(const DeltaModel& model, const Tensor& direction, double alignment) {
  check_width(model, direction, "a direction");
  if (direction.norm().item<double>() < kSmallestDirection) {
    throw Error(ErrorCode::usage, "the direction leads nowhere");
  }
  const Tensor own = unit_vector(direction);
  if (!model.image_covariance.defined() || alignment == 0) return own;
  const auto [values, vectors] = at::linalg_eigh(model.image_covariance);
  const Tensor gains = values.clamp_min(0).pow(alignment);
  return unit_vector(at::mv(vectors, gains * at::mv(vectors.t(), own)));
}

StyleCode delta_edit(const DeltaModel& model, const StyleGenerator& generator, const Tensor& w_plus,
                     const Tensor& image_embedding, const Tensor& direction,
                     const DeltaEditOptions& options) {
  check_width(model, image_embedding, "an image embedding");
  const Tensor step = picture_direction(model, direction, options.alignment);
  const StyleCode code = generator.styles(w_plus);
  const Tensor styles = moved_styles(model, code);
  const Tensor image = image_embedding.unsqueeze(0);
  const auto along = [&](double sign) {
    return model_delta(model, styles, delta_condition(image, (sign * step).unsqueeze(0)));
  };
  Tensor delta = options.contrast ? (along(1) - along(-1)) * 0.5 : along(1);
  if (options.visible) delta = visible_part(model, delta);
  const Tensor mask = relevance_mask(model, step, options.relevance);
  if (mask.defined()) delta = delta * mask;
  StyleCode none;
  for (const Tensor& style : code) none.push_back(at::zeros_like(style));
  return with_style_delta(model, none, delta * options.alpha);
}

std::filesystem::path delta_model_file(const std::filesystem::path& model) {
  namespace fs = std::filesystem;
  const fs::path bundled = assets_folder() / "models" / model;
  const fs::path found = !fs::exists(model) && fs::is_directory(bundled) ? bundled : model;
  return fs::is_directory(found) ? found / "delta.safetensors" : found;
}

DeltaEditor load_delta_editor(const std::filesystem::path& path, const StyleGenerator& generator,
                              const std::string& clip_hash, const Limits& limits) {
  DeltaModel model = load_delta_model(path, generator, clip_hash, limits);
  LatentProjection projection(model, generator);
  return {std::move(model), std::move(projection)};
}

DeltaStep delta_latent_step(const DeltaEditor& editor, const StyleGenerator& generator,
                            const Tensor& w_plus, const Tensor& image_embedding,
                            const Tensor& direction, const DeltaEditOptions& options) {
  const StyleCode step =
      delta_edit(editor.model, generator, w_plus, image_embedding, direction, options);
  return editor.projection.latent_step(moved_styles(editor.model, step));
}

}  // namespace vane
