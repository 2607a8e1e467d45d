// SPDX-License-Identifier: Apache-2.0
#pragma once
// DeltaEdit's mapper: a step in CLIP space to a step in StyleSpace, for one source. Source: Lyu et
// al. 2023, "DeltaEdit: Exploring Text-free Training for Text-driven Image Manipulation", section
// 3; StyleGAN sheet, sections 6.6 and 8.3.

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/tensor/weights.h"
#include "generators/mappers/mapper_stack.h"

namespace vane {

/// One convolution of a generator as StyleSpace sees it.
struct ConvStyle {
  int64_t resolution = 4, width = 512;
};

/// The convolutions of a StyleGAN2 of that size, channels 512 up to 64 px and halved from there on,
/// in the order of StyleSpace: 6048 channels at 1024 px.
std::vector<ConvStyle> published_conv_styles(int64_t size = 1024);

/// A run of StyleSpace that one part of the mapper moves.
struct DeltaLevel {
  int64_t rows = 0;     // layers of equal width, kept apart; 0: one flat vector
  int64_t width = 512;  // of a row, or of the flat vector
  int64_t channels() const { return width * std::max<int64_t>(rows, 1); }
};

struct DeltaMapperShape {
  std::array<DeltaLevel, 3> levels;  // coarse, medium, fine
  int64_t condition = 1024;          // image embedding and delta, side by side
  int64_t channels() const;
};

/// Coarse up to 8 px, medium up to 32 px, fine above. Layers of equal width stay rows in coarse and
/// medium; fine, and a level of unequal layers, is flat. Throws Error{usage} when a level would be
/// empty.
DeltaMapperShape delta_mapper_shape(std::span<const ConvStyle> convs, int64_t condition = 1024);

struct DeltaMapper {
  DeltaMapperShape shape;
  struct Level {
    MapperStack style, condition, fusion;
  };
  std::array<Level, 3> levels;
  /// Content of the file that it was read from; empty otherwise.
  std::string content_hash;
};

DeltaMapper make_delta_mapper(const DeltaMapperShape& shape);
/// Shows every tensor under its published name: "sm_coarse.mapping.1.weight", …
void visit_parameters(DeltaMapper& mapper, const ParameterVisitor& visit);
/// As the published training starts.
DeltaMapper initial_delta_mapper(const DeltaMapperShape& shape, const Rng& rng);

/// Reads a published checkpoint or safetensors of the same names, for a generator of these
/// convolutions; the width of the condition follows from the file. Throws Error{checkpoint} naming
/// file and keys: tensors missing, left over, of another shape or not finite.
DeltaMapper load_delta_mapper(const std::filesystem::path& path, std::span<const ConvStyle> convs,
                              const Limits& limits = {});
/// The same among the other tensors of a file, which is for the caller to finish().
DeltaMapper read_delta_mapper(const Weights& weights, std::span<const ConvStyle> convs);

/// What the mapper is told: unit image embedding of the source and unit delta, [B,2E]. Both [B,E]
/// or [1,E]. Norms below 1e-5 count as 1e-5, so that a delta of zero stays zero.
Tensor delta_condition(const Tensor& image_embedding, const Tensor& delta);

/// Styles of the convolutions [B,channels] and conditions [B or 1, condition] -> what to add to the
/// styles, [B,channels]. Differentiable in everything. Throws Error{usage} on another shape.
Tensor style_delta(const DeltaMapper& mapper, const Tensor& styles, const Tensor& condition);

/// Whether each channel has to do with a text: |relevance . delta| >= threshold, boolean
/// [channels]. `relevance` [channels,E] is StyleCLIP's matrix; `delta` [E] the difference of two
/// unit text embeddings, NOT normalised; DeltaEdit's threshold is 0.03. Channels that have not
/// get no delta. Throws Error{usage} when the sizes differ.
Tensor relevant_channels(const Tensor& relevance, const Tensor& delta, double threshold = 0.03);

}  // namespace vane
