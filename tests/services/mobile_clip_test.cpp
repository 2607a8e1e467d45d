// SPDX-License-Identifier: Apache-2.0
// Oracle: the definition of the cosine, computed here from the encoder's parts. That the encoder is
// right is shown in tests/clip.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "editing/services/edit.h"
#include "editing/services/embed.h"
#include "editing/services/models.h"
#include "editing/services/score.h"
#include "editing/services/segment.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "engine/image/codec.h"
#include "tests/support/siglip_folder.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// The recorded small MobileCLIP with the vocabulary of CLIP's tokenizer.
void write_mobile_clip_folder(const fs::path& folder) {
  const TensorTable table = open_weights(testing::siglip_fixture("mobile_clip.safetensors"));
  const auto shapes = nlohmann::json::parse(table.metadata.at("shapes"));
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, value] : shapes.items()) {
    auto shape = value.get<std::vector<int64_t>>();
    if (name == "text.token_embedding.weight") shape[0] = Tokenizer::kEnd + 1;
    tensors[name] = named_weight(name, shape);
  }
  auto config = nlohmann::json::parse(table.metadata.at("model_cfg"));
  config["text_cfg"]["vocab_size"] = Tokenizer::kEnd + 1;
  fs::create_directories(folder);
  save_tensors(folder / "open_clip_model.safetensors", tensors);
  std::ofstream(folder / "open_clip_config.json") << config.dump();
}

class MobileClipServices : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::temp_directory_path() / ("vane-mobile-clip-" + std::to_string(::getpid()));
    write_mobile_clip_folder(folder_ / "model");
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }
  static std::string model() { return (folder_ / "model").string(); }

  static fs::path folder_;
  QuietJob job_;
};

fs::path MobileClipServices::folder_;

TEST_F(MobileClipServices, ScoreIsTheCosineOfBothTowers) {
  ScoreRequest request;
  request.images = {testing::siglip_fixture("photo.png")};
  request.texts = {"a photo of a cat", "a lake at dusk"};
  request.clip = model();
  const ScoreResult result = score(request, job_);
  const auto clip = load_clip(model(), {.text_cache = false});
  const Tensor texts = clip->text_features(request.texts);
  const Tensor image = unit(clip->image_embedding_exact(read_image(request.images[0])));
  ASSERT_EQ(result.images[0].scores.size(), 2u);
  for (const TextScore& score : result.images[0].scores) {
    const auto i =
        std::find(request.texts.begin(), request.texts.end(), score.text) - request.texts.begin();
    EXPECT_NEAR(score.similarity, (image[0] * texts[i]).sum().item<double>(), 1e-5);
  }
}

TEST_F(MobileClipServices, EmbedWritesTheEmbeddingsOfBothTowers) {
  EmbedRequest request;
  request.images = {testing::siglip_fixture("photo.png")};
  request.texts = {"a photo of a cat"};
  request.clip = model();
  request.output = folder_ / "embeddings.safetensors";
  embed(request, job_);
  const TensorTable table = open_weights(request.output);
  const auto written = [&](const char* name) {
    return tensor_from_record(table, *table.find(name)).clone();
  };
  const auto clip = load_clip(model(), {.text_cache = false});
  EXPECT_LT(relative_error(written("image_embeddings"),
                           clip->image_embedding_exact(read_image(request.images[0]))),
            1e-5);
  EXPECT_LT(relative_error(written("text_embeddings"), clip->text_embedding(request.texts)), 1e-5);
}

TEST_F(MobileClipServices, EditIsGuidedByIt) {
  EditRequest request;
  request.input = testing::siglip_fixture("photo.png");
  request.to = "a warm, bright photo";
  request.clip = model();
  request.steps = 3;
  request.output = folder_ / "edited.png";
  edit(request, job_);
  EXPECT_EQ(read_image(request.output).width, read_image(request.input).width);
}

TEST_F(MobileClipServices, InspectTellsThatItLoads) {
  ModelsInspectRequest request;
  request.path = folder_ / "model";
  const ModelsInspectResult result = models_inspect(request, job_);
  EXPECT_EQ(result.loads_as, "--clip") << result.fault;
}

TEST_F(MobileClipServices, SegmentIsRefusedByName) {
  SegmentRequest request;
  request.image = testing::siglip_fixture("photo.png");
  request.texts = {"sky"};
  request.clip = model();
  request.output = folder_ / "masks";
  try {
    segment(request, job_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    EXPECT_NE(std::string(error.what()).find("MobileCLIP"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vane
