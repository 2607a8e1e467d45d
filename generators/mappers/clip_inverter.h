// SPDX-License-Identifier: Apache-2.0
#pragma once
// CLIPInverter: adapters that let a text move the features inside an inversion encoder, and the
// step that refines the rows of the generator. Source: Baykal et al. 2023, "CLIP-guided StyleGAN
// Inversion for Text-driven Real Image Editing"; StyleGAN sheet, section 6.7.
//
// The published pipeline, `text` being the RAW text embedding (an image embedding edits by
// example):
//   inversion = invert(encoder, image)
//   w  = inversion.w_plus + strength * style_rows(encoder, adapted_features(adapter, features,
//   text)) picture = synthesis of refined_rows(refiner, w, text) for the convolutions and w for
//   ToRGB
// and strength is 0.1.

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/rng.h"
#include "engine/clip/parameters.h"
#include "generators/inversion/inversion_encoder.h"
#include "generators/inversion/pyramid_encoder.h"

namespace vane {

/// out(lrelu(norm(in t))), slope 0.01: text to one number for each channel of a map.
struct TextFunction {
  Tensor in_weight, in_bias;      // [H,E], [H]
  Tensor norm_weight, norm_bias;  // [H]
  Tensor out_weight, out_bias;    // [C,H], [C]
};

/// h = groupnorm(conv(pixelnorm x)); lrelu(h (1 + exp(gamma(t))) + beta(t)), slope 0.01.
struct TextModulation {
  int64_t channels = 512;
  Tensor conv;                    // [C,C,3,3], no bias
  Tensor norm_weight, norm_bias;  // [C], 32 groups
  TextFunction gamma, beta;
};

/// Adapters of c3, c2 and c1; a level that was trained without passes its features on.
struct TextAdapter {
  int64_t embedding = 512, hidden = 512;
  std::optional<TextModulation> coarse, medium, fine;
};

/// Text to a row: linear, ReLU, linear, layer normalisation, ReLU, linear.
struct RowProposal {
  Tensor weight0, bias0;          // [E,E], [E]
  Tensor weight2, bias2;          // [W,E], [W]
  Tensor norm_weight, norm_bias;  // [W]
  Tensor weight5, bias5;          // [W,W], [W]
  Tensor lambda;                  // []: 0.9 lambda of the row is replaced
};

/// Proposals for rows 1 … rows-2, those that convolutions read behind the first.
struct RowRefiner {
  int64_t embedding = 512, width = 512;
  std::vector<RowProposal> proposals;
};

/// What one published file holds. After the first stage of training there is no refiner.
struct ClipInverter {
  TextAdapter adapter;
  std::optional<RowRefiner> refiner;
  /// What the file says of itself; of Vane's own: "generator", "clip" and "encoder", content
  /// hashes.
  std::map<std::string, std::string> facts;
  /// Content of the file that they were read from; empty otherwise.
  std::string content_hash;
};

/// Networks without weights. Widths are those of the encoder that is adapted.
TextAdapter make_text_adapter(const IrSeWidths& widths = kPublishedIrSeWidths,
                              int64_t embedding = 512, int64_t hidden = 512);
RowRefiner make_row_refiner(int64_t rows, int64_t embedding = 512, int64_t width = 512);
/// Shows every tensor under its published name: "coarse_mapping.modulation_module_list.0.conv…" and
/// "affine_mlps.0.0.weight", "lambdas.0", ….
void visit_parameters(TextAdapter& adapter, const ParameterVisitor& visit);
void visit_parameters(RowRefiner& refiner, const ParameterVisitor& visit);

/// Reads a published checkpoint (`state_dict` with `adapter.*` and the generator's `decoder.*`,
/// where `decoder.affine_mlps.*` and `decoder.lambdas.*` are the refiner's) or safetensors of the
/// same names. Throws Error{checkpoint} naming file and keys: tensors missing, left over, of
/// another shape or not finite.
ClipInverter load_clip_inverter(const std::filesystem::path& path, const Limits& limits = {});

/// Under the published names in float16, `facts` as metadata.
void save_clip_inverter(const std::filesystem::path& path, const ClipInverter& inverter,
                        const std::map<std::string, std::string>& facts);

/// As training starts: weights as PyTorch's layers begin, but texts that do nothing yet.
TextAdapter initial_text_adapter(const IrSeWidths& widths, int64_t embedding, int64_t hidden,
                                 const Rng& rng);

/// text [N,E] or [1,E]. Differentiable in everything.
PyramidFeatures adapted_features(const TextAdapter& adapter, const PyramidFeatures& features,
                                 const Tensor& text);

/// w_plus + strength * rows of the adapted features, [N,rows,W]; 0 returns the inversion's own.
Tensor adapted_rows(const InversionEncoder& encoder, const TextAdapter& adapter,
                    const Inversion& inversion, const Tensor& text, double strength = 0.1);

/// The same with Vane's own encoder: face [N,3,S,S] in [0,1] -> w_plus [N,rows,W] that follows the
/// text; at strength 0 encode_face().
Tensor inverter_rows(const PyramidEncoder& encoder, const TextAdapter& adapter, const Tensor& face,
                     const Tensor& text, double strength = 0.1);

/// w_plus [N,rows,W], text [N,E] or [1,E] -> the rows that CONVOLUTIONS read; ToRGB layers, which
/// share the rows' numbers, go on reading w_plus. Throws Error{usage} when the refiner was made for
/// another number of rows.
Tensor refined_rows(const RowRefiner& refiner, const Tensor& w_plus, const Tensor& text);

}  // namespace vane
