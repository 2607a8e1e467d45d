// SPDX-License-Identifier: Apache-2.0
// Oracle: the definition, f_i = n(sum over views and pixels of w_i(p) F(p)), summed by brute force
// in all dimensions from visit_weights (splatting sheet, section 9).
#include "generators/language/label_table.h"

#include <gtest/gtest.h>

#include <mutex>

#include "generators/language/language_field.h"
#include "tests/language/language_scene.h"

namespace vane {
namespace {

constexpr int kDim = 24;
constexpr int kViews = 3;

// Masks in irregular blocks; some pixels belong to none.
RegionMaps blocky_maps(int width, int height, uint64_t seed) {
  Rng rng(seed);
  RegionMaps maps;
  maps.width = width;
  maps.height = height;
  for (int level = 0; level < kRegionLevels; ++level) {
    const int side = 6 << level, columns = width / side + 1;
    std::vector<int32_t>& labels = maps.labels[static_cast<size_t>(level)];
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int block = y / side * columns + x / side;
        labels.push_back(block % 5 == 4 ? -1 : maps.count + block);
      }
    }
    maps.count += columns * (height / side + 1);
  }
  maps.dim = kDim;
  for (int i = 0; i < maps.count; ++i) {
    std::vector<float> row;
    float square = 0;
    for (int k = 0; k < kDim; ++k) {
      row.push_back(rng.normal());
      square += row.back() * row.back();
    }
    for (const float x : row) maps.features.push_back(x / std::sqrt(square));
  }
  return maps;
}

struct Scene {
  SplatCloud cloud = test::random_cloud(120, 5);
  std::vector<Camera> cameras;
  std::vector<RegionMaps> maps;
  Scene() {
    for (int view = 0; view < kViews; ++view) {
      cameras.push_back(test::camera_at(0.5 * view));
      maps.push_back(
          blocky_maps(cameras.back().width, cameras.back().height, static_cast<uint64_t>(view)));
    }
  }
};

std::vector<double> brute_force(const Scene& scene, size_t level) {
  std::vector<double> sum(static_cast<size_t>(scene.cloud.size()) * kDim, 0);
  for (size_t view = 0; view < scene.cameras.size(); ++view) {
    const SplatRaster raster(scene.cloud, scene.cameras[view]);
    std::mutex mutex;
    raster.visit_weights([&](int, int64_t pixel, const SplatWeight* weights, int count) {
      const int32_t row = scene.maps[view].labels[level][static_cast<size_t>(pixel)];
      if (row < 0) return;
      const std::lock_guard lock(mutex);
      for (int i = 0; i < count; ++i) {
        for (int k = 0; k < kDim; ++k) {
          sum[static_cast<size_t>(weights[i].gaussian) * kDim + static_cast<size_t>(k)] +=
              static_cast<double>(weights[i].weight) *
              static_cast<double>(scene.maps[view].features[static_cast<size_t>(row * kDim + k)]);
        }
      }
    });
  }
  for (size_t i = 0; i < sum.size(); i += kDim) {
    double square = 0;
    for (size_t k = 0; k < kDim; ++k) square += sum[i + k] * sum[i + k];
    for (size_t k = 0; k < kDim && square > 0; ++k) sum[i + k] /= std::sqrt(square);
  }
  return sum;
}

// The same from the table, for any order of views.
std::vector<double> lifted(const Scene& scene, size_t level, const std::vector<size_t>& order) {
  LabelLifter lifter(scene.cloud.size());
  std::vector<float> features;
  for (const size_t view : order) {
    const SplatRaster raster(scene.cloud, scene.cameras[view]);
    lifter.add_view(raster, scene.cameras[view].width, scene.cameras[view].height,
                    scene.maps[view]);
    features.insert(features.end(), scene.maps[view].features.begin(),
                    scene.maps[view].features.end());
  }
  const LabelTable& table = lifter.table(static_cast<int>(level));
  const std::vector<int32_t>& rows = lifter.row_of(static_cast<int>(level));
  std::vector<double> result;
  for (const std::vector<SplatWeight>& row : table.rows) {
    std::vector<double> f(kDim, 0);
    for (const SplatWeight& entry : row) {
      const auto at = static_cast<size_t>(rows[static_cast<size_t>(entry.gaussian)]) * kDim;
      for (size_t k = 0; k < kDim; ++k) {
        f[k] += static_cast<double>(entry.weight) * static_cast<double>(features[at + k]);
      }
    }
    double square = 0;
    for (const double x : f) square += x * x;
    for (double& x : f) {
      if (square > 0) x /= std::sqrt(square);
    }
    result.insert(result.end(), f.begin(), f.end());
  }
  return result;
}

TEST(LabelTable, EqualsTheSumInAllDimensions) {
  const Scene scene;
  for (size_t level = 0; level < kRegionLevels; ++level) {
    const std::vector<double> expected = brute_force(scene, level);
    const std::vector<double> found = lifted(scene, level, {0, 1, 2});
    ASSERT_EQ(found.size(), expected.size());
    double seen = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], expected[i], 1e-5);
      seen += std::abs(expected[i]);
    }
    EXPECT_GT(seen, 100);  // most Gaussians were seen
  }
}

