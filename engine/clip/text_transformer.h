// SPDX-License-Identifier: Apache-2.0
#pragma once
// The text tower (clip sheet 1.3).

#include <string>
#include <vector>

#include "engine/clip/attention.h"
#include "engine/clip/clip_config.h"
#include "engine/clip/parameters.h"

namespace vane {

/// Tensors of a text tower; D = config.width, E = embed_dim, V = vocabulary, C = context length.
struct TextTransformer {
  TextConfig config;
  int64_t embed_dim = 512;
  Tensor token_embedding;       // [V,D]
  Tensor positional_embedding;  // [C,D]
  std::vector<ResidualBlock> blocks;
  LayerNorm ln_final;
  Tensor text_projection;  // [D,E]; undefined: the embedding is the pooled row itself
  Tensor projection_bias;  // [E] or undefined
};

TextTransformer make_text_transformer(const TextConfig& config, int64_t embed_dim);
/// Shows every tensor as token_embedding.weight, transformer.resblocks.0.ln_1.weight, …
void visit_parameters(TextTransformer& tower, const ParameterVisitor& visit);

/// Raw embeddings [N,E] of token ids int64 [N,T], T <= C, pooled at the end positions int64 [N] (or
/// where the configuration says). Differentiable in every parameter.
/// Throws Error{usage} for an id outside the vocabulary or an end position outside the row.
Tensor text_transformer(const TextTransformer& tower, const Tensor& ids, const Tensor& end,
                        bool trim = true);
/// The same from already embedded tokens [N,T,D] without positions.
Tensor text_transformer_of_vectors(const TextTransformer& tower, const Tensor& vectors,
                                   const Tensor& end);
/// The same with the softmax of the last `layers` blocks written out: `attention` receives their
/// [N,heads,T,T], first of them first. For attribution (clip sheet 5, word misalignment).
Tensor text_transformer_with_attention(const TextTransformer& tower, const Tensor& ids,
                                       const Tensor& end, int64_t layers,
                                       std::vector<Tensor>& attention);

/// Where the text ends in rows of ids.
enum class EndRule {
  /// First position of the largest id: the published models, also Hugging Face `eos_token_id: 2`.
  argmax,
  /// First position of Tokenizer::kEnd: right also when ids were added above it.
  end_token,
};
/// int64 [N,T] -> [N]. Throws Error{usage} when a row has no end token.
Tensor end_positions(const Tensor& ids, EndRule rule);

}  // namespace vane
