// SPDX-License-Identifier: Apache-2.0
#pragma once
// A scene of latent editing that takes milliseconds: a generator of 32 px and a CLIP that is a
// matrix.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "editing/latent/latent_method.h"
#include "engine/base/job.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/linear_clip.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {

class TinyScene : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ("latent_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    ::setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    const TinyNetwork network(folder_ / "tiny");
    scene_.generator = std::make_shared<MobileStyleGan>(MobileStyleGan::load(folder_ / "tiny"));
    scene_.clip = std::make_shared<testing::LinearClip>();
    scene_.w_plus =
        scene_.generator->truncate(scene_.generator->map(scene_.generator->sample_z(5, 0)), 0.7)
            .unsqueeze(1)
            .repeat({1, scene_.generator->rows(), 1});
    scene_.side = scene_.generator->size();
    scene_.prior = std::make_shared<PriorSample>(
        prior_sample(*scene_.generator, *scene_.clip, 200, scene_.side, job_));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Towards the CLIP features of another sample of the prior: somewhere the generator can go.
  Direction direction(int64_t sample = 3) const {
    const Tensor from = scene_.clip->image_features(scene_.preview({}).clamp(0, 1))[0];
    Direction out;
    out.vector = unit((scene_.prior->features[sample] - from).unsqueeze(0))[0];
    out.model_hash = scene_.clip->info().hash;
    return out;
  }

  std::filesystem::path folder_;
  QuietJob job_;
  LatentScene scene_;
};

}  // namespace vane
