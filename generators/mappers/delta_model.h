// SPDX-License-Identifier: Apache-2.0
#pragma once
// A delta mapper together with what it was trained on: which styles of which generator it moves, in
// which units, which CLIP it listens to, and how each channel of style moves that CLIP. Source:
// StyleGAN sheet, sections 6.6 and 8.3.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "generators/mappers/delta_mapper.h"
#include "generators/stylegan/style_generator.h"

namespace vane {

struct DeltaModel {
  DeltaMapper mapper;
  /// Of the generator's style table, from coarse to fine: the styles that are moved, end to end
  /// the mapper's channels.
  std::vector<size_t> entries;
  /// The mapper sees (style - mean) / scale and speaks of steps / scale. [channels]; 0 and 1 in
  /// published files, which have no such units.
  Tensor style_mean, style_scale;
  /// [channels,E]: how a step of one scale in each channel turns a unit image embedding. Undefined
  /// in published files, whose matrix is a file of its own.
  Tensor relevance;
  /// Of the unit image embeddings that it was trained with: mean [E] and covariance [E,E].
  /// Undefined in published files.
  Tensor image_mean, image_covariance;
  /// [channels,K] orthonormal: steps in units of the scales lie in the span of these. Undefined in
  /// published files, whose steps may lie anywhere.
  Tensor visible;
  /// Contents of the generator and of the CLIP; empty in published files, which do not tell.
  std::string generator_hash, clip_hash;

  int64_t embedding() const { return mapper.shape.condition / 2; }
};

/// Positions of these names in the table; all layers but toRGB for an empty list. Throws
/// Error{usage} for a name that is not there, one that makes colours, or an order that does not go
/// from coarse to fine.
std::vector<size_t> style_entries(const StyleTable& table, const std::vector<std::string>& names);
/// What the mapper's shape follows from.
std::vector<ConvStyle> conv_styles(const StyleTable& table, const std::vector<size_t>& entries);

/// A file of save_delta_model(), or a published checkpoint for this generator. Throws
/// Error{checkpoint} when it is damaged or was made for another generator or another CLIP
/// (`clip_hash`; empty: not compared), with the command that makes another.
DeltaModel load_delta_model(const std::filesystem::path& path, const StyleGenerator& generator,
                            const std::string& clip_hash, const Limits& limits = {});
/// float16, in the published layout with more tensors beside.
void save_delta_model(const std::filesystem::path& path, const DeltaModel& model,
                      const StyleTable& table);

/// The styles that the model moves, end to end: [N,channels].
Tensor moved_styles(const DeltaModel& model, const StyleCode& code);
/// What the mapper adds to `styles` [N,channels] under the conditions of delta_condition(), in the
/// generator's units. Differentiable.
Tensor model_delta(const DeltaModel& model, const Tensor& styles, const Tensor& condition);
/// What of a step [N,channels] in the generator's units lies in the span of `visible`; all of it
/// without one.
Tensor visible_part(const DeltaModel& model, const Tensor& delta);
/// The code with `delta` [1 or N,channels] added to the styles that the model moves.
StyleCode with_style_delta(const DeltaModel& model, const StyleCode& code, const Tensor& delta);

}  // namespace vane
