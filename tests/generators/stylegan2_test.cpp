// SPDX-License-Identifier: Apache-2.0
// Oracles: results of the two published implementations for weights that follow from their names
// (tests/oracles/record_stylegan2.py); laws of the architecture (StyleGAN sheet, section 12).
#include "generators/stylegan/stylegan2.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "tests/support/named_stylegan2.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 1e-4;  // in [-1,1]

double distance(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

/// A network in a file of its convention, loaded again.
StyleGan2 loaded(const TensorMap& tensors) {
  const fs::path path =
      fs::path(::testing::TempDir()) / ("stylegan2_" + std::to_string(::getpid()) + ".safetensors");
  save_tensors(path, tensors);
  StyleGan2 model = StyleGan2::load(path);
  fs::remove(path);
  return model;
}

const NamedStyleGan2 kRos32{"ros32", {512, 512, 512, 512}, 64, 64, 3};
const NamedStyleGan2 kAda32{"ada32", {64, 64, 64, 32}, 48, 64, 2};
/// Small enough for laws that need many pictures.
const NamedStyleGan2 kSmall{"small", {24, 16, 12, 8}, 8, 16, 2};

Tensor unit(const Tensor& picture) { return picture * 2 - 1; }

class Recorded {
 public:
  explicit Recorded(std::string network)
      : network_(std::move(network)),
        file_(open_weights(fs::path(VANE_TEST_DATA) / "generators/data/stylegan2.safetensors")) {}

  Tensor take(const std::string& name) const {
    const std::string key = network_ + "." + name;
    return file_.take(key, file_.shape(key));
  }
  /// How far a picture in [-1,1] is from what was recorded of it.
  double difference(const std::string& name, const Tensor& picture) const {
    const int64_t step = picture.size(3) / 32;
    double worst =
        distance(picture.slice(2, step / 2, {}, step).slice(3, step / 3, {}, step), take(name));
    if (step > 1) {
      worst = std::max(worst,
                       distance(picture.narrow(2, 20, 16).narrow(3, 30, 16), take(name + ".crop")));
    }
    return worst;
  }

 private:
  std::string network_;
  Weights file_;
};

Tensor named_w_plus(const NamedStyleGan2& network, int64_t n) {
  return named_values(network.name + " w_plus", {n, network.rows(), network.w});
}

struct Case {
  NamedStyleGan2 network;
  bool nvlabs = false;
  int64_t pictures = 1;
};

class StyleGan2Parity : public ::testing::TestWithParam<Case> {};

TEST_P(StyleGan2Parity, EqualsThePublishedImplementation) {
  const at::NoGradGuard no_grad;
  const auto& [network, nvlabs, pictures] = GetParam();
  const StyleGan2 model = loaded(nvlabs ? nvlabs_tensors(network) : rosinality_tensors(network));
  ASSERT_EQ(model.size(), network.size());
  ASSERT_EQ(model.rows(), network.rows());
  const Recorded recorded(network.name);
  const Tensor z = named_values(network.name + " z", {pictures, network.z});
  const Tensor w = model.map(z);
  EXPECT_LT(distance(w, recorded.take("w")), 1e-5);
  const Tensor w_plus = named_w_plus(network, pictures);
  EXPECT_LT(recorded.difference("picture", unit(model.synthesise(w_plus))), kTolerance);
  const Tensor one = w.narrow(0, 0, 1);
  const Tensor truncated = nvlabs ? model.truncate(one, 0.6, 4) : model.truncate(one, 0.6);
  EXPECT_LT(recorded.difference("truncated", unit(model.synthesise(truncated))), kTolerance);
  if (network.size() <= 64) {
    const Tensor silent = model.synthesise(w_plus.narrow(0, 0, 1), {});
    EXPECT_LT(recorded.difference("silent", unit(silent)), kTolerance);
  }
}

class StyleGan2Gradient : public ::testing::TestWithParam<Case> {};

TEST_P(StyleGan2Gradient, EqualsThatOfThePublishedImplementation) {
  const auto& [network, nvlabs, pictures] = GetParam();
  const StyleGan2 model = loaded(nvlabs ? nvlabs_tensors(network) : rosinality_tensors(network));
  const Tensor w_plus = named_w_plus(network, pictures).requires_grad_();
  const Tensor picture = unit(model.synthesise(w_plus));
  const Tensor towards = named_values(network.name + " towards", picture.sizes().vec());
  const Tensor gradient = torch::autograd::grad({(picture * towards).sum()}, {w_plus})[0];
  const Tensor expected = Recorded(network.name).take("gradient");
  // Measured: 1e-6 of its length. A feature that rounding moves across the bend of its leaky ReLU
  // adds its share, about one in the square root of the features of its layer (1e-3 of 2^20); a
  // term that is left out adds more than 1e-1.
  EXPECT_LT((gradient - expected).norm().item<double>(), 2e-3 * expected.norm().item<double>());
}

const Case kCases[] = {{kRos32, false, 2},
                       {{"ros64", {512, 512, 512, 512, 256}, 128, 128, 8}, false, 1},
                       {kAda32, true, 2},
                       {{"ada64", {96, 96, 96, 96, 64}, 128, 128, 8}, true, 1},
                       {{"ros256", {512, 512, 512, 512, 512, 256, 128}, 512, 512, 8}, false, 1},
                       {{"ros256slim", {512, 512, 512, 512, 256, 128, 64}, 128, 128, 2}, false, 1},
                       {{"ada256", {512, 512, 512, 512, 256, 128, 64}, 512, 512, 8}, true, 1}};

std::string case_name(const ::testing::TestParamInfo<Case>& entry) {
  return entry.param.network.name;
}

INSTANTIATE_TEST_SUITE_P(Recorded, StyleGan2Parity, ::testing::ValuesIn(kCases), case_name);
// Gradients were recorded of small pictures only.
INSTANTIATE_TEST_SUITE_P(Recorded, StyleGan2Gradient, ::testing::ValuesIn(kCases, kCases + 4),
                         case_name);

// Each mistake that a port makes easily lies far beyond the tolerance of the comparison above.
TEST(StyleGan2, MistakesWouldBeSeen) {
  const at::NoGradGuard no_grad;
  const Recorded recorded("ada32");
  const TensorMap right = nvlabs_tensors(kAda32);
  const Tensor w_plus = named_w_plus(kAda32, 2);
  const auto off = [&](const TensorMap& tensors, const Tensor& latent) {
    return recorded.difference("picture", unit(loaded(tensors).synthesise(latent)));
  };
  ASSERT_LT(off(right, w_plus), kTolerance);

  TensorMap flipped = right;
  for (const int r : {8, 16, 32}) {
    Tensor& weight = flipped[fmt::format("synthesis.b{}.conv0.weight", r)];
    weight = weight.flip({2, 3});
  }
  EXPECT_GT(off(flipped, w_plus), 0.01) << "kernel of the up-convolution";

  TensorMap exchanged = right;
  std::swap(exchanged["synthesis.b16.conv0.noise_const"],
            exchanged["synthesis.b16.conv1.noise_const"]);
  EXPECT_GT(off(exchanged, w_plus), 0.01) << "noise of the neighbouring layer";

  for (int64_t row = 0; row < kAda32.rows(); ++row) {
    // Every row matters, and so does which layer it reaches.
    Tensor moved = w_plus.clone();
    moved.select(1, row).copy_(w_plus.select(1, (row + 1) % kAda32.rows()));
    EXPECT_GT(off(right, moved), 0.01) << "row " << row;
  }
}

TEST(StyleGan2, BothConventionsGiveOnePicture) {
  const at::NoGradGuard no_grad;
  const TensorMap rosinality = rosinality_tensors(kSmall);
  const StyleGan2 one = loaded(rosinality), other = loaded(as_nvlabs(rosinality, kSmall));
  const Tensor w = one.truncate(one.map(named_values("z", {2, 8})), 0.7);
  EXPECT_TRUE(at::equal(other.truncate(other.map(named_values("z", {2, 8})), 0.7), w));
  EXPECT_TRUE(at::equal(one.synthesise(w), other.synthesise(w)));
}

TEST(StyleGan2, MapsEverySampleOfABatchAlone) {
  const StyleGan2 model = loaded(rosinality_tensors(kSmall));
  const Tensor z = named_values("z", {4, 8});
  const Tensor together = model.map(z);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_LT(distance(model.map(z.narrow(0, i, 1)), together.narrow(0, i, 1)), 1e-6);
  }
  // Only the direction of z counts.
  EXPECT_LT(distance(model.map(z * 3), together), 1e-5);
  EXPECT_GT(distance(together[0], together[1]), 0.1);
}

