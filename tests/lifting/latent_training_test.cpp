// SPDX-License-Identifier: Apache-2.0
// Oracle: a scene whose two halves are two things, so that what every Gaussian must mean is known;
// the loss of the sheet (section 7.4) written out.
#include "editing/language/latent_training.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/language/language_scene.h"

namespace vane {
namespace {

/// Two slabs of Gaussians, left and right of a gap; the views' masks follow from what is drawn.
struct TwoThings {
  SplatCloud cloud = test::random_cloud(120, 3);
  std::vector<LatentView> views;
  std::vector<uint8_t> is_right;
  Tensor latents = at::tensor({1.f, 0.f, 0.f, 0.f, 0.6f, 0.8f}).view({2, 3});

  TwoThings() {
    std::vector<float> side(static_cast<size_t>(cloud.size()) * 2);
    for (size_t i = 0; i < static_cast<size_t>(cloud.size()); ++i) {
      is_right.push_back(cloud.position[3 * i] > 0);
      cloud.position[3 * i] += is_right[i] ? 0.4f : -0.4f;
      side[2 * i + is_right[i]] = 1;
    }
    for (const double angle : {-0.2, 0.0, 0.2}) {
      const Camera camera = test::camera_at(angle);
      const SplatRaster raster(cloud, camera);
      const std::vector<float> drawn = raster.draw_features(side.data(), 2);
      LatentView view{camera, {}};
      for (size_t p = 0; p < drawn.size() / 2; ++p) {
        const float left = drawn[2 * p], right = drawn[2 * p + 1];
        const int32_t row = left + right < 0.5f ? -1 : right > left ? 1 : 0;
        view.rows[0].push_back(-1);  // a level without masks
        view.rows[1].push_back(row);
        view.rows[2].push_back(row < 0 ? -1 : 1 - row);
      }
      views.push_back(view);
    }
  }
};

/// Mean |m (F - E)| of a level over all views.
double loss_of(const TwoThings& scene, const Tensor& field, int64_t level) {
  const Tensor own = field.select(1, level);
  const Tensor unit = (own / (own.norm(2, 1, true) + 1e-9)).contiguous();
  double sum = 0;
  for (const LatentView& view : scene.views) {
    const SplatRaster raster(scene.cloud, view.camera);
    const std::vector<float> drawn = raster.draw_features(unit.const_data_ptr<float>(), 3);
    double loss = 0;
    for (size_t p = 0; p < drawn.size() / 3; ++p) {
      const int32_t row = view.rows[static_cast<size_t>(level)][p];
      for (size_t k = 0; k < 3 && row >= 0; ++k) {
        loss +=
            std::abs(drawn[3 * p + k] - scene.latents[row][static_cast<int64_t>(k)].item<float>());
      }
    }
    sum += loss / static_cast<double>(drawn.size());
  }
  return sum / static_cast<double>(scene.views.size());
}

TEST(LatentTraining, GaussiansComeToMeanWhatTheirMasksSay) {
  const TwoThings scene;
  QuietJob job;
  LatentTraining options;
  options.iterations = 900;
  const Tensor field = train_latents(scene.cloud, scene.views, scene.latents, options, job);
  ASSERT_EQ(field.sizes(), (std::vector<int64_t>{120, 3, 3}));
  EXPECT_EQ(field.select(1, 0).abs().max().item<double>(), 0) << "no mask, no feature";
  EXPECT_LT(loss_of(scene, field, 1), 0.3 * loss_of(scene, at::zeros_like(field), 1));
  int64_t right = 0, seen = 0;
  for (int64_t i = 0; i < 120; ++i) {
    const Tensor latent = field[i][1];
    if (latent.norm().item<double>() < 1e-6) continue;
    ++seen;
    const Tensor scores = at::mv(scene.latents, latent);
    const bool is_right = (scores[1] > scores[0]).item<bool>();
    right += is_right == (scene.is_right[static_cast<size_t>(i)] != 0);
    // The third level has the two exchanged.
    const Tensor other = at::mv(scene.latents, field[i][2]);
    EXPECT_NE((other[1] > other[0]).item<bool>(), is_right);
  }
  EXPECT_GT(seen, 90);
  EXPECT_GE(right, seen * 95 / 100);
  EXPECT_TRUE(
      at::equal(train_latents(scene.cloud, scene.views, scene.latents, options, job), field))
      << "the seed decides";
}

TEST(LatentTraining, TheFirstStepGoesAgainstTheDerivative) {
  // From zero, Adam moves every number that some pixel pulls at by the learning rate, towards the
  // latent of the mask.
  const TwoThings scene;
  QuietJob job;
  LatentTraining options;
  options.iterations = 1;
  const Tensor field = train_latents(scene.cloud, {scene.views[1]}, scene.latents, options, job);
  const Tensor moved = field.select(1, 1).abs();
  const Tensor is_whole = (moved - 0.0025).abs() < 1e-6;
  EXPECT_TRUE((is_whole | (moved < 1e-12)).all().item<bool>());
  EXPECT_GT(is_whole.sum().item<int64_t>(), 100);
  // No latent asks for less than 0.
  EXPECT_GE(field.select(1, 1).min().item<double>(), 0);
}

TEST(LatentCodes, NearLatentsShareACodeAndFarOnesDoNot) {
  const Tensor latents =
      at::tensor({2.f, 0.f, 0.f, 0.5f, 0.001f, 0.f, 0.f, 0.f, -1.f, 0.f, 1.f, 0.f, 0.f, 0.f, 0.f})
          .view({5, 3});
  const LatentCodes codes = latent_codes(latents, {1, 3, 1, 0, 1}, 100);
  EXPECT_EQ(codes.code_of, (std::vector<int32_t>{0, 0, 1, -1, -1}));
  ASSERT_EQ(codes.latents.size(0), 2);
  EXPECT_NEAR(codes.latents[0][0].item<double>(), 1, 1e-5);
  EXPECT_NEAR(codes.latents[1][2].item<double>(), -1, 1e-6);
  EXPECT_EQ(latent_codes(latents, {1, 1, 1, 1, 1}, 1).latents.size(0), 1) << "cells grow";
}

TEST(CodedLevel, AGaussianIsItsCode) {
  LabelTable table;
  table.rows = {{{0, 2.f}}, {{1, 1.f}}, {{1, 1.f}, {2, 1.f}}, {}};
  table.view_of = {0, 0, 1};
  LanguageLevel level;
  level.name = "m";
  level.weight = {2, 1, 2, 0};
  level.object.assign(4 * kFieldSlots, 0);
  level.share.assign(4 * kFieldSlots, 100);
  LatentCodes codes;
  codes.code_of = {0, 1, 1, -1};
  const LanguageLevel coded = coded_level(level, table, codes, at::eye(2));
  EXPECT_EQ(coded.objects(), 2);
  EXPECT_EQ(coded.mass, (std::vector<float>{2, 3}));
  EXPECT_EQ(coded.views, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(coded.object[kFieldSlots], 1);
  EXPECT_EQ(coded.share[kFieldSlots], 255);
  EXPECT_EQ(coded.object[kFieldSlots + 1], kNoObject);
  EXPECT_EQ(coded.object[3 * kFieldSlots], kNoObject);
}

}  // namespace
}  // namespace vane
