// SPDX-License-Identifier: Apache-2.0
#include "guidance/dense_clip.h"

#include <array>
#include <cmath>

#include "engine/base/error.h"
#include "engine/clip/modified_resnet.h"
#include "engine/clip/vision_transformer.h"

namespace vane {
namespace {

constexpr double kRelevancyScale = 10;  // Kerr et al. 2023

constexpr std::array<std::pair<std::string_view, DenseVariant>, 5> kNames{{
    {"vanilla", DenseVariant::vanilla},
    {"maskclip", DenseVariant::maskclip},
    {"sclip", DenseVariant::sclip},
    {"clearclip", DenseVariant::clearclip},
    {"naclip", DenseVariant::naclip},
}};

Tensor self_attention(const Tensor& x, double scale, const Tensor& bias = {}) {
  const Tensor scores = at::matmul(x * scale, x.transpose(-2, -1));
  return at::softmax(bias.defined() ? scores + bias : scores, -1);
}

// G of NACLIP, [1+h*w,1+h*w]; the class token has no place and so no neighbours.
Tensor neighbourhood(int64_t rows, int64_t columns, double sigma,
                     const at::TensorOptions& options) {
  const Tensor y = at::arange(rows, options).repeat_interleave(columns);
  const Tensor x = at::arange(columns, options).repeat({rows});
  const Tensor squared =
      (y.unsqueeze(1) - y.unsqueeze(0)).square() + (x.unsqueeze(1) - x.unsqueeze(0)).square();
  return at::constant_pad_nd((squared / (-2 * sigma * sigma)).exp(), {1, 0, 1, 0});
}

bool keeps_residual(DenseVariant variant) {
  return variant == DenseVariant::vanilla || variant == DenseVariant::sclip;
}

// What stands in place of the last block's output.
Tensor last_block(const ResidualBlock& block, const Tensor& x, const AttentionHeads& heads,
                  DenseVariant variant, int64_t rows, int64_t columns,
                  const DenseOptions& options) {
  const Tensor attended =
      variant == DenseVariant::maskclip
          ? heads.value
          : at::matmul(dense_attention(variant, heads, rows, columns, options), heads.value);
  if (keeps_residual(variant)) return finish_block(block, x, attended);
  const Tensor branch = attention_output(block, attended);
  return block.gamma_1.defined() ? branch * block.gamma_1 : branch;
}

std::vector<Tensor> of_transformer(const VisionTransformer& tower, const Tensor& input,
                                   std::span<const DenseVariant> variants,
                                   const DenseOptions& options) {
  const Tensor x = before_last_block(tower, input);
  const ResidualBlock& block = tower.blocks.back();
  const AttentionHeads heads = attention_heads(block, x);
  const int64_t rows = input.size(2) / tower.config.patch_size;
  const int64_t columns = input.size(3) / tower.config.patch_size;
  std::vector<Tensor> features;
  for (const DenseVariant variant : variants) {
    const Tensor out = last_block(block, x, heads, variant, rows, columns, options);
    features.push_back(unit(project_tokens(tower, out.slice(1, 1)))
                           .view({x.size(0), rows, columns, tower.embed_dim})
                           .to(input.device()));
  }
  return features;
}

std::vector<Tensor> of_resnet(const ModifiedResNet& tower, const Tensor& input,
                              std::span<const DenseVariant> variants) {
  for (const DenseVariant variant : variants) {
    if (variant != DenseVariant::maskclip) {
      throw Error(ErrorCode::usage, "a ResNet tower has dense features of variant maskclip only")
          .with_hint("leave out --variant, or give a --clip with a vision transformer");
    }
  }
  VisionTaps taps;
  modified_resnet(tower, input, &taps);
  const Tensor& map = taps.tokens;
  const Tensor features = unit(attention_pool_values(tower.pool, map))
                              .view({map.size(0), map.size(2), map.size(3), tower.embed_dim})
                              .to(input.device());
  return std::vector<Tensor>(variants.size(), features);
}

}  // namespace

DenseVariant dense_variant(std::string_view name) {
  for (const auto& [known, variant] : kNames) {
    if (name == known) return variant;
  }
  throw Error(ErrorCode::usage, "there is no dense variant '" + std::string(name) + "'")
      .with_hint("known: vanilla, maskclip, sclip, clearclip, naclip");
}

DenseVariant best_dense_variant(const ClipEncoder& clip) {
  return clip.modified_resnet_tower() != nullptr ? DenseVariant::maskclip : DenseVariant::naclip;
}

Tensor dense_attention(DenseVariant variant, const AttentionHeads& heads, int64_t rows,
                       int64_t columns, const DenseOptions& options) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(heads.query.size(-1)));
  switch (variant) {
    case DenseVariant::vanilla:
      return at::softmax(at::matmul(heads.query * scale, heads.key.transpose(-2, -1)), -1);
    case DenseVariant::maskclip: {
      const int64_t length = heads.query.size(2);
      return at::eye(length, heads.query.options())
          .expand({heads.query.size(0), heads.query.size(1), length, length});
    }
    case DenseVariant::sclip:
      return self_attention(heads.query, scale) + self_attention(heads.key, scale);
    case DenseVariant::clearclip:
      return self_attention(heads.query, scale);
    case DenseVariant::naclip:
      return self_attention(heads.key, scale,
                            neighbourhood(rows, columns, options.sigma, heads.key.options()));
  }
  return {};
}

std::vector<Tensor> dense_features(const ClipEncoder& clip, const Tensor& input,
                                   std::span<const DenseVariant> variants,
                                   const DenseOptions& options) {
  if (const VisionTransformer* tower = clip.vision_transformer_tower()) {
    if (!tower->config.class_token) {
      throw Error(ErrorCode::usage,
                  "the patches of a SigLIP cannot be compared with texts: only its "
                  "pooling head leads into the space of the texts")
          .with_hint("give a --clip with a class token or a ResNet");
    }
    return of_transformer(*tower, input, variants, options);
  }
  if (const ModifiedResNet* tower = clip.modified_resnet_tower()) {
    return of_resnet(*tower, input, variants);
  }
  if (clip.info().vision_kind == "fast_vit") {
    throw Error(ErrorCode::usage,
                "the places of a MobileCLIP cannot be compared with texts: only the average over "
                "its last map leads into the space of the texts")
        .with_hint("give a --clip with a class token or a ResNet");
  }
  throw Error(ErrorCode::usage,
              "this CLIP has no image tower that shows its patches: " + clip.info().name);
}

Tensor dense_features(const ClipEncoder& clip, const Tensor& input, DenseVariant variant,
                      const DenseOptions& options) {
  return dense_features(clip, input, std::span(&variant, 1), options).front();
}

Tensor relevancy(const Tensor& features, const Tensor& queries, const Tensor& negatives) {
  const Tensor positive = at::matmul(features, queries.t());
  const Tensor strongest = at::matmul(features, negatives.t()).amax(-1, true);
  return at::sigmoid(kRelevancyScale * (positive - strongest));
}

const std::vector<std::string>& canonical_negatives() {
  static const std::vector<std::string> negatives{"object", "things", "stuff", "texture"};
  return negatives;
}

}  // namespace vane
