// SPDX-License-Identifier: Apache-2.0
// Oracle: the definition p = sigmoid(exp(s) * cosine + b) computed here from the encoder's parts,
// and embeddings that were made wrong on purpose. That the encoder is right is shown in tests/clip.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "editing/clip_inputs.h"
#include "editing/services/clip_doctor.h"
#include "editing/services/models.h"
#include "editing/services/score.h"
#include "editing/services/segment.h"
#include "engine/base/error.h"
#include "engine/clip/clip_load.h"
#include "engine/clip/clip_model.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "guidance/word_attribution.h"
#include "tests/support/siglip_folder.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

fs::path photo() { return testing::siglip_fixture("photo.png"); }

class SiglipServices : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::temp_directory_path() / ("vane-siglip-" + std::to_string(::getpid()));
    testing::write_siglip_folder(folder_ / "model");
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }
  static std::string model() { return (folder_ / "model").string(); }

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

fs::path SiglipServices::folder_;

TEST_F(SiglipServices, ScoreJudgesEveryTextByItself) {
  ScoreRequest request;
  request.images = {photo()};
  request.texts = {"a photo of a cat", "Élodie a peint", "夕暮れの湖"};
  request.clip = model();
  const ScoreResult result = score(request, job_);
  EXPECT_EQ(result.probability, "sigmoid");
  const auto clip = load_clip(model(), {.text_cache = false});
  ASSERT_TRUE(clip->info().logit_bias.has_value());
  const Tensor texts = clip->text_features(request.texts);
  const Tensor image = unit(clip->image_embedding_of_input(
      preprocess_exact(read_image(photo()), clip->info().preprocess)));
  ASSERT_EQ(result.images[0].scores.size(), 3u);
  for (const TextScore& score : result.images[0].scores) {
    const auto i =
        std::find(request.texts.begin(), request.texts.end(), score.text) - request.texts.begin();
    const double cosine = (image[0] * texts[i]).sum().item<double>();
    EXPECT_NEAR(score.similarity, cosine, 1e-5);
    const double logit = clip->info().logit_scale * cosine + *clip->info().logit_bias;
    EXPECT_NEAR(score.probability, 1 / (1 + std::exp(-logit)), 1e-5);
  }
}

TEST_F(SiglipServices, TheDoctorAgreesAndNamesAPoolingThatLeavesTheHeadOut) {
  const ClipModel clip = load_clip_model(model(), {.text_cache = false});
  const Tensor input = preprocess_exact(read_image(photo()), clip.facts.preprocess);
  VisionTaps taps;
  const Tensor right = clip.image_embedding_of_input(input, &taps);
  EXPECT_TRUE(examined(right).agrees);
  const ClipDoctorResult result = examined(taps.tokens.mean(1));
  EXPECT_FALSE(result.agrees);
  EXPECT_EQ(result.cause, "average of the patches instead of the pooling head");
}

TEST_F(SiglipServices, InspectTellsThatItLoads) {
  ModelsInspectRequest request;
  request.path = folder_ / "model";
  const ModelsInspectResult result = models_inspect(request, job_);
  EXPECT_EQ(result.layout, "siglip");
  EXPECT_EQ(result.loads_as, "--clip") << result.fault;
}

TEST_F(SiglipServices, WhatItsTowersCannotDoIsRefusedByName) {
  SegmentRequest segmented;
  segmented.image = photo();
  segmented.texts = {"sky"};
  segmented.clip = model();
  segmented.output = folder_ / "masks";
  const auto fault = [](auto&& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage) << error.what();
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(fault([&] { segment(segmented, job_); }).find("SigLIP"), std::string::npos);
  const auto clip = load_clip(model(), {.text_cache = false});
  const Tensor embedding = named_values("embedding", {48});
  EXPECT_NE(fault([&] { attribute_words(*clip, embedding, "a cat", {}); }).find("SigLIP"),
            std::string::npos);
  ModelsConvertRequest converted;
  converted.input = folder_ / "model";
  converted.output = folder_ / "open_clip";
  EXPECT_NE(fault([&] { models_convert(converted, job_); }).find("SigLIP"), std::string::npos);
}

}  // namespace
}  // namespace vane
