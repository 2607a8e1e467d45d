// SPDX-License-Identifier: Apache-2.0
// Oracle 2: a renderer in float64 that was written from the formulas. Laws: what a rotated world, a
// split picture and another number of threads leave as it was.
#include "generators/splats/splat_raster.h"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <map>
#include <mutex>

#include "tests/splats/reference_renderer.h"
#include "tests/splats/splat_scenes.h"

namespace vane {
namespace {

using testing::add_ball;
using testing::odd_camera;
using testing::random_cloud;
using testing::reference_render;
using testing::ReferencePicture;
using testing::straight_camera;

// Greatest difference of what is drawn to float64, where no threshold is near.
void expect_as_in_float64(const SplatCloud& cloud, const Camera& camera, int degree) {
  RasterOptions options;
  options.active_sh_degree = degree;
  const SplatPicture drawn = SplatRaster(cloud, camera, options).draw(true);
  const ReferencePicture truth = reference_render(cloud, camera, degree);
  ASSERT_EQ(drawn.rgb.size(), truth.rgb.size());
  double worst = 0, worst_depth = 0, mean = 0;
  size_t uncertain = 0;
  for (size_t p = 0; p < truth.alpha.size(); ++p) {
    if (!truth.certain[p]) {
      ++uncertain;
      continue;
    }
    for (size_t c = 0; c < 3; ++c) {
      worst = std::max(worst, std::abs(drawn.rgb[3 * p + c] - truth.rgb[3 * p + c]));
    }
    worst = std::max(worst, std::abs(drawn.alpha[p] - truth.alpha[p]));
    worst_depth = std::max(worst_depth, std::abs(drawn.depth[p] - truth.depth[p]));
    mean += truth.alpha[p];
  }
  EXPECT_LT(worst, 1e-5);
  EXPECT_LT(worst_depth, 5e-5);  // depths are up to 7
  EXPECT_LE(uncertain, truth.alpha.size() / 50 + 1);
  if (truth.alpha.size() > 1) {
    EXPECT_GT(mean / static_cast<double>(truth.alpha.size()), 0.1);
  }
}

TEST(SplatRaster, DrawsEveryShDegreeAsInFloat64) {
  for (int degree = 0; degree <= 3; ++degree) {
    SCOPED_TRACE(degree);
    expect_as_in_float64(random_cloud(150, degree, 7), straight_camera(80, 64, 70), degree);
  }
}

TEST(SplatRaster, EvaluatesNoMoreDegreesThanAreActive) {
  expect_as_in_float64(random_cloud(150, 3, 8), straight_camera(64, 48, 60), 1);
}

TEST(SplatRaster, DrawsOddCamerasAsInFloat64) {
  const SplatCloud cloud = random_cloud(200, 2, 9);
  for (const auto& [width, height] : {std::pair{83, 61}, {16, 33}, {130, 7}, {1, 1}}) {
    SCOPED_TRACE(width);
    expect_as_in_float64(cloud, odd_camera(width, height), 2);
  }
}

TEST(SplatRaster, DrawsAntialiasedCloudsAsInFloat64) {
  SplatCloud cloud = random_cloud(200, 1, 10);
  for (float& s : cloud.log_scale) s -= 2;  // most are smaller than a pixel
  for (float& o : cloud.opacity_logit) o += 3;
  for (size_t i = 0; i < 40; ++i) cloud.log_scale[i] += 3;
  cloud.antialiased = true;
  expect_as_in_float64(cloud, odd_camera(83, 61), 1);
}

TEST(SplatRaster, DrawsLongThinGaussiansAsInFloat64) {
  SplatCloud cloud = random_cloud(60, 0, 11);
  for (size_t i = 0; i < cloud.log_scale.size(); i += 3) {
    cloud.log_scale[i] = 1.2f;
    cloud.log_scale[i + 1] = cloud.log_scale[i + 2] = -7;
  }
  expect_as_in_float64(cloud, straight_camera(160, 120, 150), 0);
}

TEST(SplatRaster, CentreOfAPixelIsAtOneHalf) {
  SplatCloud cloud;
  add_ball(cloud, {0, 0, 4}, 0.01f, 0.9f, {1, 1, 1});
  Camera camera = straight_camera(31, 31, 40);  // the axis meets pixel 15 in its centre
  const SplatPicture drawn = SplatRaster(cloud, camera).draw();
  const auto at = [&](int x, int y) { return drawn.alpha[static_cast<size_t>(31 * y + x)]; };
  EXPECT_NEAR(at(15, 15), 0.9, 1e-6);
  EXPECT_FLOAT_EQ(at(14, 15), at(16, 15));
  EXPECT_FLOAT_EQ(at(15, 14), at(15, 16));
  EXPECT_LT(at(14, 15), 0.3);
}

// Three of opacity 0.95 leave 0.000125; a fourth would leave less than 0.0001 and is refused.
TEST(SplatRaster, StopsBeforeTheGaussianThatFillsAPixel) {
  SplatCloud cloud;
  for (int i = 0; i < 5; ++i) {
    add_ball(cloud, {0, 0, 2 + 0.1f * static_cast<float>(i)}, 50.f, 0.95f, {0, 0, 0});
  }
  const Camera camera = straight_camera(9, 9, 9);
  std::vector<int> counts;
  SplatRaster(cloud, camera, {.threads = 1})
      .visit_weights([&](int, int64_t, const SplatWeight*, int count) { counts.push_back(count); });
  ASSERT_EQ(counts.size(), 81u);
  EXPECT_EQ(counts[40], 3);
  const SplatPicture drawn = SplatRaster(cloud, camera).draw();
  EXPECT_NEAR(1 - drawn.alpha[40], 0.000125, 1e-6);
}

TEST(SplatRaster, CapsOpacityAtNinetyNineHundredths) {
  SplatCloud cloud;
  add_ball(cloud, {0, 0, 2}, 50.f, 0.5f, {1, 1, 1});
  add_ball(cloud, {0, 0, 3}, 50.f, 0.5f, {1, 1, 1});
  cloud.opacity_logit = {40, 40};  // opacity 1
  const Camera camera = straight_camera(5, 5, 5);
  int most = 0;
  SplatRaster(cloud, camera, {.threads = 1})
      .visit_weights([&](int, int64_t, const SplatWeight* weights, int count) {
        most = std::max(most, count);
        ASSERT_GT(count, 0);
        EXPECT_FLOAT_EQ(weights[0].weight, 0.99f);
      });
  EXPECT_EQ(most, 1);  // (1 - 0.99)^2 is below 1e-4 in float32
}

TEST(SplatRaster, FarSpeckCoversAPixelUnlessAntialiased) {
  SplatCloud cloud;
  add_ball(cloud, {0, 0, 50}, 0.001f, 0.9f, {1, 1, 1});
  const Camera camera = straight_camera(15, 15, 15);
  EXPECT_NEAR(SplatRaster(cloud, camera).draw().alpha[7 * 15 + 7], 0.9, 1e-5);
  cloud.antialiased = true;
  EXPECT_NEAR(SplatRaster(cloud, camera).draw().alpha[7 * 15 + 7], 0.9 * 0.005, 1e-5);
}

// Without the limit the Jacobian of a point far beside the axis stretches it across the picture.
TEST(SplatRaster, GaussiansBesideTheFrustumDoNotExplode) {
  SplatCloud cloud;
  add_ball(cloud, {6, 0, 0.5f}, 0.2f, 0.9f, {1, 1, 1});  // 85 degrees from the axis
  const Camera camera = straight_camera(64, 64, 60);
  const SplatPicture drawn = SplatRaster(cloud, camera).draw();
  for (const float alpha : drawn.alpha) EXPECT_EQ(alpha, 0);
}

TEST(SplatRaster, GiantsBehindTheCameraAreNotDrawn) {
  SplatCloud cloud;
  add_ball(cloud, {0, 0, -1}, 1000.f, 0.99f, {1, 1, 1});
  add_ball(cloud, {0, 0, 0.19f}, 1000.f, 0.99f, {1, 1, 1});
  const Camera camera = straight_camera(40, 40, 40);
  for (const float alpha : SplatRaster(cloud, camera).draw().alpha) EXPECT_EQ(alpha, 0);
  add_ball(cloud, {0, 0, 0.21f}, 1e6f, 0.99f, {1, 1, 1});  // and one in front fills everything
  for (const float alpha : SplatRaster(cloud, camera).draw().alpha) EXPECT_NEAR(alpha, 0.99, 1e-5);
}

TEST(SplatRaster, ValuesThatAreNotFiniteAreNotDrawn) {
  const SplatCloud sound = random_cloud(30, 1, 3);
  const Camera camera = straight_camera(40, 30, 35);
  const SplatPicture without = SplatRaster(sound, camera).draw();
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    SplatCloud cloud = sound;
    for (int k = 0; k < 4; ++k) add_ball(cloud, {0, 0, 2}, 0.5f, 0.5f, {1, 1, 1});
    cloud.position[3 * 30] = bad;
    cloud.log_scale[3 * 31] = bad > 0 ? bad : NAN;
    cloud.opacity_logit[32] = bad > 0 ? NAN : bad;
    std::fill_n(cloud.rotation.begin() + 4 * 33, 4, 0.f);
    EXPECT_EQ(SplatRaster(cloud, camera).draw().rgb, without.rgb) << bad;
  }
}

TEST(SplatRaster, NoGaussiansShowTheBackground) {
  SplatCloud cloud;
  cloud.sh_degree = 3;
  Camera camera = straight_camera(17, 5, 20);
  camera.background = {0.25f, 0.5f, 1};
  const SplatRaster raster(cloud, camera);
  const SplatPicture drawn = raster.draw(true, true);
  for (size_t p = 0; p < 17 * 5; ++p) {
    EXPECT_EQ(drawn.alpha[p], 0);
    EXPECT_EQ(drawn.rgb[3 * p + 2], 1);
    EXPECT_EQ(drawn.depth[p], 0);
  }
  const std::vector<float> d(3 * 17 * 5, 1.f);
  EXPECT_TRUE(raster.backward(drawn, d.data()).position.empty());
}

TEST(SplatRaster, ThreadsDoNotChangeAByte) {
  const SplatCloud cloud = random_cloud(9000, 3, 12);
  const Camera camera = odd_camera(150, 90);
  std::vector<int32_t> labels(150 * 90);
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int32_t>(i / 37 % 9) - 1;
  std::vector<float> d(3 * labels.size());
  Rng rng(5);
  for (float& g : d) g = rng.normal();
  const auto all = [&](int threads) {
    const SplatRaster raster(cloud, camera, {.threads = threads});
    const SplatPicture picture = raster.draw(true, true);
    const SplatGradients g = raster.backward(picture, d.data());
    std::vector<std::vector<SplatWeight>> table(static_cast<size_t>(cloud.size()));
    raster.accumulate_labels(labels.data(), table);
    std::vector<float> features(3 * static_cast<size_t>(cloud.size()));
    raster.backward_features(d.data(), 3, features.data());
    std::vector<float> values;
    for (const std::vector<float>* part : std::initializer_list<const std::vector<float>*>{
             &picture.rgb, &picture.alpha, &picture.depth, &picture.normal, &g.position, &g.sh0,
             &g.sh_rest, &g.opacity_logit, &g.log_scale, &g.rotation, &g.centre_norm, &features}) {
      values.insert(values.end(), part->begin(), part->end());
    }
    for (const auto& row : table) {
      for (const SplatWeight& w : row) values.push_back(w.weight);
    }
    return values;
  };
  const std::vector<float> one = all(1);
  EXPECT_EQ(one, all(2));
  EXPECT_EQ(one, all(5));
}

// Equal depths keep the order of the rows.
TEST(SplatRaster, TiesInDepthAreDrawnInTheOrderOfTheRows) {
  SplatCloud cloud;
  add_ball(cloud, {0, 0, 2}, 1.f, 0.9f, {1, 0, 0});
  add_ball(cloud, {0, 0, 2}, 1.f, 0.9f, {0, 1, 0});
  const SplatPicture drawn = SplatRaster(cloud, straight_camera(3, 3, 3)).draw();
  EXPECT_GT(drawn.rgb[12], 0.8);
  EXPECT_LT(drawn.rgb[13], 0.2);
}

// A world turned together with its camera looks the same. Degree 0 has no direction to turn.
TEST(SplatRaster, TurningWorldAndCameraTogetherChangesNothing) {
  const SplatCloud cloud = random_cloud(150, 0, 13);
  const Camera camera = odd_camera(90, 70);
  const double half = 0.35;
  const std::array<double, 4> q{std::cos(half), std::sin(half) * 0.6, 0, std::sin(half) * 0.8};
  const double w = q[0], x = q[1], z = q[3];
  const double turn[9] = {1 - 2 * z * z, -2 * w * z,
                          2 * x * z,  //
                          2 * w * z,     1 - 2 * (x * x + z * z),
                          -2 * w * x,    2 * x * z,
                          2 * w * x,     1 - 2 * x * x};
  SplatCloud turned = cloud;
  for (size_t i = 0; i < 150; ++i) {
    for (size_t k = 0; k < 3; ++k) {
      double sum = 0;
      for (size_t j = 0; j < 3; ++j) sum += turn[3 * k + j] * cloud.position[3 * i + j];
      turned.position[3 * i + k] = static_cast<float>(sum);
    }
    const float* p = cloud.rotation.data() + 4 * i;
    float* r = turned.rotation.data() + 4 * i;
    r[0] = static_cast<float>(w * p[0] - x * p[1] - z * p[3]);
    r[1] = static_cast<float>(w * p[1] + x * p[0] - z * p[2]);
    r[2] = static_cast<float>(w * p[2] - x * p[3] + z * p[1]);
    r[3] = static_cast<float>(w * p[3] + x * p[2] + z * p[0]);
  }
  Camera turned_camera = camera;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t k = 0; k < 3; ++k) {
      double sum = 0;
      for (size_t j = 0; j < 3; ++j) sum += camera.world_to_camera[4 * row + j] * turn[3 * k + j];
      turned_camera.world_to_camera[4 * row + k] = sum;
    }
  }
  const SplatPicture before = SplatRaster(cloud, camera).draw(),
                     after = SplatRaster(turned, turned_camera).draw();
  int changed = 0;
  for (size_t i = 0; i < before.rgb.size(); ++i) {
    changed += std::abs(before.rgb[i] - after.rgb[i]) > 1e-4;
  }
  EXPECT_LE(changed, 6);  // pixels at a threshold
}

