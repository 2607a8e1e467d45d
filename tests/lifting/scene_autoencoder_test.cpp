// SPDX-License-Identifier: Apache-2.0
// Oracle: the layers written out in double, number by number (splatting sheet, section 7.3), on
// weights under the published names.
#include "editing/language/scene_autoencoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "tests/support/named_values.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDim = 24;

using Row = std::vector<double>;

std::map<std::string, Tensor> published() {
  std::map<std::string, Tensor> tensors;
  const std::vector<int64_t> encoder = {kDim, 256, 128, 64, 32, 3};
  for (size_t i = 0; i + 1 < encoder.size(); ++i) {
    const std::string layer = "encoder." + std::to_string(3 * i);
    tensors[layer + ".weight"] =
        named_values(layer + ".weight", {encoder[i + 1], encoder[i]}, 0.15);
    tensors[layer + ".bias"] = named_values(layer + ".bias", {encoder[i + 1]}, 0.1);
    if (i + 2 == encoder.size()) break;
    const std::string norm = "encoder." + std::to_string(3 * i + 1);
    tensors[norm + ".weight"] = named_values(norm + ".weight", {encoder[i + 1]}, 0.1, 1);
    tensors[norm + ".bias"] = named_values(norm + ".bias", {encoder[i + 1]}, 0.1);
    tensors[norm + ".running_mean"] = named_values(norm + ".running_mean", {encoder[i + 1]}, 0.2);
    tensors[norm + ".running_var"] = named_values(norm + ".running_var", {encoder[i + 1]}, 0.1, 1);
    tensors[norm + ".num_batches_tracked"] = at::full({}, 7, at::kLong);
  }
  const std::vector<int64_t> decoder = {3, 16, 32, 64, 128, 256, 256, kDim};
  for (size_t i = 0; i + 1 < decoder.size(); ++i) {
    const std::string layer = "decoder." + std::to_string(2 * i);
    tensors[layer + ".weight"] = named_values(layer + ".weight", {decoder[i + 1], decoder[i]}, 0.2);
    tensors[layer + ".bias"] = named_values(layer + ".bias", {decoder[i + 1]}, 0.1);
  }
  return tensors;
}

Row linear(const std::map<std::string, Tensor>& tensors, const std::string& layer, const Row& x) {
  const Tensor& weight = tensors.at(layer + ".weight");
  Row y;
  for (int64_t o = 0; o < weight.size(0); ++o) {
    double sum = tensors.at(layer + ".bias")[o].item<double>();
    for (int64_t i = 0; i < weight.size(1); ++i) {
      sum += weight[o][i].item<double>() * x[static_cast<size_t>(i)];
    }
    y.push_back(sum);
  }
  return y;
}

void make_unit(Row& x) {
  double square = 0;
  for (const double v : x) square += v * v;
  for (double& v : x) v /= std::sqrt(square);
}

Row encoded_by_hand(const std::map<std::string, Tensor>& tensors, Row x) {
  for (int layer = 0; layer < 5; ++layer) {
    x = linear(tensors, "encoder." + std::to_string(3 * layer), x);
    if (layer == 4) break;
    const std::string norm = "encoder." + std::to_string(3 * layer + 1);
    for (size_t k = 0; k < x.size(); ++k) {
      const auto at = [&](const char* what) {
        return tensors.at(norm + what)[static_cast<int64_t>(k)].item<double>();
      };
      const double y = (x[k] - at(".running_mean")) / std::sqrt(at(".running_var") + 1e-5);
      x[k] = std::max(0.0, at(".weight") * y + at(".bias"));
    }
  }
  make_unit(x);
  return x;
}

Row decoded_by_hand(const std::map<std::string, Tensor>& tensors, Row x) {
  for (int layer = 0; layer < 7; ++layer) {
    if (layer > 0) {
      for (double& v : x) v = std::max(0.0, v);
    }
    x = linear(tensors, "decoder." + std::to_string(2 * layer), x);
  }
  make_unit(x);
  return x;
}

Row row_of(const Tensor& x) {
  Row row;
  for (int64_t k = 0; k < x.numel(); ++k) row.push_back(x[k].item<double>());
  return row;
}

