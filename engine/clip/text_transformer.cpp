// SPDX-License-Identifier: Apache-2.0
#include "engine/clip/text_transformer.h"

#include "engine/base/error.h"
#include "engine/text/tokenizer.h"

namespace vane {
namespace {

void check_ids(const TextTransformer& tower, const Tensor& ids, const Tensor& end) {
  if (ids.dim() != 2 || ids.scalar_type() != at::kLong || ids.numel() == 0) {
    throw Error(ErrorCode::usage, "token ids must be a filled int64 tensor [N,T]");
  }
  const int64_t largest = ids.max().item<int64_t>();
  if (ids.min().item<int64_t>() < 0 || largest >= tower.config.vocab_size) {
    throw Error(ErrorCode::usage, "token id " + std::to_string(largest) +
                                      " is outside the vocabulary of " +
                                      std::to_string(tower.config.vocab_size));
  }
  if (end.numel() != ids.size(0)) {
    throw Error(ErrorCode::usage, "one end position is needed for every row of token ids");
  }
}

void check_length(const TextTransformer& tower, int64_t length, const Tensor& end) {
  if (length > tower.config.context_length) {
    throw Error(ErrorCode::usage, std::to_string(length) + " tokens do not fit the context of " +
                                      std::to_string(tower.config.context_length));
  }
  if (end.min().item<int64_t>() < 0 || end.max().item<int64_t>() >= length) {
    throw Error(ErrorCode::usage, "an end position lies outside its row of token ids");
  }
}

/// Position that is pooled, by row.
Tensor pooled_positions(const TextTransformer& tower, const Tensor& end, int64_t length) {
  switch (tower.config.pool) {
    case TextConfig::Pool::first:
      return at::zeros_like(end);
    case TextConfig::Pool::last:
      return at::full_like(end, length - 1);
    case TextConfig::Pool::end_token:
      break;
  }
  return end;
}

Tensor embedded(const TextTransformer& tower, const Tensor& ids) {
  return at::embedding(tower.token_embedding, ids.to(tower.token_embedding.device()));
}

Tensor projected(const TextTransformer& tower, const Tensor& rows) {
  const Tensor x = tower.ln_final(rows);
  if (!tower.text_projection.defined()) return x;
  const Tensor out = at::matmul(x, tower.text_projection);
  return tower.projection_bias.defined() ? out + tower.projection_bias : out;
}

/// With causal attention nothing behind the last pooled token can matter.
int64_t useful_length(const TextTransformer& tower, const Tensor& end, int64_t length) {
  const bool cut = tower.config.causal && tower.config.pool == TextConfig::Pool::end_token;
  return cut ? end.max().item<int64_t>() + 1 : length;
}

}  // namespace

TextTransformer make_text_transformer(const TextConfig& config, int64_t embed_dim) {
  TextTransformer tower;
  tower.config = config;
  tower.embed_dim = config.projection ? embed_dim : config.width;
  tower.ln_final.epsilon = config.epsilon;
  for (const BlockShape& shape : config.blocks) {
    ResidualBlock block;
    block.shape = shape;
    block.activation = config.activation;
    block.ln_1.epsilon = block.ln_2.epsilon = config.epsilon;
    tower.blocks.push_back(std::move(block));
  }
  return tower;
}

void visit_parameters(TextTransformer& tower, const ParameterVisitor& visit) {
  const TextConfig& config = tower.config;
  const int64_t width = config.width;
  visit("token_embedding.weight", tower.token_embedding, {config.vocab_size, width});
  visit("positional_embedding", tower.positional_embedding, {config.context_length, width});
  for (size_t i = 0; i < tower.blocks.size(); ++i) {
    visit_parameters(tower.blocks[i], width, config.layer_scale,
                     "transformer.resblocks." + std::to_string(i) + ".", visit);
  }
  visit("ln_final.weight", tower.ln_final.weight, {width});
  visit("ln_final.bias", tower.ln_final.bias, {width});
  if (config.projection) {
    visit("text_projection", tower.text_projection, {width, tower.embed_dim});
    if (config.projection_bias) {
      visit("text_projection.bias", tower.projection_bias, {tower.embed_dim});
    }
  }
}

Tensor text_transformer(const TextTransformer& tower, const Tensor& ids, const Tensor& end,
                        bool trim) {
  check_ids(tower, ids, end);
  check_length(tower, ids.size(1), end);
  const int64_t length = trim ? useful_length(tower, end, ids.size(1)) : ids.size(1);
  return text_transformer_of_vectors(tower, embedded(tower, ids.slice(1, 0, length)), end);
}

Tensor text_transformer_of_vectors(const TextTransformer& tower, const Tensor& vectors,
                                   const Tensor& end) {
  const int64_t length = vectors.size(1);
  check_length(tower, length, end);
  const Tensor here = vectors.to(tower.positional_embedding.device());
  Tensor x = here + tower.positional_embedding.slice(0, 0, length);
  const Tensor pooled = pooled_positions(tower, end, length).to(x.device());
  for (size_t i = 0; i + 1 < tower.blocks.size(); ++i) {
    x = residual_block(tower.blocks[i], x, tower.config.causal);
  }
  return projected(tower,
                   residual_block_one_query(tower.blocks.back(), x, pooled, tower.config.causal));
}

Tensor text_transformer_with_attention(const TextTransformer& tower, const Tensor& ids,
                                       const Tensor& end, int64_t layers,
                                       std::vector<Tensor>& attention) {
  check_ids(tower, ids, end);
  check_length(tower, ids.size(1), end);
  const int64_t length = useful_length(tower, end, ids.size(1));
  Tensor x =
      embedded(tower, ids.slice(1, 0, length)) + tower.positional_embedding.slice(0, 0, length);
  const auto count = static_cast<int64_t>(tower.blocks.size());
  attention.clear();
  for (int64_t i = 0; i < count; ++i) {
    const ResidualBlock& block = tower.blocks[static_cast<size_t>(i)];
    if (i < count - layers) {
      x = residual_block(block, x, tower.config.causal);
    } else {
      x = residual_block_explicit(block, x, tower.config.causal, &attention.emplace_back());
    }
  }
  const Tensor at_token = pooled_positions(tower, end, length).to(x.device()).view({-1, 1, 1});
  return projected(tower, x.gather(1, at_token.expand({x.size(0), 1, x.size(2)})).squeeze(1));
}

Tensor end_positions(const Tensor& ids, EndRule rule) {
  if (rule == EndRule::argmax) {
    // at::argmax does not promise the first of several maxima; this does.
    const Tensor is_largest = ids == ids.amax(1, true);
    const Tensor position = at::arange(ids.size(1), ids.options()).expand_as(ids);
    return position.masked_fill(~is_largest, ids.size(1)).amin(1);
  }
  const Tensor position = at::arange(ids.size(1), ids.options()).expand_as(ids);
  const Tensor first = position.masked_fill(ids != Tokenizer::kEnd, ids.size(1)).amin(1);
  if (first.max().item<int64_t>() == ids.size(1)) {
    throw Error(ErrorCode::usage,
                "a row of token ids has no end token " + std::to_string(Tokenizer::kEnd));
  }
  return first;
}

}  // namespace vane
