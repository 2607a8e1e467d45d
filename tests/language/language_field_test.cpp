// SPDX-License-Identifier: Apache-2.0
// Oracle: features formed in all dimensions.
#include "generators/language/language_field.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "engine/base/error.h"
#include "engine/weights/safetensors.h"
#include "tests/language/language_scene.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
constexpr int kDim = 16;

std::vector<float> unit_rows(int count, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> rows;
  for (int i = 0; i < count; ++i) {
    float square = 0;
    for (int k = 0; k < kDim; ++k) {
      rows.push_back(rng.normal());
      square += rows.back() * rows.back();
    }
    for (int k = 0; k < kDim; ++k)
      rows[rows.size() - 1 - static_cast<size_t>(k)] /= std::sqrt(square);
  }
  return rows;
}

// 12 masks of 3 views on `count` Gaussians, no mask joined with another.
LanguageLevel random_level(int count, uint64_t seed) {
  Rng rng(seed);
  LabelTable table;
  for (int m = 0; m < 12; ++m) table.view_of.push_back(m / 4);
  for (int i = 0; i < count; ++i) {
    std::vector<SplatWeight> row;
    for (int m = 0; m < 12; ++m) {
      if (rng.chance(0.35f)) row.push_back({m, rng.uniform(0.1f, 2)});
    }
    table.rows.push_back(row);
  }
  return make_level("m", table, group_masks(table, 2), unit_rows(12, seed + 1), kDim);
}

std::vector<double> dense_feature(const LanguageLevel& level, const std::vector<SplatWeight>& sum) {
  std::vector<double> f(kDim, 0);
  for (const SplatWeight& entry : sum) {
    for (size_t k = 0; k < kDim; ++k) {
      f[k] += static_cast<double>(entry.weight) *
              static_cast<double>(level.features[static_cast<size_t>(entry.gaussian) * kDim + k]);
    }
  }
  double square = 0;
  for (const double x : f) square += x * x;
  for (double& x : f) {
    if (square > 0) x /= std::sqrt(square);
  }
  return f;
}

TEST(LanguageField, ScoresNeedNoFeatures) {
  const LanguageLevel level = random_level(50, 3);
  const std::vector<float> queries = unit_rows(4, 9);
  const FieldQueries scores(level, kDim, queries);
  const std::vector<float> found = scores.of_gaussians();
  ASSERT_EQ(found.size(), 50u * 4);
  std::vector<SplatWeight> objects;
  for (int i = 0; i < 50; ++i) {
    objects_of(level, i, objects);
    const std::vector<double> f = dense_feature(level, objects);
    for (size_t q = 0; q < 4; ++q) {
      double expected = 0;
      for (size_t k = 0; k < kDim; ++k) {
        expected += f[k] * static_cast<double>(queries[q * kDim + k]);
      }
      EXPECT_NEAR(found[static_cast<size_t>(i) * 4 + q], expected, 1e-5);
    }
  }
}

TEST(LanguageField, KeepsTheHeaviestObjectsWithTheirShares) {
  LabelTable table;
  for (int m = 0; m < 12; ++m) table.view_of.push_back(m);
  table.rows.resize(2);
  for (int m = 0; m < 12; ++m) table.rows[0].push_back({m, static_cast<float>(m + 1)});
  const LanguageLevel level = make_level("s", table, group_masks(table, 2), unit_rows(12, 1), kDim);
  ASSERT_EQ(level.objects(), 12);
  for (int k = 0; k < kFieldSlots; ++k) {
    EXPECT_EQ(level.object[static_cast<size_t>(k)], 11 - k);
    EXPECT_EQ(level.share[static_cast<size_t>(k)], std::lround(255.0 * (12 - k) / 78));
  }
  EXPECT_FLOAT_EQ(level.weight[0], 78);
  EXPECT_EQ(level.weight[1], 0);
  EXPECT_EQ(level.object[kFieldSlots], kNoObject);
  EXPECT_EQ(level.views, std::vector<int32_t>(12, 1));
  // The Gaussian that nothing saw scores nothing.
  const FieldQueries scores(level, kDim, unit_rows(1, 2));
  EXPECT_EQ(scores.of_gaussians()[1], 0);
}

TEST(LanguageField, AnObjectIsTheMeanOfItsMasksByWeight) {
  LabelTable table;
  table.view_of = {0, 1};
  table.rows = {{{0, 1.f}, {1, 3.f}}};
  const std::vector<float> features = unit_rows(2, 5);
  const LanguageLevel level = make_level("l", table, {{0, 0}, 1}, features, kDim);
  const std::vector<double> expected = dense_feature(
      [&] {
        LanguageLevel masks;
        masks.features = features;
        return masks;
      }(),
      {{0, 1.f}, {1, 3.f}});
  for (size_t k = 0; k < kDim; ++k) EXPECT_NEAR(level.features[k], expected[k], 1e-6);
  EXPECT_EQ(level.views, std::vector<int32_t>{2});
  EXPECT_FLOAT_EQ(level.mass[0], 4);
}

