// SPDX-License-Identifier: Apache-2.0
#pragma once
// Vane's own network for backlit photographs: a small picture to the light that is missing.

#include <array>
#include <filesystem>
#include <string>

#include "engine/base/limits.h"
#include "engine/base/rng.h"
#include "engine/clip/parameters.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// 3x3 convolution with a bias.
struct RelightConv {
  Tensor weight, bias;  // [O,C,3,3], [O]
};

/// x + conv2(lrelu(conv1(x))).
struct RelightResidual {
  RelightConv conv1, conv2;
};

/// A U-Net of four halvings with a context of the whole picture at the bottom; 0.6 M parameters.
/// It never sees more than a few hundred pixels a side; what it gives is brought to the edges of
/// the full picture by relight_fields.h and applied in linear light.
struct RelightNetwork {
  static constexpr std::array<int64_t, 4> kWidths{24, 32, 64, 96};

  std::array<RelightConv, 4> down;           // 4 -> 24 -> 32 -> 64 -> 96, each halves the side
  std::array<RelightResidual, 4> residuals;  // 32, 64, 96, 96
  Tensor context_weight, context_bias;       // [96,96], [96]
  std::array<RelightConv, 3> up;             // 96+64 -> 64, 64+32 -> 32, 32+24 -> 24
  RelightConv head;                          // 24 -> 2
  /// Content of the file that it was read from; empty otherwise.
  std::string content_hash;
};

/// What the network sees in a picture, at the picture's size.
struct RelightEstimate {
  /// [N,1,H,W] stops of light to add, in (-1,5); 0 where nothing is missing.
  Tensor stops;
  /// [N,1,H,W] veiling light to take away first, linear, in (0,0.1).
  Tensor haze;
};

void visit_parameters(RelightNetwork& network, const ParameterVisitor& visit);

/// Throws Error{input} when the file is not there; Error{checkpoint} naming file and keys when
/// tensors are missing, left over, of another shape or not finite.
RelightNetwork load_relight_network(const std::filesystem::path& path, const Limits& limits = {});

/// Random weights (He et al. 2015); the last convolution is zero, so that it begins with 0 stops.
RelightNetwork initial_relight_network(const Rng& rng);

/// image [N,3,H,W] sRGB-encoded in [0,1], 16 px a side or more; the network is shown it with a
/// mirrored margin, so that a border is lifted as what is beside it. Differentiable in image and
/// parameters. Throws Error{usage} on another shape.
RelightEstimate estimate_light(const RelightNetwork& network, const Tensor& image);

/// Luma .299 R + .587 G + .114 B of the encoded picture, [N,1,H,W]: the guide.
Tensor guide_of(const Tensor& image);

/// Stops as they are applied: where light is taken away, less and less of that towards white (a
/// guide of 0.8 to 1), so that a blown sky stays white and does not become grey.
Tensor sparing_white(const Tensor& stops, const Tensor& guide);

/// encode(clip01(2^(s stops) max(0, L - s haze))), L the picture in linear light; `strength` s.
/// Shapes broadcast. Differentiable.
Tensor relit(const Tensor& image, const Tensor& stops, const Tensor& haze, double strength = 1);

}  // namespace vane
