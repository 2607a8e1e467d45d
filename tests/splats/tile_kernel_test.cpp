// SPDX-License-Identifier: Apache-2.0
// Law: every kind of processor computes the same tile.
#include "generators/splats/tile_kernel.h"

#include <gtest/gtest.h>

#include <cmath>

#include "generators/splats/depth_order.h"
#include "generators/splats/splat_view.h"
#include "tests/splats/splat_scenes.h"

namespace vane::splats {
namespace {

#ifdef VANE_SPLATS_AVX2
TEST(TileKernel, PlainAndAvx2Agree) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    GTEST_SKIP() << "this processor has no AVX2";
  }
  const SplatCloud cloud = testing::random_cloud(300, 0, 21);
  const Camera camera = testing::straight_camera(32, 32, 30);
  const auto view = splat_view<double>(camera, cloud, 0, 0.2);
  const auto size = static_cast<size_t>(cloud.size());
  std::vector<SplatRecord> records(size);
  std::vector<float> colours(3 * size);
  for (size_t i = 0; i < size; ++i) {
    Projection<double> p;
    records[i].reach_x = 0;
    if (!project(view, splat_arrays(cloud), static_cast<long long>(i), p)) continue;
    records[i] = record_of(p);
    for (size_t c = 0; c < 3; ++c) colours[3 * i + c] = 0.5f + 0.28f * cloud.sh0[3 * i + c];
  }
  const TileBins bins = bin_by_tile(records, depth_order(records), 32, 32, 1);
  constexpr int kTile = 3, kColumns = 15, kRows = 13;
  const TileInput input{records.data(), bins.entries.data() + bins.starts[kTile], bins.count(kTile),
                        16, 16};
  ASSERT_GT(input.count, 50);
  Rng rng(22);
  TilePlane d[3], behind;
  for (int i = 0; i < kTilePixels; ++i) {
    behind.at[i] = rng.normal();
    for (TilePlane& plane : d) plane.at[i] = rng.normal();
  }
  const auto all = [&](const TileKernels& kernels) {
    std::vector<float> values;
    const auto keep = [&](const TilePlane* planes, int count) {
      for (int c = 0; c < count; ++c) {
        values.insert(values.end(), planes[c].at, planes[c].at + kTilePixels);
      }
    };
    TileState state;
    TilePlane planes[3] = {};
    state.start(kColumns, kRows);
    kernels.blend_rgb(input, colours.data(), state, planes);
    keep(planes, 3);
    keep(&state.transmittance, 1);
    keep(&state.left, 1);
    TilePlane sums[3] = {};
    state.start(kColumns, kRows);
    kernels.blend_channels(input, colours.data(), 3, 3, state, sums);
    keep(sums, 3);
    TilePlane used = behind;
    std::vector<float> moments(static_cast<size_t>(input.count * kMomentValues));
    state.start(kColumns, kRows);
    kernels.rgb_moments(input, colours.data(), false, d, used, state, moments.data());
    values.insert(values.end(), moments.begin(), moments.end());
    std::vector<float> gradients(static_cast<size_t>(input.count * 3));
    state.start(kColumns, kRows);
    kernels.channel_gradients(input, 3, d, state, gradients.data());
    values.insert(values.end(), gradients.begin(), gradients.end());
    std::vector<TileWeights> weights(static_cast<size_t>(input.count * 32));
    state.start(kColumns, kRows);
    const int count = kernels.weights(input, 0, input.count, state, weights.data());
    for (int i = 0; i < count; ++i) {
      for (const float w : weights[static_cast<size_t>(i)].weight) values.push_back(w);
    }
    return values;
  };
  const std::vector<float> plain = all(kPlainTileKernels), wide = all(kAvx2TileKernels);
  ASSERT_EQ(plain.size(), wide.size());
  for (size_t i = 0; i < plain.size(); ++i) {
    ASSERT_NEAR(plain[i], wide[i], 2e-5 * (1 + std::abs(plain[i]))) << i;
  }
}
#endif

}  // namespace
}  // namespace vane::splats
