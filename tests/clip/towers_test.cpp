// SPDX-License-Identifier: Apache-2.0
// Oracle: open_clip 3.3 and transformers 5.24, recorded by tests/oracles/record_clip.py on models
// whose weights both sides make from the tensor names. Tolerance: 1e-4 of the output's scale.
#include <ATen/ExpandUtils.h>
#include <gtest/gtest.h>
#include <torch/library.h>

#include "engine/base/error.h"
#include "tests/clip/clip_fixtures.h"

namespace vane {
namespace {

constexpr double kTolerance = 1e-4;

class Towers : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Recorded, Towers,
                         testing::Values("tiny_vit", "odd_vit", "average_vit", "resnet"));

Tensor recorded_image(const std::string& name, const ClipModel& model) {
  const int64_t size = model.config.vision.image_size;
  return named_values(name + ".image", {2, 3, size, size});
}

TEST_P(Towers, ImageEmbeddingEqualsOpenClip) {
  const Recorded expected(std::string(GetParam()) + ".safetensors");
  ClipModel model = named_model(GetParam());
  const Tensor image = recorded_image(GetParam(), model);
  EXPECT_LT(relative_error(model.image_embedding_of_input(image), expected["image_embedding"]),
            kTolerance);
  model.prepare_evaluation();
  EXPECT_LT(relative_error(model.image_embedding_of_input(image), expected["image_embedding"]),
            kTolerance);
}

TEST_P(Towers, TextEmbeddingEqualsOpenClip) {
  const Recorded expected(std::string(GetParam()) + ".safetensors");
  const ClipModel model = named_model(GetParam());
  const Tensor ids = expected["ids"], end = ends_of(ids);
  EXPECT_LT(relative_error(model.text_embedding_of_tokens(ids, end), expected["text_embedding"]),
            kTolerance);
  EXPECT_LT(relative_error(model.text_embedding_of_tokens(ids, end, {.trim = false}),
                           expected["text_embedding"]),
            kTolerance);
}

TEST_P(Towers, EveryStageHasTheRecordedMagnitude) {
  const Recorded expected(std::string(GetParam()) + ".safetensors");
  const ClipModel model = named_model(GetParam());
  VisionTaps taps;
  const Tensor tapped = model.image_embedding_of_input(recorded_image(GetParam(), model), &taps);
  EXPECT_LT(relative_error(tapped, expected["image_embedding"]), kTolerance);
  const Tensor rms = expected["stage_rms"];
  ASSERT_EQ(static_cast<int64_t>(taps.stages.size()), rms.size(0));
  for (int64_t i = 0; i < rms.size(0); ++i) {
    const double actual =
        taps.stages[size_t(i)].to(at::kDouble).square().mean().sqrt().item<double>();
    EXPECT_NEAR(actual, rms[i].item<double>(), kTolerance * actual) << "stage " << i;
  }
}

TEST_P(Towers, GradientToPixelsEqualsOpenClip) {
  const Recorded expected(std::string(GetParam()) + ".safetensors");
  ClipModel model = named_model(GetParam());
  for (const bool folded : {false, true}) {
    if (folded) model.prepare_evaluation();
    const Tensor image = recorded_image(GetParam(), model).requires_grad_(true);
    const Tensor embedding = model.image_embedding_of_input(image);
    const Tensor probe = named_values(std::string(GetParam()) + ".probe", embedding.sizes().vec());
    const Tensor gradient = torch::autograd::grad({(embedding * probe).sum()}, {image})[0];
    EXPECT_LT(relative_error(gradient, expected["pixel_gradient"]), kTolerance);
  }
}

TEST_P(Towers, PixelGradientAgreesWithFiniteDifferencesInDouble) {
  const ClipModel single = named_model(GetParam());
  const std::unique_ptr<ClipEncoder> model = single.to_double();
  const Tensor image = recorded_image(GetParam(), single).slice(0, 0, 1).to(at::kDouble);
  const Tensor probe = named_values("probe", {1, single.config.embed_dim}).to(at::kDouble);
  const auto value = [&](const Tensor& x) {
    return (unit(model->image_embedding_of_input(x)) * probe).sum();
  };
  const Tensor leaf = image.clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({value(leaf)}, {leaf})[0];
  const at::NoGradGuard no_grad;
  // A random direction tests every pixel at once. Small step: ReLU towers have kinks.
  const Tensor direction = named_values("direction", image.sizes().vec()).to(at::kDouble);
  const double step = 1e-6;
  const double numeric =
      ((value(image + step * direction) - value(image - step * direction)) / (2 * step))
          .item<double>();
  const double analytic = (gradient * direction).sum().item<double>();
  EXPECT_NEAR(analytic, numeric, 1e-6 * std::abs(numeric) + 1e-8);
}

TEST(VisionTransformer, PositionsForAnotherGridEqualOpenClip) {
  const Recorded expected("tiny_vit.safetensors");
  ClipConfig config = recorded_config("tiny_vit");
  config.vision.image_size = 48;
  const ClipModel model = ClipModel::from_table(table_of(named_tensors("tiny_vit")), config);
  const Tensor image = named_values("tiny_vit.image48", {1, 3, 48, 48});
  EXPECT_LT(relative_error(model.image_embedding_of_input(image), expected["embedding_at_48"]),
            kTolerance);
  // The bare tower resizes on the fly.
  const ClipModel small = named_model("tiny_vit");
  EXPECT_LT(relative_error(small.encode_image(image), expected["embedding_at_48"]), kTolerance);
}

TEST(TextTransformer, IdsBehindTheEndChangeNothing) {
  const ClipModel model = named_model("tiny_vit");
  const Tensor ids = Recorded("tiny_vit.safetensors")["ids"];
  const Tensor end = ends_of(ids);
  Tensor edited = ids.clone();
  edited[0].slice(0, end[0].item<int64_t>() + 1).fill_(7);
  const TextOptions whole{.trim = false};
  EXPECT_TRUE(at::equal(model.text_embedding_of_tokens(ids, end, whole)[0],
                        model.text_embedding_of_tokens(edited, end, whole)[0]));
  Tensor before = ids.clone();
  before[0][1] = 7;
  EXPECT_GT(relative_error(model.text_embedding_of_tokens(before, end)[0],
                           model.text_embedding_of_tokens(ids, end)[0]),
            1e-3);
}

TEST(TextTransformer, EndRulesDifferOnlyWhenIdsWereAdded) {
  const Tensor plain = at::tensor({49406, 320, 49407, 49407, 49406, 49407, 0, 0},
                                  at::TensorOptions().dtype(at::kLong))
                           .view({2, 4});
  for (const EndRule rule : {EndRule::argmax, EndRule::end_token}) {
    EXPECT_EQ(end_positions(plain, rule)[0].item<int64_t>(), 2);
    EXPECT_EQ(end_positions(plain, rule)[1].item<int64_t>(), 1);
  }
  Tensor added = plain.clone();
  added[0][1] = 49408;
  EXPECT_EQ(end_positions(added, EndRule::argmax)[0].item<int64_t>(), 1);
  EXPECT_EQ(end_positions(added, EndRule::end_token)[0].item<int64_t>(), 2);
}

TEST(TextTransformer, WrittenOutAttentionGivesTheSameEmbeddingAndRowsThatSumToOne) {
  const ClipModel model = named_model("tiny_vit");
  const Tensor ids = Recorded("tiny_vit.safetensors")["ids"];
  std::vector<Tensor> attention;
  const Tensor embedding =
      text_transformer_with_attention(*model.text, ids, ends_of(ids), 2, attention);
  EXPECT_LT(relative_error(embedding, model.text_embedding_of_tokens(ids, ends_of(ids))), 1e-5);
  ASSERT_EQ(attention.size(), 2u);
  EXPECT_LT((attention[0].sum(-1) - 1).abs().max().item<double>(), 1e-5);
  EXPECT_EQ(attention[1].triu(1).abs().max().item<double>(), 0.0);
}

TEST(TextTransformer, AnIdOutsideTheVocabularyIsRefused) {
  const ClipModel model = named_model("tiny_vit");
  Tensor ids = Recorded("tiny_vit.safetensors")["ids"].clone();
  const Tensor end = ends_of(ids);
  ids[0][1] = 600;
  EXPECT_THROW(model.text_embedding_of_tokens(ids, end), Error);
}

// LibTorch has no kernels of its own for these without memory.
std::tuple<Tensor, Tensor, Tensor> shape_of_layer_norm(const Tensor& x, c10::SymIntArrayRef,
                                                       const std::optional<Tensor>& weight,
                                                       const std::optional<Tensor>& bias, double) {
  if (!weight->is_meta() || !bias->is_meta()) throw Error(ErrorCode::internal, "mixed devices");
  return {at::empty_like(x), at::empty({0}, x.options()), at::empty({0}, x.options())};
}

Tensor& shape_of_where(const Tensor& condition, const Tensor& yes, const Tensor& no, Tensor& out) {
  if (!condition.is_meta()) throw Error(ErrorCode::internal, "mixed devices");
  out.resize_(at::infer_size(condition.sizes(), at::infer_size(yes.sizes(), no.sizes())));
  return out;
}

Tensor shape_of_choice(const Tensor& condition, const Tensor& yes, const Tensor& no) {
  Tensor out = at::empty({0}, yes.dim() > 0 ? yes.options() : no.options());
  return shape_of_where(condition, yes, no, out);
}

Tensor shape_of_rows(const Tensor& table, int64_t, const Tensor& index) {
  if (!index.is_meta()) throw Error(ErrorCode::internal, "mixed devices");
  return at::empty({index.numel(), table.size(1)}, table.options());
}

TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("where.self", &shape_of_choice);
  library.impl("index_select", &shape_of_rows);
  library.impl("where.self_out", &shape_of_where);
  library.impl("native_layer_norm", &shape_of_layer_norm);
}