class SceneAutoencoderFile : public testing::Test {
 protected:
  void SetUp() override {
    file_ = fs::temp_directory_path() /
            (std::string("vane_autoencoder_") +
             testing::UnitTest::GetInstance()->current_test_info()->name() + ".safetensors");
  }
  void TearDown() override { fs::remove(file_); }
  fs::path file_;
};

TEST_F(SceneAutoencoderFile, PublishedNamesGiveThePublishedNetwork) {
  const std::map<std::string, Tensor> tensors = published();
  save_tensors(file_, tensors);
  const SceneAutoencoder autoencoder = load_scene_autoencoder(file_);
  EXPECT_EQ(autoencoder.dim, kDim);
  Tensor features = named_values("features", {3, kDim});
  features = features / features.norm(2, 1, true);
  const Tensor latents = encoded(autoencoder, features), back = decoded(autoencoder, latents);
  for (int64_t i = 0; i < 3; ++i) {
    const Row latent = encoded_by_hand(tensors, row_of(features[i]));
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(latents[i][static_cast<int64_t>(k)].item<double>(), latent[k], 1e-5);
    }
    const Row feature = decoded_by_hand(tensors, latent);
    for (size_t k = 0; k < feature.size(); ++k) {
      EXPECT_NEAR(back[i][static_cast<int64_t>(k)].item<double>(), feature[k], 1e-5);
    }
  }
  // What is written can be read, and is the same.
  save_scene_autoencoder(file_, autoencoder);
  EXPECT_TRUE(at::equal(encoded(load_scene_autoencoder(file_), features), latents));
}

TEST_F(SceneAutoencoderFile, OtherCheckpointsAreRefused) {
  std::map<std::string, Tensor> tensors = published();
  tensors.erase("decoder.6.bias");
  save_tensors(file_, tensors);
  try {
    load_scene_autoencoder(file_);
    FAIL() << "a missing tensor was not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
    EXPECT_NE(std::string(error.what()).find("decoder.6.bias"), std::string::npos) << error.what();
  }
}

TEST(SceneAutoencoder, TheLossTakesItsCosineAlongEitherAxis) {
  const Tensor made = at::tensor({0.6, 0.8, 1.0, 0.0}, at::kDouble).view({2, 2});
  const Tensor wanted = at::tensor({0.8, 0.6, 0.0, 1.0}, at::kDouble).view({2, 2});
  // Squares .04, .04, 1, 1; rows .96 and 0; columns (.6,1).(.8,0) and (.8,0).(.6,1).
  const double square = 0.52, column = 0.48 / (0.8 * std::sqrt(1.36));
  EXPECT_NEAR(autoencoder_loss(made, wanted, CosineAxis::feature).item<double>(),
              square + 0.001 * (1 - 0.48), 1e-12);
  EXPECT_NEAR(autoencoder_loss(made, wanted, CosineAxis::batch).item<double>(),
              square + 0.001 * (1 - column), 1e-12);
}

TEST(SceneAutoencoder, LearnsTheFeaturesOfAScene) {
  // Six things, each seen a little differently thirty times.
  const Tensor things = named_values("things", {6, 64}).repeat_interleave(30, 0);
  Tensor features = things + named_values("noise", {180, 64}, 0.15);
  features = features / features.norm(2, 1, true);
  QuietJob job;
  AutoencoderTraining options;
  options.learning_rate = 2e-3;
  options.least_steps = 300;
  const SceneAutoencoder autoencoder = train_scene_autoencoder(features, options, job);
  const Tensor latents = encoded(autoencoder, features);
  EXPECT_LT((latents.norm(2, 1) - 1).abs().max().item<double>(), 1e-5);
  const Tensor cosine = (decoded(autoencoder, latents) * features).sum(1);
  EXPECT_GT(cosine.mean().item<double>(), 0.95);
  EXPECT_TRUE(
      at::equal(encoded(train_scene_autoencoder(features, options, job), features), latents))
      << "the seed decides";
  EXPECT_THROW(train_scene_autoencoder(features.narrow(0, 0, 1), options, job), Error);
  options.cosine = CosineAxis::batch;
  const SceneAutoencoder released = train_scene_autoencoder(features, options, job);
  EXPECT_GT(
      (decoded(released, encoded(released, features)) * features).sum(1).mean().item<double>(),
      0.95);
}

}  // namespace
}  // namespace vane
