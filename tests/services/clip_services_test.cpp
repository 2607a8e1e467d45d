// SPDX-License-Identifier: Apache-2.0
// Oracle: the definitions (clip sheet 7) computed here from the encoder's own parts, and for the
// doctor embeddings that were made wrong on purpose, by other code than the doctor's.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "editing/clip_inputs.h"
#include "editing/services/clip_doctor.h"
#include "editing/services/diagnose.h"
#include "editing/services/embed.h"
#include "editing/services/models.h"
#include "editing/services/score.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"
#include "tests/support/named_values.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

fs::path photo() { return fs::path(VANE_TEST_DATA) / "clip" / "fixtures" / "photo.png"; }

/// A small model in a folder, whose weights are lively enough to tell two preprocessings apart.
class ClipServices : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::temp_directory_path() / ("vane-services-" + std::to_string(::getpid()));
    ClipConfig config;
    config.embed_dim = 48;
    config.vision.image_size = 32;
    config.vision.patch_size = 8;
    config.vision.width = 48;
    config.vision.head_width = 16;
    config.vision.blocks = ClipConfig::uniform_blocks(2, 48, 3);
    config.text.width = 32;
    config.text.blocks = ClipConfig::uniform_blocks(1, 32, 2);
    ClipModel model = ClipModel::random(config, Rng(1));
    model.visit([](const std::string& name, Tensor& tensor, const std::vector<int64_t>& shape) {
      tensor = name.starts_with("visual.") ? named_weight(name, shape) * 1.0 : tensor;
      if (name.ends_with("c_fc.weight") || name == "visual.conv1.weight") tensor = tensor * 3;
      if (name.ends_with("mlp.c_proj.weight")) tensor = tensor * 6;
    });
    model.save_folder(folder_ / "model");
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static std::string model() { return (folder_ / "model").string(); }

  /// What the doctor says of an embedding.
  ClipDoctorResult examined(const Tensor& embedding) {
    const fs::path file = folder_ / "expected.safetensors";
    save_tensors(file, {{"image_embeddings", embedding}});
    ClipDoctorRequest request;
    request.clip = model();
    request.image = photo();
    request.expect = file;
    return clip_doctor(request, job_);
  }

  static fs::path folder_;
  QuietJob job_;
};

fs::path ClipServices::folder_;

TEST_F(ClipServices, EmbedWritesRawEmbeddingsInArgumentOrder) {
  EmbedRequest request;
  request.images = {photo(), photo()};
  request.texts = {"a cat", "a dog", "a cat"};
  request.clip = model();
  request.output = folder_ / "e.safetensors";
  const EmbedResult result = embed(request, job_);
  EXPECT_EQ(result.count, 5);
  EXPECT_EQ(result.dim, 48);
  const TensorTable table = open_weights(request.output);
  const Tensor images = tensor_from_record(table, *table.find("image_embeddings"));
  const Tensor texts = tensor_from_record(table, *table.find("text_embeddings"));
  const auto clip = load_clip(model());
  EXPECT_LT(relative_error(images[1], clip->image_embedding_exact(read_image(photo()))[0]), 1e-5);
  EXPECT_LT(relative_error(texts[1], clip->text_embedding({"a dog"})[0]), 1e-5);
  EXPECT_TRUE(at::equal(texts[0], texts[2]));
  EXPECT_EQ(table.metadata.at("model_hash"), clip->info().hash);
}

TEST_F(ClipServices, ScoreFollowsItsDefinitions) {
  ScoreRequest request;
  request.images = {photo()};
  request.texts = {"a photo of an astronaut", "a bowl of soup", "night"};
  request.clip = model();
  const ScoreResult result = score(request, job_);
  const auto clip = load_clip(model());
  const Tensor image = unit(clip->image_embedding_exact(read_image(photo())));
  double total = 0;
  std::vector<double> exponentials;
  for (const std::string& text : request.texts) {
    const double cosine = (image * clip->text_features({text})).sum().item<double>();
    exponentials.push_back(std::exp(cosine * clip->info().logit_scale));
    total += exponentials.back();
  }
  for (size_t i = 0; i < 3; ++i) {
    const TextScore& entry = result.images.at(0).scores.at(i);
    const double depicted =
        (image * clip->text_features({"A photo depicts " + request.texts[i]})).sum().item<double>();
    EXPECT_NEAR(entry.probability, exponentials[i] / total, 1e-5);
    EXPECT_NEAR(entry.clipscore, 2.5 * std::max(depicted, 0.0), 1e-5);
  }
}

