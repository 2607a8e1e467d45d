// SPDX-License-Identifier: Apache-2.0
// Oracle: the sample photographs, which nothing was trained on, made backlit here.
#include <gtest/gtest.h>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/data/backlight.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"
#include "enhance/relight_method.h"
#include "guidance/picture_metrics.h"

namespace vane {
namespace {

constexpr const char* kSamples[] = {"astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg"};

Image sample(const char* name) { return to_rgb8(read_image(assets_folder() / "samples" / name)); }

class BundledRelight : public testing::Test {
 protected:
  Image enhanced(const Image& picture, double strength = 1, EnhanceMeasures* measures = nullptr) {
    QuietJob job;
    EnhanceMeasures own;
    EnhanceControls controls;
    controls.strength = strength;
    return method_->enhance(picture, controls, job, measures ? *measures : own);
  }
  std::unique_ptr<RelightMethod> method_ = load_relight_method({});
};

TEST_F(BundledRelight, BringsBackTheLightThatWasTakenFromTheSamples) {
  double before = 0, after = 0;
  int count = 0;
  for (const char* name : kSamples) {
    const Image lit = sample(name);
    const Raster light = to_raster(lit);
    for (uint64_t k = 0; k < 3; ++k) {
      Rng rng(11, k);
      const std::vector<float> subject = random_subject(light, rng);
      Image backlit = lit;
      backlit.u8 = to_srgb8(under_backlight(light, subject, backlight_preset("bl-mid"), rng));
      const Tensor truth = image_to_tensor(lit);
      before += psnr_rgb(truth, image_to_tensor(backlit));
      after += psnr_rgb(truth, image_to_tensor(enhanced(backlit)));
      ++count;
    }
  }
  EXPECT_GT(after / count, before / count + 2);
}

TEST_F(BundledRelight, LeavesWellLitSamplesAlone) {
  for (const char* name : kSamples) {
    const Image lit = sample(name);
    EXPECT_GT(psnr_rgb(image_to_tensor(lit), image_to_tensor(enhanced(lit))), 30) << name;
  }
}

TEST_F(BundledRelight, TellsTheStrengthThatItChose) {
  EnhanceMeasures measures;
  const Image lit = sample("astronaut.jpg");
  enhanced(lit, 1, &measures);
  EXPECT_LT(measures.strength, 0.5);
  EnhanceControls all;
  all.automatic = false;
  QuietJob job;
  method_->enhance(lit, all, job, measures);
  EXPECT_EQ(measures.strength, 1);
}

TEST_F(BundledRelight, RefinesWhatItWouldChangeAndNothingElse) {
  const Image lit = sample("coffee.jpg");
  const Raster light = to_raster(lit);
  Rng rng(12);
  Image dark = lit;
  dark.u8 = to_srgb8(under_backlight(light, std::vector<float>(light.pixels(), 1.f),
                                     backlight_preset("bl-mid"), rng));
  EnhanceControls controls;
  controls.automatic = false;
  QuietJob job;
  EnhanceMeasures measures;
  const Image plain = method_->enhance(dark, controls, job, measures);
  EXPECT_EQ(measures.refine_steps, 0);
  controls.refine_steps = 5;
  const Image refined = method_->enhance(dark, controls, job, measures);
  EXPECT_EQ(measures.refine_steps, 5);
  EXPECT_LT(measures.refine_after, measures.refine_before);
  EXPECT_NE(refined.u8, plain.u8);
  EXPECT_EQ(method_->enhance(dark, controls, job, measures).u8, refined.u8);
  // What needs no light is not refined either.
  controls.automatic = true;
  EnhanceMeasures untouched;
  EXPECT_EQ(method_->enhance(sample("chelsea.jpg"), controls, job, untouched).u8,
            sample("chelsea.jpg").u8);
  EXPECT_EQ(untouched.refine_steps, 0);
}

TEST_F(BundledRelight, AMaskKeepsTheRest) {
  const Image lit = sample("coffee.jpg");
  const Raster light = to_raster(lit);
  Rng rng(12);
  Image dark = lit;
  const std::vector<float> whole(light.pixels(), 1.f);
  dark.u8 = to_srgb8(under_backlight(light, whole, backlight_preset("bl-mid"), rng));
  EnhanceControls controls;
  controls.automatic = false;
  controls.mask = at::zeros({1, 1, lit.height, lit.width});
  controls.mask.narrow(3, 0, lit.width / 2).fill_(1);
  QuietJob job;
  EnhanceMeasures measures;
  const Image half = method_->enhance(dark, controls, job, measures);
  const Tensor change = (image_to_tensor(half) - image_to_tensor(dark)).abs().mean({0, 1, 2});
  EXPECT_GT(change.slice(0, 0, lit.width / 2).mean().item<double>(), 0.05);
  EXPECT_EQ(change.slice(0, lit.width / 2).max().item<double>(), 0);
}

TEST(EnhanceMethods, AreChosenByWhatIsGiven) {
  EXPECT_EQ(default_method({}), "vane");
  EXPECT_EQ(default_method("weights.pth"), "rave");
  EXPECT_EQ(default_method(assets_folder() / "models/enhance-vane"), "vane");
  EXPECT_THROW(make_enhance_method("magic", {}), Error);
  EXPECT_THROW(make_enhance_method("rave", {}), Error);
  EXPECT_THROW(make_enhance_method("vane", assets_folder() / "samples/coffee.jpg"), Error);
}

}  // namespace
}  // namespace vane