TEST(SplatRaster, WeightsAreThoseOfFloat64) {
  const SplatCloud cloud = random_cloud(120, 0, 14);
  const Camera camera = odd_camera(50, 37);
  const ReferencePicture truth = reference_render(cloud, camera, 0, true);
  std::vector<double> found(truth.weights.size(), 0.0);
  std::mutex mutex;
  int64_t visited = 0;
  SplatRaster(cloud, camera, {.threads = 2})
      .visit_weights([&](int, int64_t pixel, const SplatWeight* weights, int count) {
        const std::lock_guard lock(mutex);
        ++visited;
        for (int i = 0; i < count; ++i) {
          found[static_cast<size_t>(pixel * 120 + weights[i].gaussian)] += weights[i].weight;
        }
      });
  EXPECT_EQ(visited, 50 * 37);
  for (size_t p = 0; p < 50 * 37; ++p) {
    if (!truth.certain[p]) continue;
    for (size_t i = 0; i < 120; ++i) {
      ASSERT_NEAR(found[p * 120 + i], truth.weights[p * 120 + i], 1e-5) << p << " " << i;
    }
  }
}

TEST(SplatRaster, FeaturesAreWeightedSums) {
  constexpr size_t kCount = 120, kChannels = 37;  // more than are blended at once
  const SplatCloud cloud = random_cloud(kCount, 0, 15);
  const Camera camera = odd_camera(45, 30);
  const ReferencePicture truth = reference_render(cloud, camera, 0, true);
  Rng rng(6);
  std::vector<float> features(kCount * kChannels), d(45 * 30 * kChannels), alpha(45 * 30);
  for (float& f : features) f = rng.normal();
  for (float& g : d) g = rng.normal();
  const SplatRaster raster(cloud, camera);
  const std::vector<float> drawn = raster.draw_features(features.data(), kChannels, alpha.data());
  std::vector<float> gradient(features.size(), 1.f);  // it is added to
  raster.backward_features(d.data(), kChannels, gradient.data());
  std::vector<double> expected_gradient(features.size(), 1.0);
  for (size_t p = 0; p < 45 * 30; ++p) {
    std::vector<double> sum(kChannels, 0.0);
    for (size_t i = 0; i < kCount; ++i) {
      const double w = truth.weights[p * kCount + i];
      for (size_t c = 0; c < kChannels; ++c) {
        sum[c] += w * features[i * kChannels + c];
        expected_gradient[i * kChannels + c] += w * d[p * kChannels + c];
      }
    }
    if (!truth.certain[p]) continue;
    EXPECT_NEAR(alpha[p], truth.alpha[p], 1e-5);
    for (size_t c = 0; c < kChannels; ++c) {
      ASSERT_NEAR(drawn[p * kChannels + c], sum[c], 2e-5);
    }
  }
  for (size_t i = 0; i < gradient.size(); ++i) {
    // A pixel at a threshold may differ by up to 1/255.
    ASSERT_NEAR(gradient[i], expected_gradient[i], 0.02) << i;
  }
}

