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

/// What the network sees in `picture` (upright, any size, at least 2 px a side), ready to be put
/// over it: the picture is reduced to kRelightSide, its colours are taken as sRGB
/// (srgb_view.h), its guide from the samples as stored.
RelightPlanes relight_planes(const RelightNetwork& network, const Image& picture);

}  // namespace vane
