// SPDX-License-Identifier: Apache-2.0
// Law: the device's kernels, run block by block and thread by thread on the CPU, draw what the CPU
// renderer draws, and differentiate it as that does.
#include "generators/splats/splat_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "generators/splats/splat_raster.h"
#include "generators/splats/splat_view.h"
#include "tests/splats/splat_scenes.h"

namespace vane::splats {
namespace {

template <class Kernel>
void emulate(const Kernel& kernel, int64_t blocks, int64_t threads = kDeviceThreads) {
  for (int64_t block = 0; block < blocks; ++block) {
    for (int64_t thread = 0; thread < threads; ++thread) kernel(block, thread, blocks, threads);
  }
}

void expect_near_most(const std::vector<float>& found, const std::vector<float>& expected,
                      double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  double greatest = 0;
  for (const float e : expected) greatest = std::max(greatest, std::abs(double(e)));
  ASSERT_GT(greatest, 0);
  size_t off = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    off += std::abs(double(found[i]) - double(expected[i])) > tolerance * greatest;
  }
  // Where a threshold lies between float32 and float64, a pixel may differ.
  EXPECT_LE(off, found.size() / 200);
}

TEST(SplatKernels, DrawAndDifferentiateAsTheCpuRendererDoes) {
  for (const bool antialiased : {false, true}) {
    SplatCloud cloud = testing::random_cloud(700, 3, 51);
    cloud.antialiased = antialiased;
    for (float& l : cloud.log_scale) l -= 1;
    const Camera camera = testing::odd_camera(75, 50);
    const int columns = 5, rows = 4, tiles = columns * rows;
    const auto size = static_cast<size_t>(cloud.size());
    const auto view = splat_view<float>(camera, cloud, 3, double(0.2f));
    const auto arrays = splat_arrays(cloud);

    std::vector<SplatRecord> records(size);
    std::vector<float> colours(3 * size);
    std::vector<int64_t> counts(size), ends(size);
    const ProjectKernel project{view, arrays,         cloud.size(),   columns,
                                rows, records.data(), colours.data(), counts.data()};
    emulate(project, 2);  // fewer threads than Gaussians: the stride is needed
    std::inclusive_scan(counts.begin(), counts.end(), ends.begin());
    const auto pairs = static_cast<size_t>(ends.back());
    std::vector<uint64_t> keys(pairs), sorted_keys(pairs);
    std::vector<int32_t> ids(pairs), sorted_ids(pairs);
    emulate(EmitKernel{records.data(), ends.data(), cloud.size(), columns, rows, keys.data(),
                       ids.data()},
            splat_blocks(cloud.size()));
    std::vector<size_t> order(pairs);
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return keys[a] < keys[b]; });
    for (size_t i = 0; i < pairs; ++i) {
      sorted_keys[i] = keys[order[i]];
      sorted_ids[i] = ids[order[i]];
    }
    std::vector<int64_t> begins(tiles, 0), tile_ends(tiles, 0);
    emulate(RangeKernel{sorted_keys.data(), static_cast<int64_t>(pairs), begins.data(),
                        tile_ends.data()},
            3);
    std::vector<float> rgb(3 * 75 * 50), alpha(75 * 50);
    const BlendKernel blend{records.data(),
                            colours.data(),
                            sorted_ids.data(),
                            begins.data(),
                            tile_ends.data(),
                            camera.width,
                            camera.height,
                            columns,
                            {camera.background[0], camera.background[1], camera.background[2]},
                            rgb.data(),
                            alpha.data()};
    emulate(blend, tiles);
    const SplatRaster raster(cloud, camera);
    const SplatPicture picture = raster.draw();
    expect_near_most(rgb, picture.rgb, 1e-4);
    expect_near_most(alpha, picture.alpha, 1e-4);

    Rng rng(52);
    std::vector<float> d_rgb(rgb.size()), d_alpha(alpha.size()), moments(9 * size, 0.f);
    for (float& d : d_rgb) d = rng.normal();
    for (float& d : d_alpha) d = rng.normal();
    emulate(BlendBackKernel{blend, d_rgb.data(), d_alpha.data(), false, moments.data()}, tiles);
    std::vector<float> position(3 * size), sh0(3 * size), sh_rest(45 * size), opacity(size),
        scale(3 * size), rotation(4 * size);
    emulate(
        GradientKernel{view, arrays, cloud.size(), records.data(), moments.data(), position.data(),
                       sh0.data(), sh_rest.data(), opacity.data(), scale.data(), rotation.data()},
        splat_blocks(cloud.size()));
    const SplatGradients g = raster.backward(picture, d_rgb.data(), d_alpha.data());
    expect_near_most(position, g.position, 2e-3);
    expect_near_most(sh0, g.sh0, 2e-3);
    expect_near_most(sh_rest, g.sh_rest, 2e-3);
    expect_near_most(opacity, g.opacity_logit, 2e-3);
    expect_near_most(scale, g.log_scale, 2e-3);
    expect_near_most(rotation, g.rotation, 2e-3);
  }
}

TEST(SplatKernels, RectanglesStayInsideThePicture) {
  SplatRecord r{};
  r.reach_x = r.reach_y = 1e9f;
  EXPECT_EQ(tiles_of(r, 7, 5).count(), 35);
  r.reach_x = r.reach_y = 2;
  r.u_whole = -100;
  EXPECT_EQ(tiles_of(r, 7, 5).count(), 0);
  r.u_whole = 7 * 16 + 10;
  EXPECT_EQ(tiles_of(r, 7, 5).count(), 0);
  r.u_whole = 33;  // from 31 to 35: two tiles
  r.v_whole = 8;
  EXPECT_EQ(tiles_of(r, 7, 5).count(), 2);
  r.reach_x = 0;
  EXPECT_EQ(tiles_of(r, 7, 5).count(), 0);
}

}  // namespace
}  // namespace vane::splats