TEST(StyleGan2, StyleSpaceGivesThePictureOfW) {
  const at::NoGradGuard no_grad;
  const StyleGan2 model = loaded(rosinality_tensors(kSmall));
  for (const Tensor& latent : {named_values("w", {2, 16}), named_w_plus(kSmall, 2)}) {
    const NoiseMaps noise = model.noise(NoiseMode::constant, 2, Rng(0));
    const Tensor picture = model.synthesise(latent);
    EXPECT_LT(distance(model.synthesise_styles(model.styles(latent), noise), picture), 1e-5);
    EXPECT_LT(distance(model.synthesise_styles(model.styles(latent), noise, latent), picture),
              1e-5);
  }
}

TEST(StyleGan2, AnEditOfStylesReachesItsLayerAlone) {
  const at::NoGradGuard no_grad;
  const StyleGan2 model = loaded(rosinality_tensors(kSmall));
  const Tensor w = named_values("w", {1, 16});
  const StyleTable& table = model.style_table();
  const NoiseMaps noise = model.noise(NoiseMode::constant, 1, Rng(0));
  const Tensor before = model.synthesise(w);
  for (size_t i = 0; i < table.size(); ++i) {
    StyleCode code = model.styles(w);
    code[i] = code[i] + 2;
    EXPECT_GT(distance(model.synthesise_styles(code, noise), before), 1e-3) << table[i].name;
    // With a latent for the colours, edits of their styles do nothing.
    const double off = distance(model.synthesise_styles(code, noise, w), before);
    if (table[i].to_rgb) {
      EXPECT_EQ(off, 0) << table[i].name;
    } else {
      EXPECT_GT(off, 1e-3) << table[i].name;
    }
  }
  // The other way round: colours of another latent, convolutions as they were.
  const Tensor other = named_values("other", {1, 16});
  StyleCode mixed = model.styles(w);
  const StyleCode donor = model.styles(other);
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i].to_rgb) mixed[i] = donor[i];
  }
  EXPECT_LT(distance(model.synthesise_styles(model.styles(w), noise, other),
                     model.synthesise_styles(mixed, noise)),
            1e-5);
}