TEST(SplatRaster, LabelsCollectTheWeightsOfTheirPixels) {
  constexpr size_t kCount = 80;
  const SplatCloud cloud = random_cloud(kCount, 0, 16);
  const Camera camera = odd_camera(70, 40);
  const ReferencePicture truth = reference_render(cloud, camera, 0, true);
  std::vector<int32_t> labels(70 * 40);
  for (size_t p = 0; p < labels.size(); ++p) {
    labels[p] = p % 70 < 10 ? -1 : static_cast<int32_t>(1000 * (p % 70 / 20) + p / 70 / 13);
  }
  std::vector<std::vector<SplatWeight>> table(kCount);
  SplatRaster(cloud, camera).accumulate_labels(labels.data(), table);
  std::vector<std::map<int32_t, double>> expected(kCount);
  for (size_t p = 0; p < labels.size(); ++p) {
    for (size_t i = 0; i < kCount && labels[p] >= 0; ++i) {
      if (truth.weights[p * kCount + i] > 0) {
        expected[i][labels[p]] += truth.weights[p * kCount + i];
      }
    }
  }
  for (size_t i = 0; i < kCount; ++i) {
    std::map<int32_t, double> found;
    for (const SplatWeight& w : table[i]) {
      EXPECT_EQ(found.count(w.gaussian), 0u) << "a label twice";
      found[w.gaussian] = w.weight;
    }
    for (const auto& [label, weight] : expected[i]) {
      EXPECT_NEAR(found[label], weight, 0.02 + 1e-5 * weight) << i << " " << label;
    }
    EXPECT_LE(found.size(), expected[i].size() + 1);
  }
}

TEST(SplatRaster, NormalsFaceTheCamera) {
  SplatCloud cloud;
  add_ball(cloud, {0, 0, 3}, 1.f, 0.9f, {1, 1, 1});
  cloud.log_scale = {0, 0, -4};  // a disc across the axis
  const SplatPicture drawn = SplatRaster(cloud, straight_camera(5, 5, 5)).draw(true, true);
  EXPECT_NEAR(drawn.normal[3 * 12 + 2], -0.9, 1e-5);
  EXPECT_NEAR(drawn.normal[3 * 12], 0, 1e-6);
  EXPECT_NEAR(drawn.depth[12], 0.9 * 3, 1e-5);
}

}  // namespace
}  // namespace vane
