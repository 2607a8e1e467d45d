// SPDX-License-Identifier: Apache-2.0
// Oracle: piq 0.8 and lpips 0.1.4 on pictures and weights made from their names; the numbers are
// printed by tests/oracles/record_quality.py.
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "guidance/edit_metrics.h"
#include "guidance/lpips.h"
#include "guidance/structural_similarity.h"
#include "tests/support/gradient_check.h"
#include "tests/support/linear_clip.h"
#include "tests/support/named_values.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using testing::gradient_error;
using testing::uniform_tensor;

Tensor smooth(const std::string& name, int64_t height, int64_t width) {
  const Tensor small =
      named_values(name, {2, 3, (height + 7) / 8, (width + 7) / 8}, 0.25, 0.5).clamp(0, 1);
  return small.repeat_interleave(8, 2)
      .repeat_interleave(8, 3)
      .slice(2, 0, height)
      .slice(3, 0, width)
      .contiguous();
}

Tensor with_noise(const Tensor& a) {
  return (a + named_values("noise", a.sizes().vec(), 0.05)).clamp(0, 1);
}

void expect_near(const Tensor& actual, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(actual.numel(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(actual[static_cast<int64_t>(i)].item<double>(), expected[i], tolerance);
  }
}

TEST(MsSsim, EqualsPiq) {
  const Tensor a = smooth("a", 176, 208), odd = smooth("a", 193, 171);
  expect_near(ms_ssim(a.to(at::kDouble), with_noise(a).to(at::kDouble)), {0.989376053, 0.989126071},
              1e-7);
  expect_near(ms_ssim(odd.to(at::kDouble), with_noise(odd).to(at::kDouble)),
              {0.987648564, 0.987289655}, 1e-7);
}

TEST(MsSsim, IsOneForEqualPicturesOfAnySize) {
  for (const int64_t side : {1, 5, 20, 30, 200}) {
    const Tensor a = uniform_tensor({1, 3, side, side + 1}, 3);
    EXPECT_NEAR(ms_ssim(a, a).item<double>(), 1, 1e-5) << side;
  }
}

TEST(Gmsd, EqualsPiq) {
  const Tensor a = smooth("a", 176, 208), odd = smooth("a", 193, 171);
  expect_near(gmsd(a.to(at::kDouble), with_noise(a).to(at::kDouble)), {0.067876428, 0.067224251},
              2e-6);
  expect_near(gmsd(odd.to(at::kDouble), with_noise(odd).to(at::kDouble)),
              {0.067246247, 0.070083899}, 2e-6);
}

TEST(Gmsd, IsZeroForEqualPictures) {
  const Tensor a = uniform_tensor({1, 3, 12, 9}, 3);
  EXPECT_EQ(gmsd(a, a).item<double>(), 0);
}

// Objectives against the source, in float64: central differences.
TEST(QualityObjectives, GradientsAgreeWithDifferences) {
  Evaluation evaluation;
  evaluation.source = uniform_tensor({1, 3, 25, 26}, 5).to(at::kDouble);
  const Tensor image = uniform_tensor({1, 3, 25, 26}, 6).to(at::kDouble);
  MsSsim similarity;
  Gmsd deviation;
  for (Objective* objective :
       {static_cast<Objective*>(&similarity), static_cast<Objective*>(&deviation)}) {
    const auto value = [&](const Tensor& x) {
      evaluation.image = x;
      return objective->evaluate(evaluation).total;
    };
    EXPECT_LT(gradient_error(value, image, 1e-6), 1e-5);
  }
}

class LpipsFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("lpips_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  struct Conv {
    int slice, index;
    std::vector<int64_t> shape;
  };
  static std::vector<Conv> trunk(bool vgg) {
    if (!vgg) {
      return {{1, 0, {64, 3, 11, 11}},
              {2, 3, {192, 64, 5, 5}},
              {3, 6, {384, 192, 3, 3}},
              {4, 8, {256, 384, 3, 3}},
              {5, 10, {256, 256, 3, 3}}};
    }
    std::vector<Conv> layers;
    const std::vector<std::pair<int, std::vector<int>>> slices{
        {64, {0, 2}}, {128, {5, 7}}, {256, {10, 12, 14}}, {512, {17, 19, 21}}, {512, {24, 26, 28}}};
    int64_t in = 3;
    for (size_t s = 0; s < slices.size(); ++s) {
      for (const int index : slices[s].second) {
        layers.push_back({static_cast<int>(s) + 1, index, {slices[s].first, in, 3, 3}});
        in = slices[s].first;
      }
    }
    return layers;
  }
  // The state of lpips.LPIPS with weights from their names.
  static std::map<std::string, Tensor> state(bool vgg) {
    std::map<std::string, Tensor> tensors;
    for (const Conv& conv : trunk(vgg)) {
      const std::string base =
          "net.slice" + std::to_string(conv.slice) + "." + std::to_string(conv.index);
      const double fan_in = static_cast<double>(conv.shape[1] * conv.shape[2] * conv.shape[3]);
      tensors[base + ".weight"] = named_values(base + ".weight", conv.shape, std::sqrt(2 / fan_in));
      tensors[base + ".bias"] = named_values(base + ".bias", {conv.shape[0]}, 0.1);
    }
    const std::vector<int64_t> channels = vgg ? std::vector<int64_t>{64, 128, 256, 512, 512}
                                              : std::vector<int64_t>{64, 192, 384, 256, 256};
    for (int i = 0; i < 5; ++i) {
      const std::string key = "lin" + std::to_string(i) + ".model.1.weight";
      tensors[key] = named_values(key, {1, channels[static_cast<size_t>(i)], 1, 1}, 0.3).abs();
    }
    return tensors;
  }
  fs::path saved(const std::map<std::string, Tensor>& tensors, const std::string& name) const {
    save_tensors(folder_ / name, tensors);
    return folder_ / name;
  }
  fs::path folder_;
};