TEST(LanguageField, PixelsAreTheSumOfWhatLiesOnThem) {
  const SplatCloud cloud = test::random_cloud(80, 4);
  const Camera camera = test::camera_at(0.2, 37, 29);
  const SplatRaster raster(cloud, camera);
  const LanguageLevel level = random_level(80, 8);
  const std::vector<float> queries = unit_rows(3, 7);
  const FieldPicture picture =
      draw_field(raster, camera.width, camera.height, level, FieldQueries(level, kDim, queries));
  // The features as channels of a picture.
  std::vector<float> dense;
  std::vector<SplatWeight> objects;
  for (int i = 0; i < 80; ++i) {
    objects_of(level, i, objects);
    std::vector<float> f(kDim, 0);
    for (const SplatWeight& entry : objects) {
      for (size_t k = 0; k < kDim; ++k) {
        f[k] += entry.weight * level.features[static_cast<size_t>(entry.gaussian) * kDim + k];
      }
    }
    dense.insert(dense.end(), f.begin(), f.end());
  }
  const std::vector<float> drawn = raster.draw_features(dense.data(), kDim);
  int covered = 0;
  for (size_t p = 0; p < picture.weight.size(); ++p) {
    double square = 0;
    for (size_t k = 0; k < kDim; ++k) {
      square += static_cast<double>(drawn[p * kDim + k]) * static_cast<double>(drawn[p * kDim + k]);
    }
    if (square < 1e-6) continue;
    ++covered;
    for (size_t q = 0; q < 3; ++q) {
      double dot = 0;
      for (size_t k = 0; k < kDim; ++k) {
        dot +=
            static_cast<double>(drawn[p * kDim + k]) * static_cast<double>(queries[q * kDim + k]);
      }
      EXPECT_NEAR(picture.cosine[p * 3 + q], dot / std::sqrt(square), 2e-4);
    }
  }
  EXPECT_GT(covered, 300);
}

class LanguageFile : public testing::Test {
 protected:
  void SetUp() override {
    file_ = fs::temp_directory_path() / ("vane-language-" + std::to_string(getpid()));
    field_.gaussians = 20;
    field_.dim = kDim;
    field_.levels = {random_level(20, 1), random_level(20, 2)};
    field_.levels[1].name = "l";
    field_.clip = "clip-mini";
    field_.clip_hash = "abc";
    field_.scene = "scene.ply";
    field_.scene_hash = "def";
    field_.crops = "context";
    field_.view_names = {"images/ä.png"};
    field_.cameras = {test::camera_at(0.3)};
  }
  void TearDown() override { fs::remove(file_); }

  std::string fault_of(const std::function<void(LanguageField&)>& spoil) {
    LanguageField field = field_;
    spoil(field);
    write_language_field(file_, field);
    try {
      read_language_field(file_);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  fs::path file_;
  LanguageField field_;
};

TEST_F(LanguageFile, ComesBackAsItWas) {
  write_language_field(file_, field_);
  const LanguageField read = read_language_field(file_);
  ASSERT_EQ(read.levels.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.levels[i].name, field_.levels[i].name);
    EXPECT_EQ(read.levels[i].object, field_.levels[i].object);
    EXPECT_EQ(read.levels[i].share, field_.levels[i].share);
    EXPECT_EQ(read.levels[i].weight, field_.levels[i].weight);
    EXPECT_EQ(read.levels[i].features, field_.levels[i].features);
    EXPECT_EQ(read.levels[i].views, field_.levels[i].views);
  }
  EXPECT_EQ(read.view_names, field_.view_names);
  EXPECT_EQ(read.cameras[0].world_to_camera, field_.cameras[0].world_to_camera);
  EXPECT_EQ(read.cameras[0].fx, 90);
  EXPECT_EQ(read.clip_hash, "abc");
  EXPECT_EQ(read.scene, "scene.ply");
  // Ids, shares and the weight of a Gaussian, at a level.
  EXPECT_LE(kFieldSlots * (sizeof(int16_t) + sizeof(uint8_t)) + sizeof(float), 30u);
}

TEST_F(LanguageFile, FaultsAreNamed) {
  EXPECT_EQ(fault_of([](LanguageField&) {}), "");
  EXPECT_NE(fault_of([](LanguageField& f) { f.levels[0].object[3] = 12; }).find("object 12 of 12"),
            std::string::npos);
  EXPECT_NE(fault_of([](LanguageField& f) { f.levels[0].object[3] = -2; }).find("object -2"),
            std::string::npos);
  EXPECT_NE(fault_of([](LanguageField& f) { f.levels[1].features[0] = NAN; }).find("not finite"),
            std::string::npos);
  EXPECT_NE(fault_of([](LanguageField& f) { f.cameras[0].fx = 0; }).find("focal"),
            std::string::npos);
  write_safetensors(file_, {}, {});
  EXPECT_THROW(read_language_field(file_), Error);
}

}  // namespace
}  // namespace vane
