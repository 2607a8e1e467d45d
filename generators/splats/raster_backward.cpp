// SPDX-License-Identifier: Apache-2.0
// SplatRaster: derivatives for the cloud.
#include <algorithm>
#include <cmath>

#include "generators/splats/raster_state.h"
#include "generators/splats/splat_gradient_math.h"
#include "generators/splats/splat_raster.h"
#include "generators/splats/splat_view.h"
#include "generators/splats/work_queue.h"

namespace vane {

using splats::kMomentValues;
using splats::kTilePixels;
using splats::TilePlane;

namespace {

constexpr int64_t kRowsPerPiece = 1024;

template <size_t n>
void copy_out(const double (&from)[n], float* to, size_t count = n) {
  for (size_t k = 0; k < count; ++k) to[k] = static_cast<float>(from[k]);
}

}  // namespace

void SplatRaster::visit_gradients(const SplatPicture& picture, const float* d_rgb,
                                  const float* d_alpha, const GradientVisitor& visitor) const {
  const State& s = *state_;
  const auto& kernels = splats::tile_kernels();
  std::vector<float> moments(s.records.size() * kMomentValues, 0.f);
  s.sum_by_gaussian(
      kMomentValues,
      [&](int tile, float* found) {
        TilePlane d[3], final[3], alpha, d_a, behind;
        s.cut(d_rgb, 3, 0, 3, tile, d);
        s.cut(picture.rgb.data(), 3, 0, 3, tile, final);
        for (int i = 0; i < kTilePixels; ++i) {
          behind.at[i] = d[0].at[i] * final[0].at[i] + d[1].at[i] * final[1].at[i] +
                         d[2].at[i] * final[2].at[i];
        }
        if (d_alpha) {
          s.cut(d_alpha, 1, 0, 1, tile, &d_a);
          s.cut(picture.alpha.data(), 1, 0, 1, tile, &alpha);
          for (int i = 0; i < kTilePixels; ++i) behind.at[i] -= d_a.at[i] * (1.f - alpha.at[i]);
        }
        splats::TileState state;
        state.start(s.columns_of(tile), s.rows_of(tile));
        kernels.rgb_moments(s.tile(tile), s.colours.data(), s.options.gradient_through_cap, d,
                            behind, state, found);
      },
      moments.data());

  const auto arrays = splats::splat_arrays(*s.cloud);
  const double half_width = 0.5 * s.camera.width, half_height = 0.5 * s.camera.height;
  const auto rest = static_cast<size_t>(3 * s.view.sh_stride);
  splats::in_pieces(s.cloud->size(), kRowsPerPiece, s.threads, [&](int64_t first, int64_t last) {
    splats::Projection<double> projection;
    for (int64_t i = first; i < last; ++i) {
      SplatRowGradient row;
      if (s.records[static_cast<size_t>(i)].reach_x > 0 &&
          splats::project(s.view, arrays, i, projection)) {
        const float* m = moments.data() + i * kMomentValues;
        splats::PixelMoments<double> sums{m[0], m[1], m[2], m[3], m[4], m[5], {m[6], m[7], m[8]}};
        splats::SplatGradient<double> g;
        splats::gaussian_gradient(s.view, arrays, i, projection, sums, g);
        row.drawn = true;
        copy_out(g.position, row.position.data());
        copy_out(g.sh0, row.sh0.data());
        copy_out(g.sh_rest, row.sh_rest.data(), rest);
        copy_out(g.log_scale, row.log_scale.data());
        copy_out(g.rotation, row.rotation.data());
        row.opacity_logit = static_cast<float>(g.opacity_logit);
        row.centre_norm =
            static_cast<float>(std::hypot(g.centre[0] * half_width, g.centre[1] * half_height));
      }
      visitor(i, row);
    }
  });
}

SplatGradients SplatRaster::backward(const SplatPicture& picture, const float* d_rgb,
                                     const float* d_alpha) const {
  const auto size = state_->records.size();
  const auto rest = static_cast<size_t>(3 * state_->view.sh_stride);
  SplatGradients all;
  all.position.resize(3 * size);
  all.sh0.resize(3 * size);
  all.sh_rest.resize(rest * size);
  all.opacity_logit.resize(size);
  all.log_scale.resize(3 * size);
  all.rotation.resize(4 * size);
  all.centre_norm.resize(size);
  all.drawn.resize(size);
  visit_gradients(picture, d_rgb, d_alpha, [&](int64_t row, const SplatRowGradient& g) {
    const auto i = static_cast<size_t>(row);
    std::copy(g.position.begin(), g.position.end(), all.position.data() + 3 * i);
    std::copy(g.sh0.begin(), g.sh0.end(), all.sh0.data() + 3 * i);
    std::copy_n(g.sh_rest.begin(), rest, all.sh_rest.data() + rest * i);
    std::copy(g.log_scale.begin(), g.log_scale.end(), all.log_scale.data() + 3 * i);
    std::copy(g.rotation.begin(), g.rotation.end(), all.rotation.data() + 4 * i);
    all.opacity_logit[i] = g.opacity_logit;
    all.centre_norm[i] = g.centre_norm;
    all.drawn[i] = g.drawn;
  });
  return all;
}

}  // namespace vane
