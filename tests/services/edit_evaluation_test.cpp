// SPDX-License-Identifier: Apache-2.0
// Oracles: recipes and weights that must be refused; a mapper that moves nothing, whose edits must
// be the sources.
#include "editing/services/edit_evaluation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "editing/faces/face_identity.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/clip/clip_encoder.h"
#include "engine/image/codec.h"
#include "generators/mappers/delta_model.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class EvaluateEdit : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("evaluate_edit_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
    request_.kind = "edit";
    request_.recipe = folder_ / "recipe.yaml";
    write_recipe("smile");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write_recipe(const std::string& attribute) const {
    std::ofstream(request_.recipe)
        << "sources: 2\npreviews: true\nmonotone-sources: 1\nsamples: 64\nprompts:\n"
           "  - {to: a smiling person, attributes: ["
        << attribute << "], moves: [mouth-width]}\n"
        << "mapper: " << (folder_ / "delta.safetensors").string() << "\n";
  }

  static bool has_faces() {
    return fs::exists(generator_path("faces") / "SynthesisNetwork.xml") &&
           fs::exists(recognition_file()) && fs::exists(landmark_file());
  }

  /// A mapper of few channels that adds nothing.
  void write_model(const std::string& clip_hash) const {
    const auto generator = load_style_generator(generator_path("faces"));
    DeltaModel model;
    model.entries =
        style_entries(generator->style_table(),
                      {"conv0_resolution_8", "conv0_resolution_16", "conv1_resolution_512"});
    model.mapper = make_delta_mapper(
        delta_mapper_shape(conv_styles(generator->style_table(), model.entries), 512));
    visit_parameters(model.mapper, [](const std::string&, Tensor& tensor, const auto& shape) {
      tensor = at::zeros(shape);
    });
    const int64_t channels = model.mapper.shape.channels();
    model.style_mean = at::zeros({channels});
    model.style_scale = at::ones({channels});
    model.relevance = at::ones({channels, 256});
    model.image_mean = at::zeros({256});
    model.image_covariance = at::eye(256) * 1e-4;
    model.generator_hash = generator->content_hash();
    model.clip_hash = clip_hash;
    save_delta_model(folder_ / "delta.safetensors", model, generator->style_table());
  }

  fs::path folder_;
  EvaluateRequest request_;
  QuietJob job_;
};

TEST_F(EvaluateEdit, RefusesARecipeBeforeLoadingAnything) {
  write_recipe("wings");
  try {
    evaluate(request_, job_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
    EXPECT_NE(error.hint().find("open-mouth"), std::string::npos) << error.hint();
  }
}

TEST_F(EvaluateEdit, AMapperThatMovesNothingReachesNothing) {
  if (!has_faces()) GTEST_SKIP() << "the face generator is not installed";
  write_model("");
  request_.sheet = folder_ / "sheet.png";
  request_.output = folder_ / "scores.json";
  const EvaluateResult result = evaluate(request_, job_);
  const auto scores = nlohmann::json::parse(result.scores)["methods"][0];
  const auto prompt = scores["prompts"][0];
  EXPECT_EQ(prompt["identity"]["value"], 1.0);
  EXPECT_EQ(prompt["leakage"]["value"], 0.0);
  EXPECT_EQ(prompt["gain"]["value"], 0.0);
  EXPECT_EQ(prompt["background"]["value"], 0.0);
  EXPECT_NE(prompt["hit"]["value"], 1.0);
  EXPECT_EQ(scores["unchanged_at_0"], 1);
  EXPECT_EQ(read_image(request_.sheet).width, 4 + 2 * 132);
  EXPECT_TRUE(fs::exists(request_.output));
}

TEST_F(EvaluateEdit, RefusesAMapperOfAnotherClip) {
  if (!has_faces()) GTEST_SKIP() << "the face generator is not installed";
  write_model("another");
  try {
    evaluate(request_, job_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::checkpoint);
    EXPECT_NE(error.hint().find("vane train delta"), std::string::npos) << error.hint();
  }
}

}  // namespace
}  // namespace vane
