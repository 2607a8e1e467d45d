// SPDX-License-Identifier: Apache-2.0
// Oracle: the published implementations on the same weights (tests/oracles/record_inversion.py).
#include "generators/inversion/inversion_encoder.h"

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/inversion/named_networks.h"
#include "tests/support/gradient_check.h"

namespace vane::testing {
namespace {

constexpr double kTolerance = 1e-4;

class PublishedSizeEncoder : public ::testing::Test {
 protected:
  static constexpr int64_t kRows = 10;
  static InversionEncoder encoder(EncoderKind kind) {
    InversionEncoder network = filled(make_inversion_encoder(kind, kRows), "encoder.");
    network.latent_avg = named_values("encoder.latent_avg", {kRows, 512}, 0.3);
    fold_norms(network.backbone);
    return network;
  }
  const at::NoGradGuard no_grad_;
  const Weights recorded_ = recorded("encoders");
  const Tensor image_ = inversion_picture("inversion picture", {1, 3, 256, 256});

  Tensor expected(const std::string& name) const { return recorded_.take(name, {1, kRows, 512}); }
};

TEST_F(PublishedSizeEncoder, EqualsTheReferenceInEveryKindAndStage) {
  InversionEncoder network = encoder(EncoderKind::e4e);
  const Inversion inversion = invert(network, image_);
  EXPECT_EQ(inversion.features.c1.sizes(), at::IntArrayRef({1, 128, 64, 64}));
  EXPECT_EQ(inversion.features.c2.sizes(), at::IntArrayRef({1, 256, 32, 32}));
  EXPECT_EQ(inversion.features.c3.sizes(), at::IntArrayRef({1, 512, 16, 16}));
  EXPECT_LT(difference(thinned(inversion.features.c1), recorded_.take("c1", {1, 8, 8, 8})),
            kTolerance);
  EXPECT_LT(difference(thinned(inversion.features.c2), recorded_.take("c2", {1, 16, 4, 4})),
            kTolerance);
  EXPECT_LT(difference(thinned(inversion.features.c3), recorded_.take("c3", {1, 32, 2, 2})),
            kTolerance);
  EXPECT_LT(difference(inversion.w_plus, expected("e4e")), kTolerance);
  // The second half alone: the maps are those that `invert` would compute again.
  for (const int64_t stage : {0, 4}) {
    const Tensor rows = style_rows(network, inversion.features, stage) + network.latent_avg;
    EXPECT_LT(difference(rows, expected("e4e.stage" + std::to_string(stage))), kTolerance) << stage;
  }
  network.kind = EncoderKind::psp;
  const Tensor psp = style_rows(network, inversion.features) + network.latent_avg;
  EXPECT_LT(difference(psp, expected("psp")), kTolerance);
  RecordProperty("e4e", std::to_string(difference(inversion.w_plus, expected("e4e")) * 1e6));
  RecordProperty("psp", std::to_string(difference(psp, expected("psp")) * 1e6));

  const TextAdapter adapter = filled(make_text_adapter(), "adapter.");
  const Tensor text = named_values("inversion text", {1, 512}, 0.4);
  network.kind = EncoderKind::e4e;
  const Tensor edited = adapted_rows(network, adapter, inversion, text);
  EXPECT_LT(difference(edited, expected("clip_inverter")), kTolerance);
  EXPECT_GT(difference(edited, inversion.w_plus), 0.05);
}

// Each mistake that a port makes easily lies far beyond the tolerance of the comparison above.
TEST_F(PublishedSizeEncoder, MistakesWouldBeSeen) {
  const std::vector<std::string> mistakes{"wrong.align_corners", "wrong.batch_statistics", "e4e"};
  for (const std::string& name : mistakes) {
    EXPECT_GT(difference(expected(name), expected("psp")), 50 * kTolerance) << name;
  }
  // Of the pyramid: rows below the first upsampling cannot tell.
  EXPECT_LT(
      difference(expected("wrong.align_corners").narrow(1, 0, 3), expected("psp").narrow(1, 0, 3)),
      kTolerance);
}

TEST(InversionEncoder, StageZeroOfE4eGivesOneVectorToAllRows) {
  const at::NoGradGuard no_grad;
  const InversionEncoder network = tiny_encoder();
  const Tensor image = inversion_picture("tiny picture", {1, 3, 256, 256});
  const Tensor start = invert(network, image, 0).w_plus - network.latent_avg;
  EXPECT_LT(difference(start, start.narrow(1, 0, 1).expand_as(start)), 1e-6);
  EXPECT_GT(start.abs().max().item<double>(), 0.1);
  const Tensor whole = invert(network, image).w_plus;
  for (const int64_t stage : {1, 3, 5}) {
    const Tensor rows = invert(network, image, stage).w_plus;
    EXPECT_TRUE(at::equal(rows.narrow(1, 0, stage + 1), whole.narrow(1, 0, stage + 1))) << stage;
    const Tensor rest = (rows - network.latent_avg).narrow(1, stage + 1, 7 - stage);
    EXPECT_LT(difference(rest, start.narrow(1, 0, 1).expand_as(rest)), 1e-6) << stage;
  }
  EXPECT_TRUE(at::equal(invert(network, image, 7).w_plus, whole));
  EXPECT_TRUE(at::equal(invert(network, image, 18).w_plus, whole));
}

TEST(InversionEncoder, FoldingChangesNothing) {
  const at::NoGradGuard no_grad;
  InversionEncoder network = tiny_encoder();
  const Tensor image = inversion_picture("tiny picture", {2, 3, 256, 256});
  const Tensor plain = invert(network, image).w_plus;
  fold_norms(network.backbone);
  EXPECT_TRUE(network.backbone.units[3].shortcut.folded_weight.defined());
  EXPECT_LT(difference(invert(network, image).w_plus, plain), 2e-5);
  // Each picture of a batch by itself: nothing is normalised over the batch.
  EXPECT_LT(difference(invert(network, image.narrow(0, 1, 1)).w_plus, plain.narrow(0, 1, 1)), 2e-5);
}

TEST(InversionEncoder, GradientsReachTheMapsAndTheWeights) {
  InversionEncoder network = in_double(tiny_encoder());
  PyramidFeatures maps{.c1 = named_values("c1", {1, 32, 64, 64}).to(at::kDouble),
                       .c2 = named_values("c2", {1, 16, 32, 32}).to(at::kDouble),
                       .c3 = named_values("c3", {1, 32, 16, 16}).to(at::kDouble)};
  const auto of_bias = [&](const Tensor& bias) {
    InversionEncoder moved = network;
    moved.lateral1_bias = bias;
    return style_rows(moved, maps).square().sum();
  };
  EXPECT_LT(gradient_error(of_bias, network.lateral1_bias), 1e-4);
  const auto of_scale = [&](const Tensor& scale) {
    PyramidFeatures moved = maps;
    moved.c2 = maps.c2 * scale;
    return style_rows(network, moved).square().sum();
  };
  EXPECT_LT(gradient_error(of_scale, at::ones({16, 1, 1}, at::kDouble)), 1e-4);
  const auto of_mean = [&](const Tensor& mean) {
    IrSeBackbone moved = network.backbone;
    moved.units[3].norm.bias = mean;
    const Tensor image = inversion_picture("small picture", {1, 3, 16, 16}).to(at::kDouble);
    return ir_se_features(moved, image).c3.square().sum();
  };
  EXPECT_LT(gradient_error(of_mean, network.backbone.units[3].norm.bias), 1e-4);
}

TEST(InversionEncoder, RefusesOtherPictures) {
  const InversionEncoder network = tiny_encoder();
  for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{
           {1, 3, 255, 256}, {1, 3, 512, 512}, {1, 1, 256, 256}, {3, 256, 256}}) {
    try {
      invert(network, at::zeros(shape));
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
    }
  }
}

TEST(FaceRecogniser, EqualsTheReference) {
  const at::NoGradGuard no_grad;
  FaceRecogniser network = filled(make_face_recogniser(), "identity.");
  fold_norms(network.backbone);
  const Weights expected = recorded("identity");
  const Tensor aligned =
      face_identity(network, inversion_picture("identity aligned", {2, 3, 256, 256}));
  EXPECT_LT(difference(aligned, expected.take("aligned", {2, 512})), 1e-5);
  EXPECT_LT(difference(aligned.norm(2, {1}, false), at::ones({2})), 1e-5);
  EXPECT_LT((aligned[0] * aligned[1]).sum().item<double>(), 0.999);
  const Tensor other =
      face_identity(network, inversion_picture("identity other", {1, 3, 300, 280}));
  EXPECT_LT(difference(other, expected.take("other_size", {1, 512})), 1e-5);
}

}  // namespace
}  // namespace vane::testing
