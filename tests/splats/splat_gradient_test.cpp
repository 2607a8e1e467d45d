// SPDX-License-Identifier: Apache-2.0
// Oracle 4: central differences in float64, of the renderer in float64 that was written from the
// formulas, against the hand-written chain in float64; and that chain against the float32 renderer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "generators/splats/pixel_math.h"
#include "generators/splats/splat_raster.h"
#include "generators/splats/splat_view.h"
#include "tests/splats/reference_renderer.h"
#include "tests/splats/splat_scenes.h"

namespace vane {
namespace {

using testing::ReferenceCloud;
using testing::ReferencePicture;

// A linear loss: the derivative for each value of the picture, 0 where a threshold is near.
struct Loss {
  std::vector<double> rgb, alpha;

  double of(const ReferencePicture& picture) const {
    return std::inner_product(rgb.begin(), rgb.end(), picture.rgb.begin(), 0.0) +
           std::inner_product(alpha.begin(), alpha.end(), picture.alpha.begin(), 0.0);
  }
};

struct Scene {
  SplatCloud cloud;
  Camera camera;
  Loss loss;
};

Scene scene(int count, int width, int height, bool antialiased, uint64_t seed) {
  Scene s;
  s.cloud = testing::random_cloud(count, 3, seed);
  s.cloud.antialiased = antialiased;
  for (float& l : s.cloud.log_scale) l = 0.5f * l - (antialiased ? 2.3f : 0.8f);
  // One beyond the limit of the Jacobian that still reaches into the picture, one that is capped.
  s.cloud.position[0] = -4.2f;
  s.cloud.position[1] = 0.3f;
  s.cloud.position[2] = 3;
  s.cloud.log_scale[0] = s.cloud.log_scale[1] = s.cloud.log_scale[2] = 0;
  s.cloud.opacity_logit[0] = 1;
  s.cloud.opacity_logit[1] = 6;
  s.camera = testing::odd_camera(width, height);
  const ReferencePicture picture =
      reference_render(ReferenceCloud(s.cloud), s.camera, 3, false, 2e-3);
  Rng rng(seed + 1);
  for (size_t p = 0; p < picture.alpha.size(); ++p) {
    const double on = picture.certain[p];
    for (int c = 0; c < 3; ++c) s.loss.rgb.push_back(on * double(rng.normal()));
    s.loss.alpha.push_back(on * double(rng.normal()));
  }
  return s;
}

struct Derivatives {
  std::vector<double> position, sh0, sh_rest, opacity_logit, log_scale, rotation;
};

// The shared math in float64, pixel by pixel.
Derivatives analytic(const Scene& s) {
  using namespace splats;
  const ReferenceCloud cloud(s.cloud);
  const SplatArrays<double> arrays{cloud.position.data(),  cloud.sh0.data(),
                                   cloud.sh_rest.data(),   cloud.opacity_logit.data(),
                                   cloud.log_scale.data(), cloud.rotation.data()};
  const auto view = splat_view<double>(s.camera, s.cloud, 3, double(0.2f));
  const size_t size = cloud.opacity_logit.size();
  std::vector<Projection<double>> projections(size);
  std::vector<BlendRecord<double>> records(size);
  std::vector<std::array<double, 3>> colours(size);
  std::vector<PixelMoments<double>> moments(size);
  std::vector<size_t> order;
  for (size_t i = 0; i < size; ++i) {
    if (!project(view, arrays, static_cast<long long>(i), projections[i])) continue;
    records[i] = record_of<double>(projections[i]);
    colour_of(view, arrays, static_cast<long long>(i), colours[i].data());
    order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return records[a].z < records[b].z; });
  for (int y = 0; y < s.camera.height; ++y) {
    for (int x = 0; x < s.camera.width; ++x) {
      const auto p = static_cast<size_t>(y * s.camera.width + x);
      const double* d = s.loss.rgb.data() + 3 * p;
      double rgb[3] = {}, transmittance = 1;
      PixelStep<double> step;
      bool full = false;
      for (size_t k = 0; k < order.size() && !full; ++k) {
        if (!take(records[order[k]], x, y, transmittance, full, step)) continue;
        for (size_t c = 0; c < 3; ++c) rgb[c] += step.weight * colours[order[k]][c];
      }
      double behind = -s.loss.alpha[p] * transmittance;
      for (size_t c = 0; c < 3; ++c) {
        behind += d[c] * (rgb[c] + transmittance * double(s.camera.background[c]));
      }
      transmittance = 1;
      full = false;
      for (size_t k = 0; k < order.size() && !full; ++k) {
        const size_t i = order[k];
        if (!take(records[i], x, y, transmittance, full, step)) continue;
        add_moments(step, colours[i].data(), d, false, behind, moments[i]);
      }
    }
  }
  Derivatives out;
  for (size_t i = 0; i < size; ++i) {
    SplatGradient<double> g;
    gaussian_gradient(view, arrays, static_cast<long long>(i), projections[i], moments[i], g);
    out.position.insert(out.position.end(), g.position, g.position + 3);
    out.sh0.insert(out.sh0.end(), g.sh0, g.sh0 + 3);
    out.sh_rest.insert(out.sh_rest.end(), g.sh_rest, g.sh_rest + 45);
    out.opacity_logit.push_back(g.opacity_logit);
    out.log_scale.insert(out.log_scale.end(), g.log_scale, g.log_scale + 3);
    out.rotation.insert(out.rotation.end(), g.rotation, g.rotation + 4);
  }
  return out;
}

std::vector<double> differences(const Scene& s, std::vector<double> ReferenceCloud::*tensor) {
  constexpr double kStep = 2e-6;
  ReferenceCloud cloud(s.cloud);
  std::vector<double> out;
  for (double& value : cloud.*tensor) {
    const double before = value;
    value = before + kStep;
    const double up = s.loss.of(reference_render(cloud, s.camera, 3));
    value = before - kStep;
    const double down = s.loss.of(reference_render(cloud, s.camera, 3));
    value = before;
    out.push_back((up - down) / (2 * kStep));
  }
  return out;
}

// Relative, with a floor of a thousandth of the tensor's greatest value.
double worst_error(const std::vector<double>& found, const std::vector<double>& expected) {
  double greatest = 0, worst = 0;
  for (const double e : expected) greatest = std::max(greatest, std::abs(e));
  EXPECT_EQ(found.size(), expected.size());
  EXPECT_GT(greatest, 1e-3);
  for (size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst,
                     std::abs(found[i] - expected[i]) / (std::abs(expected[i]) + 1e-3 * greatest));
  }
  return worst;
}