TEST_F(ClipServices, RegionLimitsWhatCounts) {
  Image mask;
  mask.width = 130;
  mask.height = 96;
  mask.channels = 1;
  mask.u8.assign(130 * 96, 0);
  for (int y = 10; y < 60; ++y) {
    for (int x = 20; x < 70; ++x) mask.u8[size_t(y) * 130 + size_t(x)] = 255;
  }
  write_image(folder_ / "mask.png", mask);
  ScoreRequest request;
  request.images = {photo()};
  request.texts = {"a face"};
  request.clip = model();
  request.region = folder_ / "mask.png";
  request.region_style = "crop";
  const auto clip = load_clip(model());
  const Tensor part = unit(clip->image_embedding_exact(crop(read_image(photo()), 20, 10, 50, 50)));
  const double expected = (part * clip->text_features({"a face"})).sum().item<double>();
  EXPECT_NEAR(score(request, job_).images[0].scores[0].similarity, expected, 1e-3);
}

// Law: inside nothing changes, outside detail goes and light stays.
TEST_F(ClipServices, SurroundingsAreBlurredAndTheRegionIsNot) {
  const Image image = read_image(photo());
  Image mask;
  mask.width = image.width;
  mask.height = image.height;
  mask.channels = 1;
  mask.u8.assign(mask.sample_count(), 0);
  for (int y = 10; y < 60; ++y) {
    for (int x = 20; x < 70; ++x) mask.u8[size_t(y * mask.width + x)] = 255;
  }
  const Image shown = blurred_surroundings(image, mask);
  EXPECT_EQ(crop(shown, 20, 10, 50, 50).u8, crop(to_rgb8(image), 20, 10, 50, 50).u8);
  const Tensor before = image_to_tensor(image).slice(3, 75),
               after = image_to_tensor(shown).slice(3, 75);
  const auto detail = [](const Tensor& x) {
    return (x.slice(3, 1) - x.slice(3, 0, -1)).abs().mean().item<double>();
  };
  EXPECT_LT(detail(after), 0.35 * detail(before));
  EXPECT_NEAR(after.mean().item<double>(), before.mean().item<double>(), 0.05);
  mask.u8.assign(mask.sample_count(), 0);
  EXPECT_THROW(blurred_surroundings(image, mask), Error);
}

TEST_F(ClipServices, DoctorAgreesWithOurOwnEmbeddingAlsoWhenNormalised) {
  const Tensor own = load_clip(model())->image_embedding_exact(read_image(photo()));
  EXPECT_TRUE(examined(own).agrees);
  const ClipDoctorResult normalised = examined(unit(own));
  EXPECT_TRUE(normalised.agrees);
  EXPECT_NEAR(normalised.length_ratio, 1 / own.norm().item<double>(), 1e-4);
}

TEST_F(ClipServices, DoctorNamesTheCauseOfAWrongEmbedding) {
  const ClipModel clip = load_clip_model(model());
  const Image image = read_image(photo());
  const ClipPreprocess& own = clip.config.preprocess;
  Image bgr = image;
  for (size_t i = 0; i < bgr.u8.size(); i += 3) std::swap(bgr.u8[i], bgr.u8[i + 2]);
  ClipPreprocess plain = own, squash = own;
  plain.mean = {0, 0, 0};
  plain.std = {1, 1, 1};
  squash.resize = ClipPreprocess::Resize::squash;
  ClipLoadOptions gelu;
  gelu.activation = "gelu";
  const auto embed_input = [&](const Tensor& x) { return clip.image_embedding_of_input(x); };
  const Tensor input = preprocess_exact(image, own);
  const struct {
    const char* cause;
    Tensor embedding;
  } cases[] = {
      {"channels in BGR order", clip.image_embedding_exact(bgr)},
      {"no mean and standard deviation", embed_input(preprocess_exact(image, plain))},
      {"squashed to a square instead of cropped", embed_input(preprocess_exact(image, squash))},
      {"gelu instead of quick_gelu", load_clip_model(model(), gelu).image_embedding_exact(image)},
      {"no mean and standard deviation and channels in BGR order",
       embed_input(preprocess_exact(bgr, plain))},
  };
  for (const auto& wrong : cases) {
    const ClipDoctorResult result = examined(wrong.embedding);
    EXPECT_FALSE(result.agrees) << wrong.cause << " " << result.cosine;
    EXPECT_EQ(result.cause, wrong.cause) << "best: " << result.trials.front().cosine;
    EXPECT_FALSE(result.advice.empty());
  }
}

