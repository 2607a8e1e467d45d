// SPDX-License-Identifier: Apache-2.0
// Oracle: transformers 5.24 (SiglipModel) with weights made from the tensor names, recorded by
// tests/oracles/record_siglip.py. Tolerance: 1e-4 of the output's scale.
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/clip/clip_fixtures.h"
#include "tests/support/siglip_folder.h"

namespace vane {
namespace {

constexpr double kTolerance = 1e-4;
using Tensors = std::map<std::string, Tensor>;

using testing::siglip_config;
using testing::siglip_tensors;
using testing::write_siglip_folder;

ClipModel load(const Tensors& tensors, const std::string& config = siglip_config()) {
  const TemporaryFolder folder;
  write_siglip_folder(folder.path(), tensors, config);
  return load_clip_model(folder.path(), {.text_cache = false});
}

std::string fault_of(const Tensors& tensors, const std::string& config = siglip_config()) {
  try {
    load(tensors, config);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint) << error.what();
    return error.what();
  }
  return "no error";
}

std::string with(const std::string& from, const std::string& to) {
  std::string text = siglip_config();
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Tensor recorded_image() { return named_values("siglip.image", {2, 3, 40, 40}); }

TEST(Siglip, EmbeddingsEqualTransformers) {
  const Recorded expected("siglip.safetensors");
  const ClipModel model = load(siglip_tensors());
  EXPECT_EQ(model.facts.layout, "siglip");
  EXPECT_EQ(model.facts.embed_dim, 48);
  EXPECT_EQ(model.facts.context_length, 16);
  const Tensor image = model.image_embedding_of_input(recorded_image());
  EXPECT_LT(relative_error(image, expected["image_embedding"]), kTolerance);
  const Tensor ids = expected["ids"], end = at::full({3}, 15, ids.options());
  const Tensor text = model.text_embedding_of_tokens(ids, end);
  EXPECT_LT(relative_error(text, expected["text_embedding"]), kTolerance);
}

TEST(Siglip, ASizeThatIsNoMultipleOfThePatchesEqualsTransformers) {
  const ClipModel model = load(siglip_tensors(), with("\"image_size\": 40", "\"image_size\": 44"));
  const Tensor image = named_values("siglip.image44", {1, 3, 44, 44});
  EXPECT_LT(relative_error(model.image_embedding_of_input(image),
                           Recorded("siglip.safetensors")["embedding_at_44"]),
            kTolerance);
  EXPECT_THROW(model.encode_image(named_values("odd", {1, 3, 43, 43})), Error);
}

TEST(Siglip, LogitsEqualTransformers) {
  const Recorded expected("siglip.safetensors");
  const ClipModel model = load(siglip_tensors());
  ASSERT_TRUE(model.facts.logit_bias.has_value());
  const Tensor image = unit(model.image_embedding_of_input(recorded_image()));
  const Tensor ids = expected["ids"];
  const Tensor text = unit(model.text_embedding_of_tokens(ids, at::full({3}, 15, ids.options())));
  const Tensor logits =
      at::matmul(image, text.t()) * model.facts.logit_scale + *model.facts.logit_bias;
  EXPECT_LT(relative_error(logits, expected["logits"]), kTolerance);
}

TEST(Siglip, GradientToPixelsEqualsTransformers) {
  const Recorded expected("siglip.safetensors");
  const ClipModel model = load(siglip_tensors());
  const Tensor image = recorded_image().requires_grad_(true);
  const Tensor embedding = model.image_embedding_of_input(image);
  const Tensor probe = named_values("siglip.probe", embedding.sizes().vec());
  const Tensor gradient = torch::autograd::grad({(embedding * probe).sum()}, {image})[0];
  EXPECT_LT(relative_error(gradient, expected["pixel_gradient"]), kTolerance);
}

TEST(Siglip, PixelGradientAgreesWithFiniteDifferencesInDouble) {
  const std::unique_ptr<ClipEncoder> model = load(siglip_tensors()).to_double();
  const Tensor image = recorded_image().slice(0, 0, 1).to(at::kDouble);
  const Tensor probe = named_values("probe", {1, 48}).to(at::kDouble);
  const auto value = [&](const Tensor& x) {
    return (unit(model->image_embedding_of_input(x)) * probe).sum();
  };
  const Tensor leaf = image.clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({value(leaf)}, {leaf})[0];
  const at::NoGradGuard no_grad;
  const Tensor direction = named_values("direction", image.sizes().vec()).to(at::kDouble);
  const double step = 1e-6;
  const double numeric =
      ((value(image + step * direction) - value(image - step * direction)) / (2 * step))
          .item<double>();
  const double analytic = (gradient * direction).sum().item<double>();
  EXPECT_NEAR(analytic, numeric, 1e-6 * std::abs(numeric) + 1e-8);
}

TEST(Siglip, PreprocessingIsThatOfThePublishedModels) {
  const ClipPreprocess preprocess = load(siglip_tensors()).facts.preprocess;
  EXPECT_EQ(preprocess.resize, ClipPreprocess::Resize::squash);
  EXPECT_EQ(preprocess.image_size, 40);
  EXPECT_EQ(preprocess.mean, (std::array<float, 3>{0.5f, 0.5f, 0.5f}));
  EXPECT_EQ(preprocess.std, (std::array<float, 3>{0.5f, 0.5f, 0.5f}));
}

TEST(Siglip, TextsPassThroughItsOwnTokenizer) {
  const ClipModel model = load(siglip_tensors());
  const TokenBatch batch = model.tokenize({"a photo of ingots", ""});
  ASSERT_EQ(batch.ids.size(), 32u);
  EXPECT_EQ(batch.ids[15], model.facts.unigram->end_id());
  EXPECT_EQ(batch.ids[31], model.facts.unigram->end_id());
  const Tensor ids = at::tensor(batch.ids, at::TensorOptions().dtype(at::kLong)).view({2, 16});
  const Tensor expected = model.text_embedding_of_tokens(
      ids, at::tensor(batch.end, at::TensorOptions().dtype(at::kLong)));
  EXPECT_LT(relative_error(model.text_embedding({"a photo of ingots", ""}), expected), 1e-6);
}

TEST(Siglip, AMissingTensorIsNamedAsTheFileSpellsIt) {
  for (const auto& [name, tensor] : siglip_tensors()) {
    if (name.starts_with("logit_")) continue;  // towers exported alone have none
    Tensors tensors = siglip_tensors();
    tensors.erase(name);
    EXPECT_NE(fault_of(tensors).find(name), std::string::npos) << name << ": " << fault_of(tensors);
  }
}

TEST(Siglip, EveryWrongShapeIsRefusedByName) {
  for (const auto& [name, tensor] : siglip_tensors()) {
    if (name.find("position_embedding") != std::string::npos) continue;  // stretched
    Tensors tensors = siglip_tensors();
    tensors[name] = at::cat({tensor, tensor.slice(0, 0, 1)});
    const std::string fault = fault_of(tensors);
    const size_t projection = name.find("_proj.");
    const bool packed = projection != std::string::npos && name.find("self_attn.out") == name.npos;
    // q, k and v are one tensor inside; the message may name another of the three.
    EXPECT_NE(fault.find(packed ? name.substr(0, projection - 1) : name), std::string::npos)
        << name << ": " << fault;
  }
}

TEST(Siglip, SettingsThatChangeTheGraphAreRefusedByName) {
  EXPECT_EQ(fault_of(siglip_tensors()), "no error");
  EXPECT_NE(
      fault_of(siglip_tensors(), with("\"vision_use_head\": true", "\"vision_use_head\": false"))
          .find("vision_use_head"),
      std::string::npos);
  EXPECT_NE(
      fault_of(siglip_tensors(), with("\"model_type\": \"siglip\"", "\"model_type\": \"siglip2\""))
          .find("model_type"),
      std::string::npos);
  EXPECT_NE(fault_of(siglip_tensors(), with("\"projection_size\": 48", "\"projection_size\": 32"))
                .find("projection_size"),
            std::string::npos);
}

TEST(Siglip, ItNeedsItsConfigurationAndATokenizerThatFits) {
  const TemporaryFolder folder;
  write_siglip_folder(folder.path());
  std::filesystem::remove(folder.path() / "spiece.model");
  const auto fault = [&] {
    try {
      load_clip(folder.path(), {.text_cache = false});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(fault().find("spiece.model"), std::string::npos);
  std::filesystem::remove(folder.path() / "config.json");
  EXPECT_NE(fault().find("config.json"), std::string::npos);
  Tensors small = siglip_tensors();
  small["text_model.embeddings.token_embedding.weight"] =
      small["text_model.embeddings.token_embedding.weight"].slice(0, 0, 500).clone();
  EXPECT_NE(fault_of(small, with("\"vocab_size\": 1200", "\"vocab_size\": 500")).find("pieces"),
            std::string::npos);
}

TEST(Siglip, TheOpenClipLayoutIsRefusedByName) {
  const Tensors timm{{"visual.trunk.attn_pool.latent", at::ones({1, 1, 4})},
                     {"visual.trunk.patch_embed.proj.weight", at::ones({4, 3, 2, 2})}};
  try {
    to_open_clip_names(table_of(timm));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("timm"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vane