void expect_true_gradients(const Scene& s) {
  const Derivatives found = analytic(s);
  EXPECT_LT(worst_error(found.position, differences(s, &ReferenceCloud::position)), 1e-5);
  EXPECT_LT(worst_error(found.sh0, differences(s, &ReferenceCloud::sh0)), 1e-5);
  EXPECT_LT(worst_error(found.sh_rest, differences(s, &ReferenceCloud::sh_rest)), 1e-5);
  EXPECT_LT(worst_error(found.opacity_logit, differences(s, &ReferenceCloud::opacity_logit)), 1e-5);
  EXPECT_LT(worst_error(found.log_scale, differences(s, &ReferenceCloud::log_scale)), 1e-5);
  EXPECT_LT(worst_error(found.rotation, differences(s, &ReferenceCloud::rotation)), 1e-5);
}

TEST(SplatGradient, ChainIsTrueInFloat64) {
  expect_true_gradients(scene(20, 36, 27, /*antialiased=*/false, 31));
}

TEST(SplatGradient, ChainIsTrueInFloat64ForAntialiasedClouds) {
  expect_true_gradients(scene(20, 36, 27, /*antialiased=*/true, 33));
}

void expect_renderer_agrees(const Scene& s) {
  const Derivatives truth = analytic(s);
  const SplatRaster raster(s.cloud, s.camera);
  const std::vector<float> d_rgb(s.loss.rgb.begin(), s.loss.rgb.end()),
      d_alpha(s.loss.alpha.begin(), s.loss.alpha.end());
  const SplatGradients g = raster.backward(raster.draw(), d_rgb.data(), d_alpha.data());
  const auto wide = [](const std::vector<float>& v) {
    return std::vector<double>(v.begin(), v.end());
  };
  EXPECT_LT(worst_error(wide(g.position), truth.position), 2e-3);
  EXPECT_LT(worst_error(wide(g.sh0), truth.sh0), 2e-3);
  EXPECT_LT(worst_error(wide(g.sh_rest), truth.sh_rest), 2e-3);
  EXPECT_LT(worst_error(wide(g.opacity_logit), truth.opacity_logit), 2e-3);
  EXPECT_LT(worst_error(wide(g.log_scale), truth.log_scale), 2e-3);
  EXPECT_LT(worst_error(wide(g.rotation), truth.rotation), 2e-3);
}

