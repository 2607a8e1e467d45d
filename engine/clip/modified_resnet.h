// SPDX-License-Identifier: Apache-2.0
#pragma once
// The image tower of the RN models (clip sheet 1.4).

#include <array>
#include <string>
#include <vector>

#include "engine/clip/clip_config.h"
#include "engine/clip/parameters.h"

namespace vane {

/// Where batch normalisation takes its statistics from.
enum class BatchNormMode {
  running,  // evaluation: the stored statistics
  batch,    // training: of this batch, and the stored ones follow with momentum 0.1, in place
};

/// A bias-free convolution and the batch normalisation behind it.
struct ConvNorm {
  Tensor weight;                     // [O,I,k,k]
  Tensor norm_weight, norm_bias;     // [O]
  Tensor running_mean, running_var;  // [O]
  /// Both in one, for evaluation; undefined until fold_batch_norms().
  Tensor folded_weight, folded_bias;
};

/// Bottleneck with the stride in average pools (blur instead of aliasing).
struct Bottleneck {
  int64_t in = 64, planes = 64, stride = 1;
  ConvNorm conv1, conv2, conv3, downsample;
  bool has_downsample() const { return stride > 1 || in != 4 * planes; }
};

/// Multi-head attention whose only query is the spatial mean.
struct AttentionPool {
  int64_t heads = 32;
  Tensor positional_embedding;  // [1+g*g,C], row 0 belongs to the mean
  Tensor q_weight, q_bias, k_weight, k_bias, v_weight, v_bias;  // [C,C], [C]
  Tensor c_weight, c_bias;                                      // [E,C], [E]
};

struct ModifiedResNet {
  VisionConfig config;
  int64_t embed_dim = 1024;
  std::array<ConvNorm, 3> stem;
  std::array<std::vector<Bottleneck>, 4> layers;
  AttentionPool pool;
};

ModifiedResNet make_modified_resnet(const VisionConfig& config, int64_t embed_dim);
/// Shows every tensor as PREFIXconv1.weight, PREFIXbn1.weight, PREFIXlayer1.0.conv1.weight, …
void visit_parameters(ModifiedResNet& tower, const std::string& prefix,
                      const ParameterVisitor& visit);

/// Raw embedding [N,E] of [N,3,R,R]. Differentiable in the input and in every parameter.
/// `taps->stages`: stem, layer1..layer4; `taps->tokens`: the map in front of the attention pool.
Tensor modified_resnet(const ModifiedResNet& tower, const Tensor& input, VisionTaps* taps = nullptr,
                       BatchNormMode mode = BatchNormMode::running);

/// Raw embeddings [N,h*w,E] of the positions of a map [N,C,h,w] in front of the attention pool,
/// each by itself: c_proj(v_proj(map + positions)), no query and no mixing (MaskCLIP, Zhou et al.
/// 2022, section 3.2). Their attention-weighted mean over positions and mean token is the
/// embedding.
Tensor attention_pool_values(const AttentionPool& pool, const Tensor& map);

/// Prepares evaluation: multiplies every batch normalisation into its convolution. Call again (or
/// clear_folded_batch_norms) after the parameters changed; training mode ignores it.
void fold_batch_norms(ModifiedResNet& tower);
void clear_folded_batch_norms(ModifiedResNet& tower);

}  // namespace vane
