// SPDX-License-Identifier: Apache-2.0
// Oracle: looks applied here to the sample photographs, which no bundled model was trained on. A
// look must raise the similarity to its phrase over that to its opposite, on every sample.
#include <gtest/gtest.h>

#include "editing/training/picture_batch.h"
#include "engine/base/assets.h"
#include "engine/clip/clip_encoder.h"
#include "engine/data/captions.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"

namespace vane {
namespace {

constexpr const char* kSamples[] = {"astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg"};

class BundledClip : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = assets_folder() / "models" / GetParam();
    clip_ = load_clip(folder);
  }

  /// Unit embedding [1,D] of a sample with a look.
  Tensor seen(const Image& photo, std::optional<Look> look) const {
    const int size = clip_->info().preprocess.image_size;
    const auto side = static_cast<float>(std::min(photo.width, photo.height));
    Raster picture = cut(photo,
                         {(static_cast<float>(photo.width) - side) / 2,
                          (static_cast<float>(photo.height) - side) / 2, side, side},
                         size);
    Rng rng(3);
    if (look) apply_look(picture, *look, 0.6f, rng);
    const std::vector<std::vector<uint8_t>> bytes{to_srgb8(picture)};
    return unit(
        clip_->image_embedding_of_input(network_input(bytes, size, clip_->info().preprocess)));
  }

  std::unique_ptr<ClipEncoder> clip_;
};

TEST_P(BundledClip, RanksLooksAgainstTheirOppositesOnPhotographsItNeverSaw) {
  const at::NoGradGuard no_grad;
  for (const char* name : kSamples) {
    const Image photo = to_rgb8(read_image(assets_folder() / "samples" / name));
    for (const Look look : {Look::bright, Look::warm, Look::vivid, Look::high_contrast}) {
      const Look opposite = opposite_look(look);
      const Tensor direction = (clip_->text_features({look_phrase(look)}) -
                                clip_->text_features({look_phrase(opposite)}))
                                   .squeeze(0);
      const double with = at::matmul(seen(photo, look), direction).item<double>();
      const double against = at::matmul(seen(photo, opposite), direction).item<double>();
      EXPECT_GT(with, against + 0.02) << name << " " << look_name(look);
    }
  }
}

TEST_P(BundledClip, FogAndBlackAndWhiteAreToldFromTheUntouchedPhotograph) {
  const at::NoGradGuard no_grad;
  for (const char* name : kSamples) {
    const Image photo = to_rgb8(read_image(assets_folder() / "samples" / name));
    for (const Look look : {Look::hazy, Look::monochrome}) {
      const Tensor phrase = clip_->text_features({look_phrase(look)}).squeeze(0);
      const double with = at::matmul(seen(photo, look), phrase).item<double>();
      const double without = at::matmul(seen(photo, std::nullopt), phrase).item<double>();
      EXPECT_GT(with, without) << name << " " << look_name(look);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, BundledClip, testing::Values("clip-mini", "clip-audit"),
                         [](const auto& which) {
                           return std::string(which.param) == "clip-mini" ? "mini" : "audit";
                         });

}  // namespace
}  // namespace vane
