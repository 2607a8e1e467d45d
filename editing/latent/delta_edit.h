// SPDX-License-Identifier: Apache-2.0
#pragma once
// DeltaEdit's edit of one latent: a direction in CLIP space becomes a step in StyleSpace that
// depends on the source. Nothing here knows words or attributes: a direction may come from phrases,
// from an example, or from anything else. Source: StyleGAN sheet, sections 6.6 and 8.3.

#include <filesystem>

#include "editing/latent/latent_projection.h"
#include "engine/tensor/fwd.h"
#include "generators/mappers/delta_model.h"

namespace vane {

struct DeltaEditOptions {
  /// Channels whose relevance to the direction is below this share of the largest stay; 0 moves
  /// all. The published 0.03 is an absolute number for another matrix: see relevant_channels().
  double relevance = 0;
  /// How much of the correlation between embeddings of pictures the direction goes along with: 0
  /// takes the direction as it is, 1 its image under their covariance: the step between pictures
  /// that a higher score along the direction makes likely.
  double alignment = 1;
  /// Half the difference of the steps along and against the direction. The step that the mapper
  /// was trained for also leads towards the mean of all pictures, which is the same in both.
  bool contrast = true;
  /// Only what of the step lies where the mapper was trained to step; the rest is its noise.
  bool visible = true;
  /// Multiplies the step.
  double alpha = 1;
};

/// The direction [E] as steps between pictures have it, unit. Without a covariance in the model it
/// is the direction. Throws Error{usage} for a direction of another width or of length 0.
Tensor picture_direction(const DeltaModel& model, const Tensor& direction, double alignment);

/// What to add to the styles of w_plus [1,rows,W] at full strength: one [1,C] for each layer of the
/// generator's table, zeros where nothing moves. `image_embedding` [E] is that of the picture that
/// is edited, `direction` [E] the difference of two unit embeddings. Throws Error{usage} when they
/// are of another width than the model's CLIP.
StyleCode delta_edit(const DeltaModel& model, const StyleGenerator& generator, const Tensor& w_plus,
                     const Tensor& image_embedding, const Tensor& direction,
                     const DeltaEditOptions& options = {});

/// A model and its way into W+.
struct DeltaEditor {
  DeltaModel model;
  LatentProjection projection;
};
/// delta.safetensors of a folder, a file as it is, or the model of that name that comes with the
/// program.
std::filesystem::path delta_model_file(const std::filesystem::path& model);

/// As load_delta_model().
DeltaEditor load_delta_editor(const std::filesystem::path& path, const StyleGenerator& generator,
                              const std::string& clip_hash, const Limits& limits = {});

/// The step in W+ that most likely makes the step of delta_edit(): what to add at full strength.
DeltaStep delta_latent_step(const DeltaEditor& editor, const StyleGenerator& generator,
                            const Tensor& w_plus, const Tensor& image_embedding,
                            const Tensor& direction, const DeltaEditOptions& options = {});

}  // namespace vane
