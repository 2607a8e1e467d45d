// SPDX-License-Identifier: Apache-2.0
// Oracles: a loss that is a weighted sum is a line in each weight; what the run must refuse.
#include "editing/training/inversion_training.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/data/face_set.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/random_recogniser.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class InversionIdentity : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ("inversion_identity_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    const TinyNetwork network(folder_ / "generator");
    config_.name = "tiny";
    config_.generator = (folder_ / "generator").string();
    config_.output = folder_ / "output";
    config_.faces = folder_ / "faces";
    config_.view = 32;
    config_.batch = config_.latent_batch = 2;
    config_.latent_steps = 0;
    config_.steps = 1;
    config_.evaluate_every = 0;
    config_.loss.features = config_.loss.clip = 0;
    fs::create_directories(config_.faces);
    Rng rng(4);
    std::vector<FaceRecord> faces(12);
    for (FaceRecord& face : faces) {
      face.rgb.resize(64 * 64 * 3);
      for (uint8_t& v : face.rgb) v = static_cast<uint8_t>(rng.below(256));
      for (int i = 0; i < 68; ++i) {
        const double x = i < 36 ? 0.5 : i < 42 ? 0.35 : i < 48 ? 0.65 : 0.5 + 0.1 * std::cos(i);
        const double y = i < 36 ? 0.5 : i < 48 ? 0.4 : 0.65;
        face.landmarks.push_back(static_cast<float>(x));
        face.landmarks.push_back(static_cast<float>(y));
      }
      for (int i = 0; i < 8; ++i) face.w.push_back(rng.uniform(-1, 1));
    }
    const std::string hash = MobileStyleGan::load(folder_ / "generator").content_hash();
    write_face_file(face_file(config_.faces, 0), 64, "tiny " + hash, faces);
  }
  void TearDown() override { fs::remove_all(folder_); }

  TrainingResult train(const std::string& run, bool resume = false) {
    return train_inversion(config_, folder_ / run, resume, recogniser_, job_);
  }

  fs::path folder_;
  InversionTrainingConfig config_;
  std::vector<RecognitionArray> recogniser_ = testing::random_recogniser();
  QuietJob job_;
};

TEST_F(InversionIdentity, IdentityAddsItsWeightTimesADistance) {
  std::vector<double> losses;
  for (const double weight : {0.0, 1.0, 3.0}) {
    config_.loss.identity = weight;
    losses.push_back(train("run" + std::to_string(losses.size())).loss);
  }
  EXPECT_GT(losses[1] - losses[0], 1e-4);
  EXPECT_NEAR(losses[2] - losses[0], 3 * (losses[1] - losses[0]), 1e-4 * losses[2]);
}

TEST_F(InversionIdentity, PersonsAreMeasuredWhereTheyCanBe) {
  const auto measured = [&](const std::string& run) {
    return nlohmann::json::parse(train(run).evaluation).contains("identity_distance");
  };
  EXPECT_TRUE(measured("with"));
  recogniser_.clear();
  EXPECT_FALSE(measured("without"));
  config_.loss.identity = 1;
  try {
    train("refused");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_NE(std::string(error.what()).find("loss.identity"), std::string::npos) << error.what();
  }
}

TEST_F(InversionIdentity, ARunOnLatentsGoesOnWithIdentity) {
  config_.latent_steps = 1;
  EXPECT_EQ(train("run").steps, 1);
  config_.steps = 2;
  config_.loss.identity = 1;
  EXPECT_EQ(train("run", true).steps, 2);
  // What changes the data is another run.
  config_.batch = 3;
  config_.steps = 3;
  EXPECT_THROW(train("run", true), Error);
}

}  // namespace
}  // namespace vane
