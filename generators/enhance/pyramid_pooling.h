// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pyramid pooling as linear maps along each axis, so that a tile can do its share of it exactly.

#include <array>
#include <cstdint>

#include "engine/tensor/fwd.h"

namespace vane {

/// Cells a side of the four grids.
inline constexpr std::array<int64_t, 4> kPyramidBins{1, 2, 3, 6};
/// Rows of all grids stacked.
inline constexpr int64_t kPyramidRows = 12;

/// Adaptive average pooling along one axis: float64 [12,length], the rows of the four grids below
/// one another. Cell i of k covers floor(i length / k) .. ceil((i+1) length / k) - 1, so cells
/// overlap where k does not divide the length (as PyTorch's AdaptiveAvgPool2d).
Tensor pyramid_pooling_matrix(int64_t length);

/// Bilinear interpolation of k values to `length` samples, first and last sample on the first and
/// last value (align_corners): float64 [length,k]. A length of 1 takes the first value.
Tensor pyramid_upsampling_matrix(int64_t length, int64_t bins);

/// Means over the cells of all four grids: features [N,C,h,w], columns of two pooling matrices
/// [12,h] and [12,w] -> [N,C,12,12]; only the diagonal blocks belong to a grid. Linear, so the sums
/// of pieces of a picture, each with its columns, are the means of the whole.
Tensor pyramid_means(const Tensor& features, const Tensor& rows, const Tensor& columns);

/// The k x k means of grid `g` out of [N,C,12,12].
Tensor pyramid_grid(const Tensor& means, size_t g);

}  // namespace vane
