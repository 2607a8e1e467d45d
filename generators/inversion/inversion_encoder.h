// SPDX-License-Identifier: Apache-2.0
#pragma once
// The published single-pass inversion encoders: a face to W+.
// Sources: Richardson et al. 2021, "Encoding in Style" (pSp); Tov et al. 2021, "Designing an
// Encoder for StyleGAN Image Manipulation" (e4e); StyleGAN sheet, sections 4.1 and 4.2.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "generators/inversion/ir_se_backbone.h"

namespace vane {

/// How the outputs of the style blocks become rows. The tensors of both have the same names.
enum class EncoderKind {
  psp,  // row i is block i
  e4e,  // row 0 is block 0; row i is row 0 plus block i
};

/// A map of 2^n pixels a side to one vector: n convolutions of stride 2 with a leaky ReLU of slope
/// 0.01 behind each, then an equalised linear layer.
struct StyleBlock {
  std::vector<Tensor> weights, biases;  // [S,S,3,3], [S]
  Tensor linear_weight, linear_bias;    // [S,S], scaled by 1/sqrt(S) when applied; [S]
};

struct InversionEncoder {
  EncoderKind kind = EncoderKind::e4e;
  IrSeBackbone backbone;
  /// 1x1 convolutions that bring c2 and c1 to the width of c3.
  Tensor lateral2_weight, lateral2_bias;  // [S,C2,1,1], [S]
  Tensor lateral1_weight, lateral1_bias;  // [S,C1,1,1], [S]
  std::vector<StyleBlock> styles;
  /// [rows,S], added to the rows; undefined for an encoder that was trained without it.
  Tensor latent_avg;
  /// Content of the file that it was read from; empty otherwise.
  std::string content_hash;

  int64_t rows() const { return std::ssize(styles); }
  /// Side of the pictures that it takes.
  static constexpr int64_t kSide = 256;
};

struct Inversion {
  Tensor w_plus;             // [N,rows,S]
  PyramidFeatures features;  // what adapters modulate (generators/mappers/text_adapter.h)
};

/// A network without weights for a generator of that many rows. S is the last width.
InversionEncoder make_inversion_encoder(EncoderKind kind, int64_t rows,
                                        const IrSeWidths& widths = kPublishedIrSeWidths,
                                        int64_t channels = 3);
/// Shows every tensor but latent_avg as "input_layer.0.weight", "styles.3.convs.0.weight", …
void visit_parameters(InversionEncoder& encoder, const ParameterVisitor& visit);

/// Reads a published checkpoint (`state_dict` with `encoder.*` and perhaps the generator's
/// `decoder.*`, `latent_avg`, `opts`) or safetensors of the same names. Rows, widths and input
/// channels follow from the tensors. The kind is that of `opts.encoder_type` (in safetensors the
/// metadata of this name) unless it is given. A single latent_avg row serves all rows.
/// Throws: Error{checkpoint} naming file and keys: tensors missing, left over, of another shape or
///         not finite; an encoder of another type; no latent_avg though the options do not say that
///         it was trained without.
InversionEncoder load_inversion_encoder(const std::filesystem::path& path,
                                        std::optional<EncoderKind> kind = {},
                                        const Limits& limits = {});

/// image [N,channels,256,256] in [-1,1], aligned as FFHQ -> W+. Differentiable in image and
/// parameters.
/// `stage`: e4e applies the blocks 1..stage only, as its progressive training does; at stage 0 all
/// rows are latent_avg plus one and the same vector. Ignored by pSp.
/// Throws Error{usage} on another shape.
Inversion invert(const InversionEncoder& encoder, const Tensor& image,
                 std::optional<int64_t> stage = {});

/// The second half of `invert`: features to rows [N,rows,S], without latent_avg. CLIPInverter sends
/// adapted features through it.
Tensor style_rows(const InversionEncoder& encoder, const PyramidFeatures& features,
                  std::optional<int64_t> stage = {});

}  // namespace vane
