// SPDX-License-Identifier: Apache-2.0
#pragma once
// A vague idea of where something is, brought to where its colours are.

#include "engine/tensor/fwd.h"

namespace vane {

/// Where a map splits best into low and high values: the threshold of Otsu 1979 over a histogram of
/// 64 cells. A constant map gives its value.
double otsu_threshold(const Tensor& map);

/// Posterior [H,W] of a prior [H,W] in (0,1) and a picture [1,3,H,W] in [0,1]: colour histograms of
/// inside and outside, weighted by the current posterior, add their log ratio to the prior's log
/// odds; smoothed over neighbours and repeated (the histogram models of Boykov & Jolly 2001 with
/// the alternation of Rother et al. 2004, GrabCut, and a box filter in place of the graph cut).
/// Deterministic. Throws Error{usage} for different sizes.
Tensor refine_by_colours(const Tensor& prior, const Tensor& image);

}  // namespace vane