// A tensor of device "meta" has no memory: an operation that mixed it with one of the CPU, or read
// its values, would throw. What runs there runs on any device.
TEST(TowerDevices, ComputeWhereTheirWeightsLie) {
  const Tensor ids = at::tensor({7, 320, 599}, at::TensorOptions().dtype(at::kLong)).view({1, 3});
  const Tensor end = at::tensor({2}, at::TensorOptions().dtype(at::kLong));
  ClipModel model = named_model("tiny_vit");
  model.move_to("meta");
  const at::NoGradGuard no_grad;
  const int64_t size = model.config.preprocess.image_size;
  const Tensor input = at::zeros({2, 3, size, size});
  const Tensor image = vision_transformer(*model.vit, input);
  EXPECT_TRUE(image.is_meta());
  EXPECT_EQ(image.size(1), model.config.embed_dim);
  EXPECT_TRUE(before_last_block(*model.vit, input).is_meta());
  const Tensor text = text_transformer(*model.text, ids, end, true);
  EXPECT_TRUE(text.is_meta());
  EXPECT_EQ(text.size(1), model.config.embed_dim);
  std::vector<Tensor> attention;
  EXPECT_TRUE(text_transformer_with_attention(*model.text, ids, end, 1, attention).is_meta());
}

TEST(ModifiedResNet, TrainingModeEqualsOpenClipInOutputGradientsAndStatistics) {
  const Recorded expected("resnet.safetensors");
  ClipModel model = named_model("resnet");
  model.own_tensors();
  model.require_gradients(true);
  const Tensor image = recorded_image("resnet", model);
  const Tensor embedding = model.encode_image(image, nullptr, BatchNormMode::batch);
  // Batch statistics of 8 samples in the last stage amplify rounding: 1e-3 instead of 1e-4.
  EXPECT_LT(relative_error(embedding, expected["train.image_embedding"]), 1e-3);
  const Tensor loss = (embedding * named_values("resnet.probe", embedding.sizes().vec())).sum();
  const std::map<std::string, Tensor> parameters = model.parameters();
  const auto gradients = torch::autograd::grad(
      {loss}, {parameters.at("visual.conv1.weight"), parameters.at("visual.layer2.0.bn2.weight")});
  EXPECT_LT(relative_error(gradients[0], expected["train.gradient.conv1"]), 1e-3);
  EXPECT_LT(relative_error(gradients[1], expected["train.gradient.bn2"]), 1e-3);
  EXPECT_LT(relative_error(model.state_dict().at("visual.bn1.running_mean"),
                           expected["train.running_mean.bn1"]),
            kTolerance);
  EXPECT_LT(relative_error(model.state_dict().at("visual.layer4.0.bn3.running_var"),
                           expected["train.running_var.layer4"]),
            kTolerance);
}

}  // namespace
}  // namespace vane
