// SPDX-License-Identifier: Apache-2.0
#pragma once
// The published network for backlit photographs: a picture to its illumination map.

#include <array>
#include <filesystem>
#include <string>

#include "engine/base/limits.h"
#include "engine/base/rng.h"
#include "engine/clip/parameters.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// How the four convolutions with a bias continue the picture beyond its borders. The same weights
/// serve both. Residual blocks always reflect; the convolution after the pyramid always takes zero.
enum class EnhancePadding {
  reflect,  // inference
  zeros,    // training
};

/// 3x3 convolution with a bias.
struct BiasedConv {
  Tensor weight, bias;  // [O,C,3,3], [O]
};

/// r(x) = lrelu(x + conv2(lrelu(conv1(x)))), slope 0.2.
struct EnhanceResidual {
  Tensor conv1, conv2;  // [C,C,3,3]
};

/// One grid of the pyramid: 1x1 convolution of the means, one PReLU slope.
struct PyramidBranch {
  Tensor weight, slope;  // [8,32,1,1], [1]
};

/// The network shared by CLIP-LIT, CLIP-LIT-Latent and RAVE: 17 3x3 convolutions at full
/// resolution and one pyramid pooling block; 278,790 parameters in 30 float32 tensors.
///
/// Source: Liang et al., "Iterative Prompt Learning for Unsupervised Backlit Image Enhancement"
/// (CLIP-LIT), ICCV 2023; Gaintseva et al., "RAVE: Residual Vector Embedding for CLIP-Guided
/// Backlit Image Enhancement", ECCV 2024; agrees with both published implementations.
struct EnhancementNetwork {
  BiasedConv cond1;                          // 3 -> 32
  std::array<EnhanceResidual, 6> residuals;  // 32, 32, 64, 64, 32, 32
  std::array<PyramidBranch, 4> pyramid;      // grids of 1, 2, 3 and 6 cells a side
  Tensor fuse_weight, fuse_slope;            // [32,64,3,3], [1]
  BiasedConv condx, condy, cond_add1;        // 32 -> 64, 64 -> 32, 32 -> 1
  /// Content of the file that it was read from (TensorTable::content_hash); empty otherwise.
  std::string content_hash;
};

/// Every tensor under its published name ("cond1.weight", "PPM1.features.0.1.weight", …).
void visit_parameters(EnhancementNetwork& network, const ParameterVisitor& visit);

/// Reads a published or an own checkpoint: safetensors, `torch.save` zip or legacy pickle,
/// TorchScript archive; names with or without a common `module.`. Nothing in the file is executed,
/// and nothing refers to it afterwards.
/// Throws: Error{input} when the file is not there; Error{checkpoint} naming file and keys when
/// tensors are missing, left over, of another shape or not finite.
EnhancementNetwork load_enhancement_network(const std::filesystem::path& path,
                                            const Limits& limits = {});

/// As the published training starts: convolution weights N(0, 0.02²), biases uniform in
/// ±1/sqrt(9 C) (PyTorch's default), slopes 0.25. Each tensor has its own fork of `rng`.
EnhancementNetwork initial_enhancement_network(const Rng& rng);

/// The illumination map: image [N,3,H,W] in [0,1] -> m [N,1,H,W], m >= 0, may exceed 1.
/// The enhanced picture is image / m (see illumination.h). Differentiable in image and parameters.
/// Memory:  about 2 kB a pixel; tiled_illumination.h bounds it.
/// Throws:  Error{usage} on another shape, or a side below the 2 px that reflection needs.
Tensor illumination_map(const EnhancementNetwork& network, const Tensor& image,
                        EnhancePadding padding = EnhancePadding::reflect);

}  // namespace vane