TEST_F(ClipServices, DoctorDoesNotInventACause) {
  const ClipDoctorResult result = examined(named_values("unrelated", {1, 48}));
  EXPECT_FALSE(result.agrees);
  EXPECT_EQ(result.cause, "");
}

TEST_F(ClipServices, InspectTellsWhatLoadsAndWhyNot) {
  ModelsInspectRequest request;
  request.path = model();
  const ModelsInspectResult good = models_inspect(request, job_);
  EXPECT_EQ(good.kind, "clip");
  EXPECT_EQ(good.layout, "open_clip");
  EXPECT_EQ(good.loads_as, "--clip");
  EXPECT_EQ(good.fault, "");
  EXPECT_NE(good.architecture.find("ViT, 2 layers of 48, patch 8, 32 px"), std::string::npos);
  const auto logit = std::find_if(good.tensors.begin(), good.tensors.end(),
                                  [](const TensorFacts& t) { return t.name == "logit_scale"; });
  ASSERT_NE(logit, good.tensors.end());
  EXPECT_TRUE(logit->shape.empty());
  EXPECT_EQ(logit->dtype, "F32");

  std::map<std::string, Tensor> broken = load_clip_model(model()).state_dict();
  broken.erase("ln_final.bias");
  save_tensors(folder_ / "broken.safetensors", broken);
  request.path = folder_ / "broken.safetensors";
  const ModelsInspectResult bad = models_inspect(request, job_);
  EXPECT_EQ(bad.kind, "clip");
  EXPECT_EQ(bad.loads_as, "");
  EXPECT_NE(bad.fault.find("ln_final.bias"), std::string::npos);
}

TEST_F(ClipServices, ConvertedHalfFolderStaysClose) {
  ModelsConvertRequest request;
  request.input = model();
  request.output = folder_ / "half";
  request.half = true;
  EXPECT_EQ(models_convert(request, job_).layout, "open_clip");
  const Image image = read_image(photo());
  const Tensor a = unit(load_clip(model())->image_embedding_exact(image));
  const Tensor b = unit(load_clip(folder_ / "half")->image_embedding_exact(image));
  EXPECT_GT((a * b).sum().item<double>(), 0.9998);
}

// A dark picture is not bright: of both words the wrong one is below its rivals.
TEST_F(ClipServices, DiagnosisComparesWordsWithOthersOfTheirKind) {
  Image dark = thumbnail(read_image(assets_folder() / "samples" / "coffee.jpg"), 160);
  for (uint8_t& sample : dark.u8) sample = static_cast<uint8_t>(sample / 3);
  write_image(folder_ / "dark.png", dark);
  DiagnoseRequest request;
  request.image = folder_ / "dark.png";
  request.text = "a dark photo";
  const DiagnoseResult right = diagnose(request, job_);
  EXPECT_EQ(right.method, "contrast");
  EXPECT_FALSE(right.words[1].misaligned);
  request.text = "a bright photo";
  const DiagnoseResult wrong = diagnose(request, job_);
  EXPECT_TRUE(wrong.words[1].misaligned);
  EXPECT_TRUE(wrong.words[1].lowest);
  EXPECT_LT(wrong.words[1].score, right.words[1].score);
  EXPECT_TRUE(std::isnan(wrong.words[0].score));
  // Nothing to compare with: CLIP4DM's attention.
  request.text = "no such words";
  EXPECT_EQ(diagnose(request, job_).method, "attention");
  request.method = "contrast";
  EXPECT_THROW(diagnose(request, job_), Error);
  request.clip = model();  // brings no vocabulary
  EXPECT_THROW(diagnose(request, job_), Error);
}

}  // namespace
}  // namespace vane
