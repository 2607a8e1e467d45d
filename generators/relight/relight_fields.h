// SPDX-License-Identifier: Apache-2.0
#pragma once
// From what the relight network sees in a small picture to light for every pixel of the full one.

#include "engine/image/image.h"
#include "engine/tensor/guided_filter.h"
#include "generators/relight/relight_apply.h"
#include "generators/relight/relight_network.h"

namespace vane {

/// Longer side of what the network is shown.
inline constexpr int kRelightSide = 256;

/// Stops [N,1,h,w] brought to the edges of the guide [N,1,h,w]: as slope * guide + offset, which a
/// guide of any size can be put into. Differentiable in the stops.
GuidedCoefficients guided_stops(const Tensor& stops, const Tensor& guide);

/// A photograph as the network is shown it: reduced to kRelightSide; slivers are continued to the
/// 16 px that it needs.
struct RelightView {
  /// [1,3,h,w] as sRGB shows them (srgb_view.h), and [1,1,h,w] from the samples as stored.
  Tensor colours, guide;
  /// Of the photograph in it, from the top left.
  int64_t width = 0, height = 0;
};
/// Of an upright picture of any size, at least 2 px a side.
RelightView relight_view(const Image& picture);

/// The stops that `light` adds to pictures with the guides [N,1,h,w]: guided, sparing white.
Tensor shown_stops(const RelightEstimate& light, const Tensor& guide);
/// What `light` makes of pictures [N,3,h,w] with their guides [N,1,h,w], at their size, in
/// linear light. Both are differentiable in all they are given.
Tensor relit_by(const RelightEstimate& light, const Tensor& colours, const Tensor& guide);

/// `light` over the photograph of `view`, ready to be put over it at any size.
RelightPlanes planes_of(const RelightEstimate& light, const RelightView& view);

/// The stops that the most lifted tenth of `picture` gets at least, the picture at the size of its
/// planes.
double stops_of_upper_tenth(const RelightPlanes& planes, const Image& picture);

/// What the network sees in `picture` (upright, any size, at least 2 px a side), ready to be put
/// over it.
RelightPlanes relight_planes(const RelightNetwork& network, const Image& picture);

}  // namespace vane