TEST(SplatGradient, RendererAgreesWithTheChain) {
  expect_renderer_agrees(scene(20, 36, 27, false, 31));
  expect_renderer_agrees(scene(150, 90, 70, false, 35));
  expect_renderer_agrees(scene(150, 90, 70, true, 36));
}

// What densification compares is in normalised coordinates: half the picture's size times the
// derivative per pixel, whatever that size is.
TEST(SplatGradient, CentreNormIsOfNormalisedCoordinates) {
  SplatCloud cloud;
  testing::add_ball(cloud, {0.3f, 0.1f, 3}, 0.4f, 0.6f, {1, 1, 1});
  const auto norm = [&](int width, int height) {
    const Camera camera = testing::straight_camera(width, height, 50);
    const SplatRaster raster(cloud, camera);
    std::vector<float> d(3 * static_cast<size_t>(width * height), 0.f);
    // One pixel at the same place from the middle in both pictures.
    const int x = width / 2 + 3, y = height / 2 - 2;
    d[3 * static_cast<size_t>(y * width + x)] = 1;
    return raster.backward(raster.draw(), d.data()).centre_norm[0];
  };
  EXPECT_GT(norm(40, 40), 0.01f);
  EXPECT_NEAR(norm(80, 80), 2 * norm(40, 40), 1e-4f * norm(80, 80));
}

TEST(SplatGradient, PassesThroughTheCapOnlyWhenAsked) {
  SplatCloud cloud;
  testing::add_ball(cloud, {0, 0, 3}, 5.f, 0.5f, {1, 1, 1});
  cloud.opacity_logit[0] = 8;
  const Camera camera = testing::straight_camera(1, 1, 1);
  const std::vector<float> d{1, 1, 1};
  for (const bool through : {false, true}) {
    RasterOptions options;
    options.gradient_through_cap = through;
    const SplatRaster raster(cloud, camera, options);
    const SplatGradients g = raster.backward(raster.draw(), d.data());
    // dL/dlogit = o G (1 - o) dL/dalpha, with dL/dalpha = 3.
    const double o = 1 / (1 + std::exp(-8.0));
    EXPECT_NEAR(g.opacity_logit[0], through ? 3 * o * (1 - o) : 0.0, 1e-5);
  }
}

TEST(SplatGradient, RowsComeOneByOneAsTheyComeTogether) {
  const Scene s = scene(40, 50, 40, false, 37);
  const SplatRaster raster(s.cloud, s.camera);
  const SplatPicture picture = raster.draw();
  const std::vector<float> d(s.loss.rgb.begin(), s.loss.rgb.end());
  const SplatGradients all = raster.backward(picture, d.data());
  std::vector<int> visits(40, 0);
  std::vector<float> sh_rest(all.sh_rest.size());
  raster.visit_gradients(picture, d.data(), nullptr, [&](int64_t row, const SplatRowGradient& g) {
    const auto i = static_cast<size_t>(row);
    ++visits[i];
    std::copy(g.sh_rest.begin(), g.sh_rest.end(), sh_rest.data() + 45 * i);
    EXPECT_EQ(g.rotation[2], all.rotation[4 * i + 2]);
    EXPECT_EQ(g.drawn, all.drawn[i] != 0);
  });
  EXPECT_EQ(visits, std::vector<int>(40, 1));
  EXPECT_EQ(sh_rest, all.sh_rest);
}

}  // namespace
}  // namespace vane
