// SPDX-License-Identifier: Apache-2.0
#pragma once
// The stack of dense layers that StyleCLIP's and DeltaEdit's mappers are made of (StyleGAN sheet,
// sections 6.3 and 6.6).

#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/clip/parameters.h"
#include "engine/tensor/fwd.h"

namespace vane {

/// y = sqrt(2) lrelu(c W x + m b), slope 0.2, m = 0.01, c = m / sqrt(in). Weights are as wide as
/// 1 / m, so that a step of the optimiser moves them m times as far as it says.
struct MapperLayer {
  Tensor weight, bias;  // [out,in], [out]
};

/// Four layers, every one activated, the last too.
struct MapperStack {
  bool normalises = true;  // PixelNorm in front
  int64_t in = 512, out = 512;
  std::vector<MapperLayer> layers;
};

MapperStack make_mapper_stack(int64_t in, int64_t out, bool normalises);
/// Shows NAME.mapping.K.weight and .bias; K counts from 1 behind a PixelNorm, else from 0.
void visit_stack(MapperStack& stack, const std::string& name, const ParameterVisitor& visit);

/// x [B,in] or [B,rows,in] -> [B,out] or [B,rows,out]. Differentiable in x and parameters.
Tensor mapper_stack(const MapperStack& stack, const Tensor& x);

/// x / rms of x over dimension 1, which is how published mappers were trained: of [B,rows,C] that
/// is the ROWS, each channel by itself, not the channels. 1e-8 is added to the mean square.
Tensor pixel_norm(const Tensor& x);

/// A value for a tensor that training starts from: weights N(0, 1/m²), biases 0. `name` forks
/// `rng`.
Tensor initial_mapper_value(const std::string& name, const std::vector<int64_t>& shape,
                            const Rng& rng);

}  // namespace vane
