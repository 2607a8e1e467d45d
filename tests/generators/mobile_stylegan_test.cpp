// SPDX-License-Identifier: Apache-2.0
// Oracles: the operations that the graph names, applied one by one to random weights; OpenVINO's
// results for the published network where it is installed
// (tests/oracles/record_mobile_stylegan.py).
#include "generators/stylegan/mobile_stylegan.h"

#include <gtest/gtest.h>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/tensor/weights.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class MobileStyleGanFile : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("vane_mobile_") + info->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

double distance(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST_F(MobileStyleGanFile, RandomWeightsGiveWhatTheGraphSays) {
  const TinyNetwork network(folder_);
  const MobileStyleGan model = MobileStyleGan::load(folder_);
  ASSERT_EQ(model.size(), 32);
  ASSERT_EQ(model.rows(), 8);
  const Tensor z = at::randn({3, 8});
  const Tensor w = model.map(z);
  EXPECT_LT(distance(w, network.map(z)), 1e-5);
  const Tensor expected = network.picture(std::vector<Tensor>(8, w));
  ASSERT_EQ(expected.sizes(), at::IntArrayRef({3, 3, 32, 32}));
  EXPECT_GT(expected.std().item<double>(), 0.1);
  const double tolerance = 1e-5 * expected.abs().max().item<double>();
  EXPECT_LT(distance(model.synthesise(w), expected), tolerance);
  EXPECT_LT(distance(model.synthesise_half(w), at::avg_pool2d(expected, 2)), tolerance);
}

TEST_F(MobileStyleGanFile, EveryRowOfWPlusReachesItsOwnLayers) {
  const TinyNetwork network(folder_);
  const MobileStyleGan model = MobileStyleGan::load(folder_);
  const Tensor rows = at::randn({2, 8, 8});
  std::vector<Tensor> split;
  for (int64_t i = 0; i < 8; ++i) split.push_back(rows.select(1, i));
  EXPECT_LT(distance(model.synthesise(rows), network.picture(split)), 1e-4);
}

TEST_F(MobileStyleGanFile, GradientsReachTheLatent) {
  const TinyNetwork network(folder_);
  const MobileStyleGan model = MobileStyleGan::load(folder_);
  const Tensor w = at::randn({1, 8}).requires_grad_();
  const Tensor weight = at::randn({1, 3, 32, 32});
  (model.synthesise(w) * weight).sum().backward();
  // Oracle: automatic differentiation of the plain spelling.
  const Tensor twin = w.detach().clone().requires_grad_();
  (network.picture(std::vector<Tensor>(8, twin)) * weight).sum().backward();
  EXPECT_GT(twin.grad().abs().max().item<double>(), 0.1);
  EXPECT_LT(distance(w.grad(), twin.grad()), 1e-3 * twin.grad().abs().max().item<double>());
}

TEST_F(MobileStyleGanFile, StylesGiveThePictureOfTheirLatent) {
  const TinyNetwork network(folder_, 3);
  const MobileStyleGan model = MobileStyleGan::load(folder_);
  const StyleTable& table = model.style_table();
  ASSERT_EQ(table.size(), 11u);
  EXPECT_EQ(table[0].name, "conv1_resolution_4");
  EXPECT_EQ(table[4].name, "up_resolution_16");
  EXPECT_EQ(table[5].name, "conv0_resolution_16");
  EXPECT_EQ(table[5].channels, 2);  // the transform leaves a quarter
  EXPECT_EQ(table[5].row, 4);
  EXPECT_EQ(table[6].row, 5);
  EXPECT_EQ(table[10].name, "toRGB_resolution_32");
  EXPECT_TRUE(table[10].to_rgb);
  for (const Tensor& w : {at::randn({2, 8}), at::randn({2, 11, 8})}) {
    const StyleCode code = model.styles(w);
    const Tensor picture = model.synthesise(w);
    EXPECT_TRUE(at::equal(model.synthesise_styles(code), picture));
    EXPECT_TRUE(at::equal(model.synthesise_styles(code, w), picture));
    EXPECT_TRUE(at::equal(model.synthesise_styles_at(code, 32), model.synthesise_half(w)));
    EXPECT_TRUE(at::equal(model.synthesise_styles_at(code, 16, w), model.synthesise_at(w, 16)));
  }
}

TEST_F(MobileStyleGanFile, EveryStyleMovesThePicture) {
  const TinyNetwork network(folder_);
  const MobileStyleGan model = MobileStyleGan::load(folder_);
  const Tensor w = at::randn({1, 8}), other = at::randn({1, 8});
  const Tensor before = model.synthesise(w);
  for (size_t i = 0; i < model.style_table().size(); ++i) {
    StyleCode code = model.styles(w);
    code[i] = model.styles(other)[i];
    const bool is_colour = model.style_table()[i].to_rgb;
    EXPECT_GT(distance(model.synthesise_styles(code), before), 1e-5) << model.style_table()[i].name;
    EXPECT_EQ(distance(model.synthesise_styles(code, w), before) > 1e-5, !is_colour);
  }
  StyleCode narrow = model.styles(w);
  narrow[2] = narrow[2].narrow(1, 0, 1);
  EXPECT_THROW(model.synthesise_styles(narrow), Error);
  narrow.pop_back();
  EXPECT_THROW(model.synthesise_styles_at(narrow, 16, w), Error);
  EXPECT_THROW(model.synthesise_styles_at(model.styles(w), 64), Error);
}

TEST_F(MobileStyleGanFile, TruncationPullsTowardsTheMean) {
  const TinyNetwork network(folder_);
  const MobileStyleGan model = MobileStyleGan::load(folder_);
  const Tensor w = model.map(model.sample_z(1, 0));
  EXPECT_TRUE(at::equal(model.truncate(w, 1), w));
  EXPECT_LT(distance(model.truncate(w, 0), model.average_w().unsqueeze(0)), 1e-6);
  EXPECT_TRUE(at::equal(model.sample_z(1, 7), model.sample_z(1, 7)));
  EXPECT_GT(distance(model.sample_z(1, 7), model.sample_z(1, 8)), 0.1);
}

TEST(Haar, TheTwoTransformsUndoEachOther) {
  const Tensor picture = at::randn({2, 3, 8, 6});
  const Tensor bands = forward_haar(picture);
  ASSERT_EQ(bands.sizes(), at::IntArrayRef({2, 12, 4, 3}));
  EXPECT_LT(distance(inverse_haar(bands), picture), 1e-6);
  // The low bands of an orthonormal transform are twice the mean of four pixels.
  EXPECT_LT(distance(bands.narrow(1, 0, 3), 2 * at::avg_pool2d(picture, 2)), 1e-6);
}

PreviewHead random_head(const MobileStyleGan& model, int64_t block) {
  const int64_t channels = model.features(model.average_w().unsqueeze(0), block).size(1);
  return {block,
          {{at::randn({channels, model.w_dim()}), at::randn({channels})},
           at::randn({12, channels, 1, 1}),
           at::randn({12})}};
}

TEST_F(MobileStyleGanFile, WithoutHeadsSmallPicturesAreMeansOfTheFullOne) {
  const TinyNetwork network(folder_);
  const MobileStyleGan model = MobileStyleGan::load(folder_);
  const Tensor w = model.map(at::randn({2, 8}));
  const Tensor full = model.synthesise(w);
  const double tolerance = 1e-6 * full.abs().max().item<double>();
  EXPECT_LT(distance(model.synthesise_at(w, 16), at::avg_pool2d(full, 2)), tolerance);
  EXPECT_LT(distance(model.synthesise_at(w, 8), at::avg_pool2d(full, 4)), tolerance);
  EXPECT_TRUE(at::equal(model.synthesise_at(w, 32), full));
  EXPECT_THROW(model.synthesise_at(w, 33), Error);
  EXPECT_THROW(model.synthesise_at(w, 0), Error);
}

TEST_F(MobileStyleGanFile, APreviewHeadReadsItsBlockInTheStyleOfItsRow) {
  const TinyNetwork network(folder_);
  MobileStyleGan model = MobileStyleGan::load(folder_);
  const PreviewHead preview = random_head(model, 0);
  model.set_preview_heads({preview});
  const Tensor rows = at::randn({2, 8, 8});
  const Tensor x = model.features(rows, 0);
  ASSERT_EQ(x.sizes().slice(2), at::IntArrayRef({8, 8}));
  // Oracle: the sum written out.
  const Tensor style =
      at::matmul(rows.select(1, 2), preview.head.style.weight.t()) + preview.head.style.bias;
  const Tensor bands = at::einsum("oc,nc,nchw->nohw", {preview.head.weight.flatten(1), style, x}) +
                       preview.head.bias.view({1, 12, 1, 1});
  const Tensor expected = haar(bands.narrow(1, 0, 3), bands.narrow(1, 3, 9)) * 0.5 + 0.5;
  const double scale = expected.abs().max().item<double>();
  EXPECT_LT(distance(model.synthesise_at(rows, 16), expected), 1e-5 * scale);
  EXPECT_LT(distance(model.synthesise_at(rows, 4), at::avg_pool2d(expected, 4)), 1e-5 * scale);
  EXPECT_TRUE(at::equal(model.synthesise_at(rows, 32), model.synthesise(rows)));
}

TEST_F(MobileStyleGanFile, PreviewHeadsBelongToTheirGenerator) {
  const TinyNetwork network(folder_);
  MobileStyleGan model = MobileStyleGan::load(folder_);
  const fs::path file = folder_ / "preview.safetensors";
  model.set_preview_heads({random_head(model, 0)});
  const Tensor w = model.average_w().unsqueeze(0);
  const Tensor picture = model.synthesise_at(w, 16);
  model.save_preview_heads(file);
  MobileStyleGan again = MobileStyleGan::load(folder_);
  ASSERT_TRUE(again.load_preview_heads(file));
  // float16 holds 11 bits.
  EXPECT_LT(distance(again.synthesise_at(w, 16), picture),
            2e-3 * picture.abs().max().item<double>());
  save_tensors(file, {{"block0.bias", at::zeros({12})}}, {{"generator", "0123456789abcdef"}});
  EXPECT_FALSE(again.load_preview_heads(file));
  save_tensors(file, {{"block0.weight", at::zeros({12, 3, 1, 1})}},
               {{"generator", model.content_hash()}});
  EXPECT_THROW(again.load_preview_heads(file), Error);
  PreviewHead wrong = random_head(model, 0);
  wrong.block = 1;  // the last block has the generator's own head
  EXPECT_THROW(model.set_preview_heads({wrong}), Error);
}

TEST_F(MobileStyleGanFile, RowsThatNothingReadsAreKnown) {
  const TinyNetwork network(folder_);
  const MobileStyleGan model = MobileStyleGan::load(folder_);
  const std::vector<RowUse> uses = model.row_uses();
  ASSERT_EQ(std::ssize(uses), model.rows());
  const Tensor rows = at::randn({1, 8, 8});
  const Tensor picture = model.synthesise(rows);
  for (int64_t i = 0; i < model.rows(); ++i) {
    Tensor changed = rows.clone();
    changed.select(1, i) += 1;
    EXPECT_EQ(!at::equal(model.synthesise(changed), picture), uses[size_t(i)].is_read) << i;
  }
}

/// A file after one replacement in its text, and what the refusal must speak of.
struct Forgery {
  const char *from, *to, *complaint;
};

TEST_F(MobileStyleGanFile, HostileGraphsAreRefused) {
  const std::vector<Forgery> forgeries = {
      {"</layers>", "", "not XML"},
      {"id=\"1\" name", "id=\"0\" name", "two layers of one id"},
      {"shape=\"8, 8\"", "shape=\"8, 9\"", "does not fit its shape"},
      {"shape=\"8, 8\"", "shape=\"8, 4611686018427387904\"", "larger than its .bin"},
      {"shape=\"8, 8\"", "shape=\"8, -8\"", "without a readable shape"},
      {"offset=\"0\"", "offset=\"18446744073709551600\"", "ends beyond its .bin"},
      {"element_type=\"f32\"", "element_type=\"f31\"", "unknown element type"},
      {"to-port=\"1\"", "to-port=\"7\"", "a port that is not there"},
      {"from-layer=\"1\"", "from-layer=\"999\"", "a layer that is not there"},
      {"m.layers.0.conv1.bias", "m.layers.9.conv1.bias", "not the synthesis network"},
      {"type=\"PReLU\"", "type=\"Relu\"", "PReLU"},
  };
  for (const Forgery& forgery : forgeries) {
    const TinyNetwork network(folder_);
    const fs::path file = folder_ / "SynthesisNetwork.xml";
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    std::string forged = text.str();
    const size_t at = forged.find(forgery.from);
    ASSERT_NE(at, std::string::npos) << forgery.from;
    forged.replace(at, std::string(forgery.from).size(), forgery.to);
    std::ofstream(file) << forged;
    try {
      MobileStyleGan::load(folder_);
      ADD_FAILURE() << "accepted: " << forgery.to;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
      EXPECT_NE(std::string(error.what()).find(forgery.complaint), std::string::npos)
          << error.what();
    }
  }
}

TEST_F(MobileStyleGanFile, AnotherKindOfXmlIsRefused) {
  const TinyNetwork network(folder_);
  std::ofstream(folder_ / "MappingNetwork.xml") << "<svg/>";
  EXPECT_THROW(MobileStyleGan::load(folder_), Error);
}

TEST_F(MobileStyleGanFile, AnEmptyFolderNamesTheRemedy) {
  fs::create_directories(folder_);
  try {
    MobileStyleGan::load(folder_);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
    EXPECT_EQ(error.hint(), "vane models get faces");
  }
}

TEST(MobileStyleGan, ThePublishedNetworkMatchesOpenVino) {
  const fs::path folder = models_folder() / "faces";
  if (!fs::exists(folder / "SynthesisNetwork.xml")) {
    GTEST_SKIP() << "the face generator is not in " << folder << "; ./setup.sh --get faces";
  }
  const MobileStyleGan model = MobileStyleGan::load(folder);
  const Weights recorded(
      open_weights(fs::path(VANE_TEST_DATA) / "generators/data/mobile_stylegan.safetensors"));
  const at::NoGradGuard no_grad;
  const Tensor w = model.map(recorded.take("z", {1, 512}));
  EXPECT_LT(distance(w, recorded.take("w", {1, 512})), 1e-4);
  const Tensor picture = model.synthesise(w);
  ASSERT_EQ(picture.sizes(), at::IntArrayRef({1, 3, 1024, 1024}));
  const Tensor crop = picture.narrow(2, 480, 48).narrow(3, 400, 48);
  EXPECT_LT(distance(crop, recorded.take("crop", {1, 3, 48, 48})), 1e-3);
  EXPECT_LT(distance(at::avg_pool2d(picture, 16), recorded.take("reduced", {1, 3, 64, 64})), 1e-3);
}

}  // namespace
}  // namespace vane
