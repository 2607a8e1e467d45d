// SPDX-License-Identifier: Apache-2.0
// Oracle: central differences of the drawn pictures themselves; the renderer alone for a latent of
// zeros; laws of the tone.
#include "generators/gaussians/gaussian_generator.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "generators/splats/splat_raster.h"

namespace vane {
namespace {

Camera camera(double x) {
  Camera camera;
  // One tile of the renderer: a Gaussian that grows into another one makes a step.
  camera.width = 16;
  camera.height = 12;
  camera.fx = camera.fy = 24;
  camera.cx = 8;
  camera.cy = 6;
  camera.world_to_camera = {1, 0, 0, x, 0, 1, 0, 0, 0, 0, 1, 4};
  camera.background = {0.2f, 0.3f, 0.4f};
  return camera;
}

SplatCloud cloud() {
  Rng rng(7);
  SplatCloud cloud;
  cloud.sh_degree = 1;
  cloud.resize(9);
  for (float& v : cloud.position) v = 0.6f * rng.normal();
  for (float& v : cloud.sh0) v = 0.4f * rng.normal();
  for (float& v : cloud.sh_rest) v = 0.1f * rng.normal();
  // Faint ones have many pixels near 1/255, where the published renderer makes a step.
  for (float& v : cloud.opacity_logit) v = 1 + 0.3f * rng.normal();
  for (float& v : cloud.log_scale) v = -1.2f + 0.2f * rng.normal();
  for (float& v : cloud.rotation) v = rng.normal();
  return cloud;
}

const std::vector<int64_t> kRows{1, 3, 4, 8};

GaussianGenerator generator(GaussianGroups groups = {true, true, true, true, true}) {
  return GaussianGenerator(cloud(), kRows, {camera(0), camera(0.4)}, groups, 1.0, 2);
}

TEST(GaussianGenerator, ZerosAreTheSceneAsItWas) {
  const at::NoGradGuard no_grad;
  const GaussianGenerator scene = generator();
  const Tensor pictures = scene.render(scene.initial(), 0);
  const SplatCloud as_it_was = cloud();
  RasterOptions options;
  options.active_sh_degree = 1;
  const std::vector<float> rgb = SplatRaster(as_it_was, camera(0.4), options).draw().rgb;
  const Tensor second = pictures[1].permute({1, 2, 0}).contiguous();
  for (int64_t i = 0; i < second.numel(); ++i) {
    ASSERT_EQ(second.const_data_ptr<float>()[i], std::clamp(rgb[static_cast<size_t>(i)], 0.f, 1.f));
  }
  EXPECT_EQ(scene.moved(scene.initial()).sh_rest, as_it_was.rows(kRows).sh_rest);
  EXPECT_EQ(scene.moved(scene.initial()).sh0, as_it_was.rows(kRows).sh0);
}

TEST(GaussianGenerator, GradientsAreThoseOfThePictures) {
  const GaussianGenerator scene = generator();
  const Tensor weights = [&] {
    const at::NoGradGuard no_grad;
    Rng rng(3);
    Tensor w = at::empty_like(scene.render(scene.initial(), 0));
    for (int64_t i = 0; i < w.numel(); ++i) w.view(-1).data_ptr<float>()[i] = rng.normal();
    return w;
  }();
  Latent latent = scene.initial();
  for (auto& [name, part] : latent.parts) part = part.clone().requires_grad_(true);
  const Tensor loss = (scene.render(latent, 0) * weights).sum();
  std::vector<Tensor> parts;
  for (const auto& [name, part] : latent.parts) parts.push_back(part);
  const std::vector<Tensor> gradients = torch::autograd::grad({loss}, parts);
  const at::NoGradGuard no_grad;
  const auto loss_at = [&](const std::string& name, int64_t index, float by) {
    Latent moved = scene.initial();
    moved.parts[name].view(-1)[index] += by;
    return (scene.render(moved, 0) * weights).to(at::kDouble).sum().item<double>();
  };
  size_t p = 0;
  for (const auto& [name, part] : latent.parts) {
    const Tensor gradient = gradients[p++].contiguous().view(-1);
    const double scale = gradient.abs().max().item<double>();
    ASSERT_GT(scale, 0) << name;
    for (int64_t i = 0; i < gradient.numel(); ++i) {
      constexpr float kStep = 5e-4f;
      const double slope =
          (loss_at(name, i, kStep) - loss_at(name, i, -kStep)) / (2 * static_cast<double>(kStep));
      // Cut-offs of the published renderer (1/255) make small steps of the pictures.
      EXPECT_NEAR(gradient[i].item<double>(), slope, 0.05 * scale) << name << " " << i;
    }
  }
}

TEST(GaussianGenerator, ToneActsOnColoursAlike) {
  const GaussianGenerator scene = generator();
  Latent latent = scene.initial();
  // Twice the contrast about 0, less 0.1: rgb -> 2 rgb - 0.1.
  for (int64_t c = 0; c < 3; ++c) {
    latent.parts["tone"][c][c] = 1;
    latent.parts["tone"][c][3] = -0.1;
  }
  const SplatCloud moved = scene.moved(latent), before = cloud().rows(kRows);
  constexpr float kBand0 = 0.28209479f;
  for (size_t i = 0; i < before.sh0.size(); ++i) {
    const float rgb = 0.5f + kBand0 * before.sh0[i];
    EXPECT_NEAR(0.5f + kBand0 * moved.sh0[i], 2 * rgb - 0.1f, 1e-5f);
  }
  for (size_t i = 0; i < before.sh_rest.size(); ++i) {
    EXPECT_NEAR(moved.sh_rest[i], 2 * before.sh_rest[i], 1e-5f);
  }
  EXPECT_EQ(moved.position, before.position);
  EXPECT_EQ(moved.opacity_logit, before.opacity_logit);
}

TEST(GaussianGenerator, AGradientOfAnOlderPictureIsRefused) {
  const GaussianGenerator scene = generator();
  Latent latent = scene.initial();
  latent.parts["tone"].requires_grad_(true);
  const Tensor first = scene.render(latent, 0).sum();
  scene.render(latent, 0);
  EXPECT_ANY_THROW(torch::autograd::grad({first}, {latent.parts["tone"]}));
}

TEST(GaussianGenerator, WhatCannotBeDrawnIsRefused) {
  const auto code = [](std::vector<int64_t> rows, std::vector<Camera> views) {
    try {
      GaussianGenerator(cloud(), std::move(rows), std::move(views), {}, 1.0);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code({}, {camera(0)}), ErrorCode::usage);
  EXPECT_EQ(code({1}, {}), ErrorCode::usage);
  EXPECT_EQ(code({9}, {camera(0)}), ErrorCode::usage);
  EXPECT_EQ(code({3, 1}, {camera(0)}), ErrorCode::usage);
  EXPECT_EQ(code({1}, {camera(0), camera(0).resized(8, 6)}), ErrorCode::usage);
}

}  // namespace
}  // namespace vane