TEST_F(LpipsFiles, EqualsThePackage) {
  const Tensor a = smooth("lpips.a", 67, 64), b = smooth("lpips.b", 67, 64);
  const Lpips alex = Lpips::load(saved(state(false), "alex.safetensors"));
  EXPECT_STREQ(alex.trunk_name(), "alex");
  expect_near(alex(a, b), {0.436330825, 0.484782100}, 2e-5);
  const Lpips vgg = Lpips::load(saved(state(true), "vgg.safetensors"));
  EXPECT_STREQ(vgg.trunk_name(), "vgg");
  expect_near(vgg(a, b), {0.428935796, 0.471149981}, 2e-5);
  EXPECT_EQ(vgg(a, a).abs().max().item<double>(), 0);
}

TEST_F(LpipsFiles, ATorchvisionTrunkWithLayersBesideGivesTheSame) {
  std::map<std::string, Tensor> trunk, linear;
  for (const auto& [key, tensor] : state(false)) {
    if (key.starts_with("lin")) {
      linear[key] = tensor;
    } else {
      trunk["features." + key.substr(std::string("net.slice1.").size())] = tensor;
    }
  }
  const Lpips lpips =
      Lpips::load(saved(trunk, "trunk.safetensors"), saved(linear, "lin.safetensors"));
  expect_near(lpips(smooth("lpips.a", 67, 64), smooth("lpips.b", 67, 64)),
              {0.436330825, 0.484782100}, 2e-5);
}

TEST_F(LpipsFiles, TellsWhatIsWrong) {
  const auto refusal = [&](const std::map<std::string, Tensor>& tensors) -> std::string {
    try {
      Lpips::load(saved(tensors, "bad.safetensors"));
    } catch (const Error& error) {
      return error.code() == ErrorCode::checkpoint ? error.what() : "another class";
    }
    return "accepted";
  };
  auto tensors = state(false);
  tensors.erase("lin3.model.1.weight");
  EXPECT_NE(refusal(tensors).find("lin3.model.1.weight"), std::string::npos);
  tensors = state(false);
  tensors["net.slice4.8.weight"] = at::zeros({256, 384, 5, 5});
  EXPECT_NE(refusal(tensors).find("net.slice4.8.weight"), std::string::npos);
  tensors = state(false);
  tensors["net.slice1.0.weight"] = at::zeros({64, 3, 7, 7});
  EXPECT_NE(refusal(tensors).find("neither AlexNet's nor VGG16's"), std::string::npos);
  EXPECT_THROW(Lpips::load(folder_ / "absent.pth"), Error);
  const Lpips lpips = Lpips::load(saved(state(false), "alex.safetensors"));
  EXPECT_THROW(lpips(at::zeros({1, 3, 16, 40}), at::zeros({1, 3, 16, 40})), Error);
}

TEST_F(LpipsFiles, GradientReachesThePicture) {
  LpipsObjective objective(Lpips::load(saved(state(false), "alex.safetensors")));
  Evaluation evaluation;
  evaluation.source = smooth("lpips.a", 40, 40);
  evaluation.image = smooth("lpips.b", 40, 40).requires_grad_(true);
  const Tensor gradient =
      torch::autograd::grad({objective.evaluate(evaluation).total}, {evaluation.image})[0];
  // Along the gradient the value falls as the gradient says.
  const double slope = gradient.square().sum().item<double>();
  const double step = 1e-3 / std::sqrt(slope);
  const at::NoGradGuard no_grad;
  const auto at_distance = [&](double distance) {
    Evaluation moved = evaluation;
    moved.image = evaluation.image.detach() + distance * gradient;
    return objective.evaluate(moved).total.item<double>();
  };
  EXPECT_NEAR((at_distance(step) - at_distance(-step)) / (2 * step) / slope, 1, 0.05);
}

}  // namespace
}  // namespace vane