TEST(StyleGan2, DemodulationForgetsTheScaleOfAConvolutionButNotOfColours) {
  const at::NoGradGuard no_grad;
  const TensorMap tensors = rosinality_tensors(kSmall);
  const Tensor w = named_values("w", {1, 16});
  const Tensor before = loaded(tensors).synthesise(w);
  for (const char* key : {"conv1.conv.weight", "convs.2.conv.weight", "convs.5.conv.weight"}) {
    TensorMap scaled = tensors;
    scaled[key] = scaled[key] * 10;
    EXPECT_LT(distance(loaded(scaled).synthesise(w), before), 1e-5) << key;
  }
  TensorMap scaled = tensors;
  scaled["to_rgbs.1.conv.weight"] = scaled["to_rgbs.1.conv.weight"] * 10;
  EXPECT_GT(distance(loaded(scaled).synthesise(w), before), 0.1);
}

TEST(StyleGan2, NoiseIsWhatItsModeSays) {
  const at::NoGradGuard no_grad;
  const StyleGan2 model = loaded(rosinality_tensors(kSmall));
  const Tensor w = named_values("w", {1, 16}).repeat({2, 1});
  const auto picture = [&](NoiseMode mode, uint64_t seed) {
    return model.synthesise(w, model.noise(mode, 2, Rng(seed)));
  };
  EXPECT_TRUE(at::equal(picture(NoiseMode::constant, 1), model.synthesise(w)));
  EXPECT_TRUE(at::equal(picture(NoiseMode::random, 1), picture(NoiseMode::random, 1)));
  EXPECT_GT(distance(picture(NoiseMode::random, 1), picture(NoiseMode::random, 2)), 0.05);
  EXPECT_GT(distance(picture(NoiseMode::constant, 1), picture(NoiseMode::none, 1)), 0.05);
  // Every picture of a batch has random noise of its own, and the same constant noise.
  const Tensor random = picture(NoiseMode::random, 1), constant = picture(NoiseMode::constant, 1);
  EXPECT_GT(distance(random[0], random[1]), 0.05);
  EXPECT_LT(distance(constant[0], constant[1]), 1e-6);
  const NoiseMaps maps = model.noise(NoiseMode::random, 2, Rng(3));
  ASSERT_EQ(maps.size(), 7u);
  EXPECT_EQ(maps[5].sizes(), at::IntArrayRef({2, 1, 32, 32}));
  EXPECT_NEAR(maps[5].mean().item<double>(), 0, 0.1);
  EXPECT_NEAR(maps[5].std().item<double>(), 1, 0.1);
  EXPECT_FALSE(at::equal(maps[5], maps[6]));
}

