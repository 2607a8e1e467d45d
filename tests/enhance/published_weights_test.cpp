// SPDX-License-Identifier: Apache-2.0
// Oracle: values measured from the published weights in float64 (sheet, table 1.1 and the loader
// checks below it). The files carry no clear licence and are not part of the project:
// VANE_ENHANCE_WEIGHTS names a folder with them, else ../shared/weights/enhance beside the
// repository; without them the tests are skipped.
#include <gtest/gtest.h>

#include <cstdlib>

#include "generators/enhance/enhancement_network.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

fs::path weights_folder() {
  if (const char* folder = std::getenv("VANE_ENHANCE_WEIGHTS")) return folder;
  return fs::path(VANE_TEST_DATA).parent_path().parent_path() / "shared/weights/enhance";
}

struct Golden {
  const char* file;
  std::array<double, 12> map;  // one for each colour below
};

constexpr std::array<std::array<double, 3>, 12> kColours{{{0, 0, 0},
                                                          {.02, .02, .02},
                                                          {.05, .05, .05},
                                                          {.1, .1, .1},
                                                          {.2, .2, .2},
                                                          {.35, .35, .35},
                                                          {.5, .5, .5},
                                                          {.75, .75, .75},
                                                          {.95, .95, .95},
                                                          {1, 1, 1},
                                                          {.2, .1, .05},
                                                          {.1, .2, .4}}};

constexpr Golden kGolden[] = {{"cliplit.pth",
                               {0.050082, 0.131336, 0.232995, 0.344411, 0.509643, 0.659267,
                                0.774667, 0.910533, 1.005247, 1.028532, 0.374898, 0.555149}},
                              {"rave_unpaired.pth",
                               {0.380705, 0.399832, 0.435687, 0.502665, 0.626665, 0.784175,
                                0.908524, 1.025654, 0.986074, 0.970175, 0.480053, 0.740320}},
                              {"rave_unpaired_shifted.pth",
                               {0.114948, 0.177647, 0.283215, 0.425152, 0.575798, 0.756327,
                                0.874045, 1.010671, 1.026194, 1.029049, 0.414828, 0.672920}},
                              {"clip_lit_unpaired.pth",
                               {0.045392, 0.166155, 0.263813, 0.388814, 0.565797, 0.739867,
                                0.853472, 0.948703, 0.983438, 0.987238, 0.471165, 0.599669}},
                              {"rave_paired.pth",
                               {0.129011, 0.177120, 0.259401, 0.363787, 0.487600, 0.660603,
                                0.815351, 0.960257, 1.039696, 1.058305, 0.360111, 0.573072}}};

class PublishedWeights : public ::testing::TestWithParam<Golden> {};

TEST_P(PublishedWeights, GiveTheMeasuredMaps) {
  const fs::path path = weights_folder() / GetParam().file;
  if (!fs::exists(path)) GTEST_SKIP() << "needs " << path;
  const at::NoGradGuard no_grad;
  const EnhancementNetwork network = load_enhancement_network(path);
  double worst = 0;
  for (size_t i = 0; i < kColours.size(); ++i) {
    const Tensor colour = at::tensor(at::ArrayRef<double>(kColours[i])).to(at::kFloat);
    // The middle is 12 px from every border: beyond what the zero-padded convolution disturbs.
    const Tensor map = illumination_map(network, colour.view({1, 3, 1, 1}).expand({1, 3, 25, 25}));
    const double m = map[0][0][12][12].item<double>();
    EXPECT_NEAR(m, GetParam().map[i], 1e-4) << "colour " << i;
    worst = std::max(worst, std::abs(m - GetParam().map[i]));
  }
  RecordProperty("worst", std::to_string(worst * 1e6));
}

INSTANTIATE_TEST_SUITE_P(Table, PublishedWeights, ::testing::ValuesIn(kGolden),
                         [](const auto& entry) {
                           return fs::path(entry.param.file).stem().string();
                         });

struct Check {
  const char* name;
  double sum, squares, first;
};

void expect_checks(const std::string& file, const std::vector<Check>& checks) {
  const fs::path path = weights_folder() / file;
  if (!fs::exists(path)) GTEST_SKIP() << "needs " << path;
  EnhancementNetwork network = load_enhancement_network(path);
  size_t seen = 0;
  visit_parameters(
      network, [&](const std::string& name, Tensor& tensor, const std::vector<int64_t>&) {
        for (const Check& check : checks) {
          if (name != check.name) continue;
          ++seen;
          const Tensor values = tensor.to(at::kDouble).flatten();
          EXPECT_NEAR(values.sum().item<double>(), check.sum, 2e-6) << name;
          EXPECT_NEAR(values.square().sum().item<double>(), check.squares, 2e-6) << name;
          EXPECT_NEAR(values[0].item<double>(), check.first, 6e-7) << name;
        }
      });
  EXPECT_EQ(seen, checks.size());
}

TEST(PublishedWeights, OfClipLitAreReadAsMeasured) {
  expect_checks("cliplit.pth", {{"cond1.weight", .374955, .378269, -.00233653},
                                {"ResidualBlock3.conv1.weight", -5.339974, 14.983449, -.05821466},
                                {"PPM1.fuse.0.weight", 6.924659, 7.539933, -.04056104},
                                {"cond_add1.weight", .091771, .110640, -.01706657},
                                {"PPM1.features.0.2.weight", .251268, .251268 * .251268, .251268},
                                {"cond_add1.bias", .037460, .037460 * .037460, .037460}});
}

TEST(PublishedWeights, OfRaveAreReadAsMeasured) {
  expect_checks("rave_unpaired.pth", {{"cond1.weight", 1.081637, .348631, .02772406},
                                      {"PPM1.fuse.0.weight", 5.033606, 7.817853, -.00030909}});
}

}  // namespace
}  // namespace vane::testing