TEST(LabelTable, TheOrderOfViewsDoesNotMatter) {
  const Scene scene;
  const std::vector<double> one = lifted(scene, 1, {0, 1, 2}), other = lifted(scene, 1, {2, 0, 1});
  for (size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], other[i], 1e-5);
}

TEST(LabelTable, WhatIsHiddenGetsNoLabelFromInFront) {
  SplatCloud cloud = test::random_cloud(60, 1);
  // An opaque wall of large Gaussians before the rest.
  const auto first = static_cast<size_t>(cloud.size());
  for (int i = 0; i < 25; ++i) {
    cloud.position.insert(cloud.position.end(), {0.2f * static_cast<float>(i % 5 - 2),
                                                 0.2f * static_cast<float>(i / 5 - 2), -1.f});
    cloud.sh0.insert(cloud.sh0.end(), {0, 0, 0});
    cloud.log_scale.insert(cloud.log_scale.end(), {-1.5f, -1.5f, -3.f});
    cloud.rotation.insert(cloud.rotation.end(), {1, 0, 0, 0});
    cloud.opacity_logit.push_back(6);
  }
  const Camera camera = test::camera_at(0);
  RegionMaps maps = blocky_maps(camera.width, camera.height, 0);
  LabelLifter lifter(cloud.size());
  lifter.add_view(SplatRaster(cloud, camera), camera.width, camera.height, maps);
  double wall = 0, behind = 0;
  for (size_t i = 0; i < lifter.table(0).rows.size(); ++i) {
    for (const SplatWeight& entry : lifter.table(0).rows[i]) {
      (i >= first ? wall : behind) += static_cast<double>(entry.weight);
    }
  }
  EXPECT_GT(wall, 500);
  EXPECT_LT(behind, 1e-3 * wall);
}

TEST(LabelTable, MapsOfAnotherSizeAreScaled) {
  const Scene scene;
  const Camera& camera = scene.cameras[0];
  RegionMaps twice = scene.maps[0];
  twice.width *= 2;
  twice.height *= 2;
  for (std::vector<int32_t>& labels : twice.labels) {
    const std::vector<int32_t> small = labels;
    labels.clear();
    for (int y = 0; y < twice.height; ++y) {
      for (int x = 0; x < twice.width; ++x) {
        labels.push_back(small[static_cast<size_t>(y / 2 * camera.width + x / 2)]);
      }
    }
  }
  const SplatRaster raster(scene.cloud, camera);
  LabelLifter one(scene.cloud.size()), other(scene.cloud.size());
  one.add_view(raster, camera.width, camera.height, scene.maps[0]);
  other.add_view(raster, camera.width, camera.height, twice);
  for (size_t i = 0; i < one.table(2).rows.size(); ++i) {
    ASSERT_EQ(one.table(2).rows[i].size(), other.table(2).rows[i].size());
    for (size_t k = 0; k < one.table(2).rows[i].size(); ++k) {
      EXPECT_EQ(one.table(2).rows[i][k].weight, other.table(2).rows[i][k].weight);
    }
  }
}

// Gaussians 0-9 belong to thing A, 10-19 to thing B. View 0 and 1 have a mask of each, view 2 one
// of both together, view 3 sees A only.
LabelTable two_things() {
  LabelTable table;
  table.view_of = {0, 0, 1, 1, 2, 3};
  for (int i = 0; i < 20; ++i) {
    const bool is_a = i < 10;
    std::vector<SplatWeight> row = {
        {is_a ? 0 : 1, 2.f}, {is_a ? 2 : 3, is_a ? 1.f : 2.f}, {4, 1.5f}};
    if (is_a) row.push_back({5, 1.f});
    table.rows.push_back(row);
  }
  return table;
}

TEST(GroupMasks, MasksOfOneThingBecomeOneObject) {
  const MaskGroups groups = group_masks(two_things(), 0.5);
  ASSERT_EQ(groups.object_of.size(), 6u);
  EXPECT_EQ(groups.object_of[0], groups.object_of[2]);
  EXPECT_EQ(groups.object_of[0], groups.object_of[5]);
  EXPECT_EQ(groups.object_of[1], groups.object_of[3]);
  EXPECT_NE(groups.object_of[0], groups.object_of[1]);
  // Half of the joint mask is A, half B: neither half is more than half of it.
  EXPECT_NE(groups.object_of[4], groups.object_of[0]);
  EXPECT_NE(groups.object_of[4], groups.object_of[1]);
  EXPECT_EQ(groups.objects, 3);
}

TEST(GroupMasks, AboveOneNothingJoins) {
  const MaskGroups groups = group_masks(two_things(), 1.5);
  EXPECT_EQ(groups.objects, 6);
  EXPECT_EQ(groups.object_of, (std::vector<int32_t>{0, 1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace vane