TEST(StyleGan2, TruncationPullsRowsTowardsTheMean) {
  const at::NoGradGuard no_grad;
  const StyleGan2 model = loaded(rosinality_tensors(kSmall));
  const Tensor w = model.map(named_values("z", {3, 8}));
  EXPECT_TRUE(at::equal(model.truncate(w, 1), w));
  const Tensor pictures = model.synthesise(model.truncate(w, 0));
  EXPECT_LT(distance(pictures[0], pictures[2]), 1e-6);
  EXPECT_LT(distance(pictures[0], model.synthesise(model.average_w().unsqueeze(0))[0]), 1e-6);
  const Tensor some = model.truncate(w, 0.25, 3);
  ASSERT_EQ(some.sizes(), at::IntArrayRef({3, 8, 16}));
  EXPECT_LT(distance(some.select(1, 2), model.truncate(w, 0.25)), 1e-6);
  EXPECT_TRUE(at::equal(some.select(1, 3), w));
  EXPECT_TRUE(at::equal(model.truncate(w, 0.25, 0).select(1, 0), w));
}

TEST(StyleGan2, HasThePublishedStyleSpace) {
  // Config F.
  const StyleGan2 model =
      loaded(rosinality_tensors({"table", {512, 512, 512, 512, 512, 256, 128, 64, 32}, 4, 4, 1}));
  const StyleTable& table = model.style_table();
  ASSERT_EQ(model.size(), 1024);
  ASSERT_EQ(model.rows(), 18);
  ASSERT_EQ(table.size(), 26u);
  EXPECT_EQ(style_channels(table), 9088);
  EXPECT_EQ(style_channels(table, StyleKind::convolutions), 6048);
  EXPECT_EQ(style_channels(table, StyleKind::to_rgb), 3040);
  // Sheet, section 1.6.
  std::vector<int64_t> lengths(15, 512);
  for (const int64_t width : {256, 128, 64}) lengths.insert(lengths.end(), 3, width);
  lengths.insert(lengths.end(), 2, 32);
  const std::vector<int64_t> offsets = {0,    512,  1024, 1536, 2048, 2560, 3072, 3584, 4096,
                                        4608, 5120, 5376, 5632, 5760, 5888, 5952, 6016};
  EXPECT_EQ(style_offsets(table, StyleKind::convolutions), offsets);
  EXPECT_EQ(style_offsets(table, StyleKind::to_rgb)[5], 2560);
  const std::vector<std::string> kinds = {"conv0", "conv1", "toRGB"};
  for (size_t i = 0; i < table.size(); ++i) {
    const int64_t side = int64_t{4} << ((i + 1) / 3);
    EXPECT_EQ(table[i].name, kinds[(i + 1) % 3] + "_resolution_" + std::to_string(side)) << i;
    EXPECT_EQ(table[i].resolution, side);
    EXPECT_EQ(table[i].channels, lengths[i]) << table[i].name;
    EXPECT_EQ(table[i].to_rgb, i % 3 == 1);
  }
  // conv1 reads row 0, to_rgb1 row 1, convs.0 row 1, convs.1 row 2, to_rgbs.0 row 3, convs.2 row 3.
  const std::vector<int64_t> rows = {0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8};
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(table[i].row, rows[i]) << table[i].name;
  EXPECT_EQ(table.back().row, 17);
}

TEST(StyleGan2, RefusesLatentsStylesAndNoiseOfAnotherShape) {
  const at::NoGradGuard no_grad;
  const StyleGan2 model = loaded(rosinality_tensors(kSmall));
  const NoiseMaps noise = model.noise(NoiseMode::constant, 1, Rng(0));
  const StyleCode code = model.styles(at::zeros({1, 16}));
  StyleCode shorter(code.begin(), code.end() - 1), narrow = code;
  narrow[3] = at::zeros({1, 5});
  NoiseMaps fewer(noise.begin(), noise.end() - 1), smaller = noise;
  smaller[4] = at::zeros({1, 1, 8, 8});
  const std::vector<std::function<void()>> wrong = {
      [&] {
        model.synthesise(at::zeros({1, 15}));
      },
      [&] {
        model.synthesise(at::zeros({1, 9, 16}));
      },
      [&] {
        model.map(at::zeros({1, 16}));
      },
      [&] { model.synthesise_styles(shorter, noise); },
      [&] { model.synthesise_styles(narrow, noise); },
      [&] { model.synthesise_styles(code, fewer); },
      [&] { model.synthesise_styles(code, smaller); },
      [&] {
        model.synthesise_styles(code, noise, at::zeros({1, 15}));
      }};
  for (size_t i = 0; i < wrong.size(); ++i) {
    try {
      wrong[i]();
      ADD_FAILURE() << "accepted " << i;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage) << i;
    }
  }
}

}  // namespace
}  // namespace vane::testing
