// SPDX-License-Identifier: Apache-2.0
// Oracle: the quantisation that the definition of each layout states (splatting sheet, section 5).
#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/scene/morton.h"
#include "engine/scene/splat_file.h"
#include "tests/scene/splat_bounds.h"

namespace vane {
namespace {

using testing::expect_close;
using testing::random_cloud;
using testing::read_bytes;
using testing::same_order;
using testing::ScratchFolder;

TEST(Morton, NeighboursInSpaceAreNeighboursInOrder) {
  std::vector<float> corners;
  for (int i = 7; i >= 0; --i) {
    for (const int axis : {4, 2, 1}) corners.push_back((i & axis) != 0 ? 3.f : -1.f);
  }
  EXPECT_EQ(morton_order(corners), (std::vector<uint32_t>{7, 6, 5, 4, 3, 2, 1, 0}));
  // Along one axis the order is that of the numbers; points that coincide keep theirs.
  EXPECT_EQ(morton_order({0, 5, 0, 0, 2, 0, 0, 9, 0, 0, 2, 0}),
            (std::vector<uint32_t>{1, 3, 0, 2}));
  EXPECT_TRUE(morton_order({}).empty());
}

TEST(RoundTrip, SpzKeepsEveryQuantityWithinItsStep) {
  const ScratchFolder folder;
  for (const int degree : {0, 1, 2, 3}) {
    SplatCloud cloud = random_cloud(2000, degree);
    cloud.antialiased = degree == 1;
    write_splats(folder / "a.spz", cloud);
    const SplatFile read = read_splats(folder / "a.spz", {});
    EXPECT_EQ(read.layout, "spz");
    EXPECT_EQ(read.cloud.sh_degree, degree);
    EXPECT_EQ(read.cloud.antialiased, cloud.antialiased);
    expect_close(read.cloud, cloud, testing::spz_bounds(3), same_order(2000));
    // What has been rounded once is not rounded again.
    write_splats(folder / "b.spz", read.cloud);
    const SplatCloud again = read_splats(folder / "b.spz", {}).cloud;
    EXPECT_TRUE(again.position == read.cloud.position);
    EXPECT_TRUE(again.sh0 == read.cloud.sh0);
    EXPECT_TRUE(again.sh_rest == read.cloud.sh_rest);
    EXPECT_TRUE(again.opacity_logit == read.cloud.opacity_logit);
    EXPECT_TRUE(again.log_scale == read.cloud.log_scale);
  }
}

TEST(RoundTrip, SpzGivesUpDigitsBeforeItGivesUpPlaces) {
  const ScratchFolder folder;
  SplatCloud cloud = random_cloud(100, 0);
  cloud.position[7] = 30'000;
  cloud.position[8] = -900'000;
  write_splats(folder / "a.spz", cloud);
  auto bounds = testing::spz_bounds(3);
  bounds.position.fill(0.5 / 8);  // 2^23 steps reach 900 000 at 3 fractional bits
  expect_close(read_splats(folder / "a.spz", {}).cloud, cloud, bounds, same_order(100));
}

TEST(RoundTrip, SpzClampsWhatItCannotHold) {
  const ScratchFolder folder;
  SplatCloud cloud = random_cloud(2, 1);
  cloud.sh0[0] = 50;
  cloud.sh_rest[0] = 9;
  cloud.sh_rest[1] = -9;
  cloud.log_scale[0] = 8;
  cloud.log_scale[1] = -15;
  cloud.opacity_logit[0] = 20;
  write_splats(folder / "a.spz", cloud);
  const SplatCloud read = read_splats(folder / "a.spz", {}).cloud;
  EXPECT_NEAR(read.sh0[0], 0.5 / 0.15, 1e-5);
  EXPECT_NEAR(std::abs(read.sh_rest[0]), 1, 0.01);
  EXPECT_NEAR(std::abs(read.sh_rest[1]), 1, 0.01);
  EXPECT_LT(read.sh_rest[0] * read.sh_rest[1], 0);
  EXPECT_FLOAT_EQ(read.log_scale[0], 255 / 16.f - 10);
  EXPECT_FLOAT_EQ(read.log_scale[1], -10);
  EXPECT_GT(read.opacity_logit[0], 13);
}

TEST(RoundTrip, CompressedPlyKeepsEveryQuantityWithinItsStep) {
  const ScratchFolder folder;
  for (const int degree : {0, 1, 2, 3}) {
    const SplatCloud cloud = random_cloud(1000, degree);
    write_splats(folder / "a.compressed.ply", cloud);
    const SplatFile read = read_splats(folder / "a.compressed.ply", {});
    EXPECT_EQ(read.layout, "compressed-ply");
    EXPECT_EQ(read.cloud.sh_degree, degree);
    expect_close(read.cloud, cloud, testing::compressed_ply_bounds(), morton_order(cloud.position));
  }
}

TEST(RoundTrip, RawSplatKeepsEveryQuantityWithinItsStep) {
  const ScratchFolder folder;
  const SplatCloud cloud = random_cloud(1000, 2);
  write_splats(folder / "a.splat", cloud);
  EXPECT_EQ(read_bytes(folder / "a.splat").size(), 32'000u);
  const SplatFile read = read_splats(folder / "a.splat", {});
  EXPECT_EQ(read.layout, "splat");
  // Positions are kept as they are, so they tell where a row went.
  std::vector<uint32_t> order;
  for (size_t i = 0; i < 1000; ++i) {
    for (uint32_t j = 0; j < 1000; ++j) {
      if (std::memcmp(&read.cloud.position[3 * i], &cloud.position[3 * j], 12) == 0) {
        order.push_back(j);
      }
    }
  }
  expect_close(read.cloud, cloud, testing::raw_splat_bounds(), order);
  // The most important come first.
  std::vector<float> importance;
  for (const uint32_t row : order) {
    const float* log_scale = &cloud.log_scale[3 * row];
    const double volume = std::exp(double{log_scale[0]} + log_scale[1] + log_scale[2]);
    importance.push_back(static_cast<float>(volume * testing::sigmoid(cloud.opacity_logit[row])));
  }
  for (size_t i = 1; i < importance.size(); ++i) {
    EXPECT_LE(importance[i], importance[i - 1] * (1 + 1e-5f)) << i;
  }
}

TEST(RoundTrip, ScenesOfNothingAndOfOne) {
  const ScratchFolder folder;
  for (const char* name : {"a.ply", "a.spz", "a.splat", "a.compressed.ply"}) {
    SCOPED_TRACE(name);
    write_splats(folder / name, SplatCloud{});
    EXPECT_EQ(read_splats(folder / name, {}).cloud.size(), 0);
    const SplatCloud one = random_cloud(1, 0);
    write_splats(folder / name, one);
    const SplatCloud read = read_splats(folder / name, {}).cloud;
    ASSERT_EQ(read.size(), 1);
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(read.position[c], one.position[c], 1.3e-4);
  }
}

TEST(RoundTrip, TheSameCloudGivesTheSameBytes) {
  const ScratchFolder folder;
  const SplatCloud cloud = random_cloud(700, 1);
  for (const char* ending : {".ply", ".spz", ".splat", ".compressed.ply"}) {
    write_splats(folder / (std::string("a") + ending), cloud);
    write_splats(folder / (std::string("b") + ending), cloud);
    const bool is_same = read_bytes(folder / (std::string("a") + ending)) ==
                         read_bytes(folder / (std::string("b") + ending));
    EXPECT_TRUE(is_same) << ending;
  }
}

}  // namespace
}  // namespace vane
