// SPDX-License-Identifier: Apache-2.0
#include "generators/enhance/pyramid_pooling.h"

namespace vane {

Tensor pyramid_pooling_matrix(int64_t length) {
  Tensor matrix = at::zeros({kPyramidRows, length}, at::kDouble);
  double* row = matrix.mutable_data_ptr<double>();
  for (const int64_t bins : kPyramidBins) {
    for (int64_t i = 0; i < bins; ++i, row += length) {
      const int64_t first = i * length / bins;
      const int64_t end = ((i + 1) * length + bins - 1) / bins;
      std::fill(row + first, row + end, 1.0 / static_cast<double>(end - first));
    }
  }
  return matrix;
}

Tensor pyramid_upsampling_matrix(int64_t length, int64_t bins) {
  Tensor matrix = at::zeros({length, bins}, at::kDouble);
  double* row = matrix.mutable_data_ptr<double>();
  for (int64_t d = 0; d < length; ++d, row += bins) {
    // Whole and fraction of d (bins - 1) / (length - 1), exact in integers.
    const int64_t steps = std::max<int64_t>(length - 1, 1), position = d * (bins - 1);
    const int64_t low = position / steps;
    const double part = static_cast<double>(position % steps) / static_cast<double>(steps);
    row[low] += 1 - part;
    if (low + 1 < bins) row[low + 1] += part;
  }
  return matrix;
}

Tensor pyramid_means(const Tensor& features, const Tensor& rows, const Tensor& columns) {
  const auto options = features.options();
  return at::matmul(rows.to(options), at::matmul(features, columns.to(options).t()));
}

Tensor pyramid_grid(const Tensor& means, size_t g) {
  int64_t start = 0;
  for (size_t i = 0; i < g; ++i) start += kPyramidBins[i];
  return means.narrow(2, start, kPyramidBins[g]).narrow(3, start, kPyramidBins[g]);
}

}  // namespace vane
