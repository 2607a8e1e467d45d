// SPDX-License-Identifier: Apache-2.0
// Oracle: rays against a floor and balls, solved exactly.
#include "generators/language/scene_objects.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "tests/language/language_scene.h"

namespace vane {
namespace {

using Point = std::array<double, 3>;

constexpr int kViews = 8;

struct Ball {
  Point centre;
  double radius;
};

struct Stage {
  std::vector<SceneSurface> views;
  std::vector<std::vector<int>> truth;  // a view and pixel: ball, -1 the floor, -2 nothing
};

double dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// A ring of cameras that look down on the origin, y down; the floor is y = 0.
Camera camera_above(int view) {
  constexpr double kPi = 3.14159265358979;
  const double around = 2 * kPi * view / kViews, up = -0.6, distance = 5;
  const double ca = std::cos(around), sa = std::sin(around), cu = std::cos(up), su = std::sin(up);
  Camera camera;
  camera.width = 96;
  camera.height = 80;
  camera.fx = camera.fy = 150;
  camera.cx = 48;
  camera.cy = 40;
  camera.world_to_camera = {ca,       0,   sa,      0,  //
                            -sa * su, cu,  ca * su, 0,  //
                            -sa * cu, -su, ca * cu, distance};
  return camera;
}

Stage make_stage(const std::vector<Ball>& balls, bool with_floor, double noise = 0) {
  Stage stage;
  Rng rng(11);
  for (int view = 0; view < kViews; ++view) {
    SceneSurface surface{camera_above(view), {}};
    const Camera& camera = surface.camera;
    const auto& m = camera.world_to_camera;
    const Point eye = camera.centre();
    stage.truth.emplace_back();
    for (int row = 0; row < camera.height; ++row) {
      for (int column = 0; column < camera.width; ++column) {
        const double x = (column + 0.5 - camera.cx) / camera.fx;
        const double y = (row + 0.5 - camera.cy) / camera.fy;
        Point ray{};
        for (size_t k = 0; k < 3; ++k) ray[k] = m[k] * x + m[4 + k] * y + m[8 + k];
        double z = 1e9;
        int label = -2;
        if (with_floor && ray[1] > 0) {
          z = -eye[1] / ray[1];
          label = -1;
        }
        for (size_t b = 0; b < balls.size(); ++b) {
          const Point to = {eye[0] - balls[b].centre[0], eye[1] - balls[b].centre[1],
                            eye[2] - balls[b].centre[2]};
          const double a = dot(ray, ray), half = dot(ray, to);
          const double rest = dot(to, to) - balls[b].radius * balls[b].radius;
          const double root = half * half - a * rest;
          if (root < 0) continue;
          const double hit = (-half - std::sqrt(root)) / a;
          if (hit <= 0 || hit >= z) continue;
          z = hit;
          label = static_cast<int>(b);
        }
        const double off = noise * static_cast<double>(rng.normal());
        surface.depth.push_back(label == -2 ? 0.f : static_cast<float>(z * (1 + off)));
        stage.truth.back().push_back(label);
      }
    }
    stage.views.push_back(surface);
  }
  return stage;
}

// The number that most pixels of a ball have, and the overlap of both.
std::pair<int32_t, double> found(const Stage& stage, const SceneObjects& objects, int ball) {
  std::vector<int64_t> votes(static_cast<size_t>(objects.count()) + 1, 0);
  const auto each = [&](const auto& visit) {
    for (size_t v = 0; v < stage.views.size(); ++v) {
      for (size_t i = 0; i < stage.truth[v].size(); ++i) {
        visit(stage.truth[v][i], objects.labels[v][i]);
      }
    }
  };
  each([&](int truth, int32_t label) {
    if (truth == ball) ++votes[static_cast<size_t>(label + 1)];
  });
  const auto best =
      static_cast<int32_t>(std::max_element(votes.begin(), votes.end()) - votes.begin()) - 1;
  double both = 0, either = 0;
  each([&](int truth, int32_t label) {
    both += truth == ball && label == best;
    either += truth == ball || label == best;
  });
  return {best, both / either};
}

const std::vector<Ball> kTwo = {{{-0.7, -0.4, 0}, 0.4}, {{0.6, -0.3, 0.2}, 0.3}};

TEST(SceneObjects, StandOnTheirSupportEachByItself) {
  const Stage stage = make_stage(kTwo, true);
  const SceneObjects objects = scene_objects(stage.views, Rng(1));
  ASSERT_EQ(objects.supports.size(), 1u);
  EXPECT_NEAR(objects.supports[0].normal[1], -1, 1e-6);  // towards the cameras
  EXPECT_NEAR(objects.supports[0].offset, 0, 1e-6);
  EXPECT_EQ(objects.objects, 2);
  const auto [first, overlap] = found(stage, objects, 0);
  const auto [second, other_overlap] = found(stage, objects, 1);
  EXPECT_NE(first, second);
  EXPECT_GE(first, 1);
  EXPECT_GT(overlap, 0.95);
  EXPECT_GT(other_overlap, 0.95);
  EXPECT_EQ(found(stage, objects, -1).first, 0);
}

TEST(SceneObjects, AreFoundInNoisyDepth) {
  // 0.005 of the depth is 0.75 of a pixel's width.
  const Stage stage = make_stage(kTwo, true, 0.005);
  const SceneObjects objects = scene_objects(stage.views, Rng(1));
  ASSERT_EQ(objects.supports.size(), 1u);
  EXPECT_GT(-objects.supports[0].normal[1], 0.999);
  EXPECT_GT(objects.supports[0].tolerance,
            scene_objects(make_stage(kTwo, true).views, Rng(1)).supports[0].tolerance);
  const auto [first, overlap] = found(stage, objects, 0);
  const auto [second, other_overlap] = found(stage, objects, 1);
  EXPECT_GE(first, 1);
  EXPECT_GE(second, 1);
  EXPECT_NE(first, second);
  EXPECT_GT(overlap, 0.75);
  EXPECT_GT(other_overlap, 0.75);
}

TEST(SceneObjects, WhatFloatsIsOfWhatCarriesIt) {
  // A shade that hides its pole, close above a foot.
  const std::vector<Ball> lamp = {{{0, -0.2, 0}, 0.2}, {{0, -0.78, 0}, 0.3}};
  const Stage stage = make_stage(lamp, true);
  const SceneObjects objects = scene_objects(stage.views, Rng(1));
  EXPECT_EQ(objects.objects, 1);
  EXPECT_EQ(found(stage, objects, 0).first, found(stage, objects, 1).first);
}

TEST(SceneObjects, NeedNoSupport) {
  const Stage stage = make_stage(kTwo, false);
  const SceneObjects objects = scene_objects(stage.views, Rng(1));
  EXPECT_TRUE(objects.supports.empty());
  EXPECT_EQ(objects.objects, 2);
  EXPECT_NE(found(stage, objects, 0).first, found(stage, objects, 1).first);
}

TEST(SceneObjects, AThingThatFillsThePicturesIsNone) {
  const Stage stage = make_stage({{{0, 0, 0}, 2.5}}, false);
  EXPECT_EQ(scene_objects(stage.views, Rng(1)).objects, 0);
  EXPECT_EQ(scene_objects({}, Rng(1)).objects, 0);
}

TEST(SceneObjects, AreTheSameAgain) {
  const Stage stage = make_stage(kTwo, true, 0.003);
  EXPECT_EQ(scene_objects(stage.views, Rng(1)).labels, scene_objects(stage.views, Rng(1)).labels);
}

TEST(SceneSurface, LiesWhereTheRayMeetsAFlatGaussian) {
  // A disc through the origin, turned by 40 degrees about x: its normal is R z.
  SplatCloud cloud = test::random_cloud(1, 1);
  const double turn = 0.7;
  cloud.position = {0, 0, 0};
  cloud.log_scale = {std::log(0.6f), std::log(0.6f), std::log(1e-4f)};
  cloud.rotation = {static_cast<float>(std::cos(turn / 2)), static_cast<float>(std::sin(turn / 2)),
                    0, 0};
  cloud.opacity_logit = {6};
  const Point normal = {0, -std::sin(turn), std::cos(turn)};
  const Camera camera = test::camera_at(0.4);
  const SceneSurface surface = scene_surface(cloud, SplatRaster(cloud, camera), camera);
  int seen = 0;
  for (int row = 0; row < camera.height; ++row) {
    for (int column = 0; column < camera.width; ++column) {
      if (surface.depth[static_cast<size_t>(row * camera.width + column)] <= 0) continue;
      ++seen;
      EXPECT_NEAR(dot(surface.point(column, row), normal), 0, 1e-4);
    }
  }
  EXPECT_GT(seen, 100);
}

TEST(ObjectMaps, CutColoursWhereObjectsEnd) {
  // 16 x 8 pixels: an object on the left half, a support on the right; colours in stripes.
  SceneObjects objects;
  objects.supports.resize(1);
  objects.objects = 1;
  std::vector<int32_t> labels;
  std::vector<RegionMap> colours(3, RegionMap{16, 8, 2, {}});
  for (int i = 0; i < 16 * 8; ++i) {
    labels.push_back(i % 16 < 11 ? 1 : 0);
    for (RegionMap& map : colours) map.labels.push_back(i / 16 < 4 ? 0 : 1);
  }
  const RegionMaps maps = object_maps(colours, objects, labels, 16, 8);
  // Wholes: the object and the support. Parts: the two stripes of the object; the support is one.
  const auto at = [&](size_t level, int x, int y) {
    return maps.labels[level][static_cast<size_t>(16 * y + x)];
  };
  EXPECT_EQ(at(2, 0, 0), at(2, 0, 7));
  EXPECT_NE(at(2, 0, 0), at(2, 15, 0));
  EXPECT_NE(at(0, 0, 0), at(0, 0, 7));
  EXPECT_EQ(at(0, 15, 0), at(0, 15, 7));
  EXPECT_EQ(maps.count, 3 + 3 + 2);
  EXPECT_THROW(object_maps(colours, objects, labels, 8, 8), Error);
}

TEST(ObjectMaps, KeepColoursWhereGeometrySaysNothing) {
  std::vector<RegionMap> colours(3, RegionMap{10, 10, 2, {}});
  for (int i = 0; i < 100; ++i) {
    for (RegionMap& map : colours) map.labels.push_back(i < 50 ? 0 : 1);
  }
  const RegionMaps maps = object_maps(colours, {}, std::vector<int32_t>(100, -1), 10, 10);
  EXPECT_EQ(maps.labels, region_maps(colours).labels);
}

}  // namespace
}  // namespace vane
