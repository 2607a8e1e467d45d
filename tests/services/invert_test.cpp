// SPDX-License-Identifier: Apache-2.0
// Oracles: what `vane generate` makes of the files, encoders and generators asked directly, and the
// crop of `vane faces align`.
#include "editing/services/invert.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "editing/faces/face_landmarks.h"
#include "editing/inversion/latent_file.h"
#include "editing/inversion/tuning_file.h"
#include "editing/portraits/face_encoder.h"
#include "editing/portraits/invert_face.h"
#include "editing/services/face_crops.h"
#include "editing/services/generate.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"
#include "generators/inversion/pyramid_encoder.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/named_stylegan2.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class CollectingJob final : public Job {
 public:
  bool stop_requested() const noexcept override { return steps_left <= 0; }
  void progress(int64_t, int64_t total, std::string_view stage) override {
    stages.emplace_back(stage);
    if (total > 0) --steps_left;
  }
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view message) override { warnings.emplace_back(message); }
  void info(std::string_view message) override { remarks.emplace_back(message); }
  std::vector<std::string> warnings, remarks, stages;
  int64_t steps_left = 1000000;
};

class Invert : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("invert_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
    const TinyNetwork network(folder_ / "tiny");
    tiny_ = load_style_generator(folder_ / "tiny");
    w_ = tiny_->map(tiny_->sample_z(3, 1));
    write_image(folder_ / "face.png", tensor_to_image(tiny_->synthesise(w_)));
  }
  void TearDown() override { fs::remove_all(folder_); }

  InvertRequest request(const std::string& method = "optimise") const {
    InvertRequest request;
    request.input = folder_ / "face.png";
    request.aligned = true;
    request.generator = (folder_ / "tiny").string();
    request.method = method;
    request.output = folder_ / "latent.safetensors";
    if (method != "encoder") request.steps = 6;
    return request;
  }
  void use_stylegan2(InvertRequest& request) const {
    request.generator = (folder_ / "g.safetensors").string();
    save_tensors(request.generator, rosinality_tensors({"small", {12, 10, 8, 8}, 8, 8, 2}));
    const auto model = load_style_generator(request.generator);
    write_image(folder_ / "face.png",
                tensor_to_image(model->synthesise(model->map(model->sample_z(3, 1)))));
  }
  /// What `vane generate` makes of the files.
  Tensor generated(const InvertRequest& made, const fs::path& tuned = {}) {
    GenerateRequest ask;
    ask.generator = made.generator;
    ask.latent = made.output;
    ask.tuned = tuned;
    ask.output = folder_ / "again.safetensors";
    generate(ask, job_);
    return Weights(open_weights(ask.output)).take("images", {1, 3, -1, -1});
  }
  double error_of(const Tensor& picture) const {
    return (picture - image_to_tensor(read_image(folder_ / "face.png")))
        .square()
        .mean()
        .item<double>();
  }
  std::map<std::string, std::string> facts(const InvertRequest& made) const {
    return open_weights(made.output).metadata;
  }
  std::string refusal(const InvertRequest& request, ErrorCode code) {
    try {
      invert_photo(request, job_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_FALSE(fs::exists(request.output));
      return error.what();
    }
    ADD_FAILURE() << "was not refused";
    return {};
  }

  fs::path folder_;
  std::unique_ptr<StyleGenerator> tiny_;
  Tensor w_;
  CollectingJob job_;
};

TEST_F(Invert, WhatIsWrittenIsWhatGenerateDraws) {
  InvertRequest asked = request();
  asked.steps = 60;
  asked.report = folder_ / "report.json";
  asked.picture = folder_ / "both.png";
  const InvertResult result = invert_photo(asked, job_);
  EXPECT_EQ(result.steps, 60);
  EXPECT_EQ(result.started_from, "mean");
  EXPECT_TRUE(std::isnan(result.identity));
  const Tensor mean = tiny_->synthesise(tiny_->average_w().unsqueeze(0));
  const Tensor made = generated(asked);
  EXPECT_LT(error_of(made), 0.5 * error_of(mean));
  const double mse = error_of(made.clamp(0, 1));
  EXPECT_NEAR(result.psnr, -10 * std::log10(mse), 0.2);
  std::ifstream file(asked.report);
  const Json report = Json::parse(file);
  EXPECT_EQ(report["steps"], 60);
  EXPECT_TRUE(report["identity"].is_null());
  EXPECT_EQ(report["psnr"], result.psnr);
  EXPECT_EQ(facts(asked).at("method"), "optimise");
  EXPECT_EQ(facts(asked).at("photo"), "face.png");
  EXPECT_EQ(facts(asked).count("crop"), 0u);
  EXPECT_GT(read_image(asked.picture).width, 2 * tiny_->size());
}

TEST_F(Invert, AnEncoderAloneGivesItsRows) {
  const PyramidEncoder encoder = initial_pyramid_encoder(*tiny_, Rng(4));
  InvertRequest asked = request("encoder");
  asked.encoder = folder_ / "encoder.safetensors";
  save_pyramid_encoder(asked.encoder, encoder);
  const InvertResult result = invert_photo(asked, job_);
  EXPECT_EQ(result.steps, 0);
  EXPECT_EQ(result.started_from, "encoder");
  const Tensor face = image_to_tensor(read_image(asked.input));
  const Tensor expected = encode_face(load_pyramid_encoder(asked.encoder, *tiny_), face);
  EXPECT_TRUE(at::allclose(load_latents(asked.output, *tiny_).w_plus, expected, 1e-5, 1e-5));
  EXPECT_EQ(facts(asked).at("encoder"), load_pyramid_encoder(asked.encoder, *tiny_).content_hash);
}

TEST_F(Invert, WithoutAnEncoderItSaysThatItStartsFromTheMean) {
  invert_photo(request(), job_);
  ASSERT_EQ(job_.remarks.size(), 1u);
  EXPECT_NE(job_.remarks[0].find("average face"), std::string::npos);
  EXPECT_NE(refusal(
                [&] {
                  InvertRequest asked = request("encoder");
                  asked.output = folder_ / "none.safetensors";
                  return asked;
                }(),
                ErrorCode::input)
                .find("--encoder"),
            std::string::npos);
}

TEST_F(Invert, LatentsAreAStart) {
  InvertRequest asked = request();
  asked.start = folder_ / "start.safetensors";
  save_latents(asked.start, w_.unsqueeze(1).repeat({1, tiny_->rows(), 1}), *tiny_);
  asked.steps = 3;
  const InvertResult result = invert_photo(asked, job_);
  EXPECT_EQ(result.started_from, "latent");
  asked.start.clear();
  EXPECT_GT(result.psnr, invert_photo(asked, job_).psnr + 3);
}

TEST_F(Invert, TheProjectorsMapsComeAlong) {
  InvertRequest asked = request("project");
  use_stylegan2(asked);
  asked.steps = 30;
  const InvertResult result = invert_photo(asked, job_);
  const Tensor made = generated(asked);
  EXPECT_NEAR(result.psnr, -10 * std::log10(error_of(made.clamp(0, 1))), 0.2);
  const auto model = load_style_generator(asked.generator);
  const LatentFile latents = load_latents(asked.output, *model);
  EXPECT_EQ(std::ssize(latents.noise), 7);
  EXPECT_FALSE(at::allclose(model->synthesise(latents.w_plus), made, 1e-3, 1e-3));
}

TEST_F(Invert, PivotalTuningWritesWhatGenerateTakes) {
  InvertRequest asked = request("pti");
  const InvertResult result = invert_photo(asked, job_);
  EXPECT_EQ(result.tuned, (folder_ / "latent.tuned.safetensors").string());
  EXPECT_EQ(facts(asked).at("tuned"), "latent.tuned.safetensors");
  const double plain = error_of(generated(asked)), tuned = error_of(generated(asked, result.tuned));
  EXPECT_LT(tuned, plain);
  const Tensor shown = generated(asked, result.tuned).clamp(0, 1);
  EXPECT_NEAR(result.psnr, -10 * std::log10(error_of(shown)), 0.3);
  EXPECT_EQ(open_weights(result.tuned).metadata.at("picture"), facts(asked).at("picture"));
}

TEST_F(Invert, AStopWritesTheBestSoFar) {
  job_.steps_left = 2;
  InvertRequest asked = request();
  asked.steps = 100;
  const InvertResult result = invert_photo(asked, job_);
  EXPECT_TRUE(result.cancelled);
  EXPECT_EQ(result.steps, 2);
  EXPECT_EQ(load_latents(asked.output, *tiny_).w_plus.size(0), 1);
}

TEST_F(Invert, APoorReconstructionIsSaid) {
  // Noise, which no generator of faces draws.
  at::manual_seed(1);
  write_image(folder_ / "face.png", tensor_to_image(at::rand({1, 3, 32, 32})));
  const InvertResult result = invert_photo(request(), job_);
  ASSERT_LT(result.psnr, 17);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_NE(result.warnings[0].find("far from the picture"), std::string::npos);
  ASSERT_EQ(job_.warnings.size(), 1u);
  EXPECT_NE(job_.warnings[0].find("face.png: "), std::string::npos);
}

TEST_F(Invert, PicturesThatAreNotSquareAreNotAligned) {
  write_image(folder_ / "face.png", tensor_to_image(at::rand({1, 3, 32, 40})));
  EXPECT_NE(refusal(request(), ErrorCode::input).find("40x32"), std::string::npos);
}

TEST_F(Invert, EncodersAndStartsOfAnotherGeneratorAreRefused) {
  InvertRequest asked = request();
  InvertRequest other = request();
  use_stylegan2(other);
  const auto model = load_style_generator(other.generator);
  asked.encoder = folder_ / "encoder.safetensors";
  save_pyramid_encoder(asked.encoder, initial_pyramid_encoder(*model, Rng(4)));
  EXPECT_NE(refusal(asked, ErrorCode::checkpoint).find("another generator"), std::string::npos);
  std::ofstream(asked.encoder) << "not a file of weights";
  EXPECT_NE(refusal(asked, ErrorCode::checkpoint).find("encoder.safetensors"), std::string::npos);
  asked.encoder = folder_ / "absent.safetensors";
  EXPECT_NE(refusal(asked, ErrorCode::input).find("absent.safetensors"), std::string::npos);
  asked.encoder.clear();
  asked.start = folder_ / "start.safetensors";
  save_latents(asked.start, model->average_w().view({1, 1, -1}).repeat({1, model->rows(), 1}),
               *model);
  EXPECT_NE(refusal(asked, ErrorCode::checkpoint).find("another generator"), std::string::npos);
}

TEST_F(Invert, RequestsThatContradictThemselvesAreRefused) {
  const auto refused = [&](auto change) {
    InvertRequest asked = request();
    change(asked);
    return !refusal(asked, ErrorCode::usage).empty();
  };
  EXPECT_TRUE(refused([&](InvertRequest& r) { r.output = folder_ / "latent.png"; }));
  EXPECT_TRUE(refused([&](InvertRequest& r) { r.tuned = folder_ / "t.safetensors"; }));
  EXPECT_TRUE(refused([&](InvertRequest& r) { r.locality = true; }));
  EXPECT_TRUE(refused([&](InvertRequest& r) { r.method = "encoder"; }));
  EXPECT_TRUE(refused([&](InvertRequest& r) { r.face = "second"; }));
}

class InvertPhotos : public Invert {
 protected:
  void SetUp() override {
    Invert::SetUp();
    if (!fs::exists(landmark_file()) ||
        !fs::exists(models_folder() / "faces" / "SynthesisNetwork.xml")) {
      GTEST_SKIP() << "the face models are not installed; ./setup.sh --get faces";
    }
  }
  InvertRequest photo(const std::string& sample) const {
    InvertRequest request;
    request.input = assets_folder() / "samples" / sample;
    request.generator = (folder_ / "tiny").string();
    request.output = folder_ / "latent.safetensors";
    request.steps = 2;
    return request;
  }
};

TEST_F(Invert, WhoTakesNoPartOfItIsLeftAtOnce) {
  const InvertRequest asked = request();
  const Image portrait = read_image(asked.input);
  FaceInversionOptions options;
  options.aligned = true;
  options.steps = 100;
  options.give_up = true;
  for (const int64_t steps : {0, 2}) {
    job_.steps_left = steps;
    EXPECT_THROW(invert_face(*tiny_, portrait, asked.input, options, job_), Cancelled);
  }
  EXPECT_EQ(std::count(job_.stages.begin(), job_.stages.end(), "measuring"), 0);
}

TEST_F(InvertPhotos, TheCropIsThatOfFacesAlign) {
  const InvertRequest asked = photo("astronaut.jpg");
  invert_photo(asked, job_);
  FacesAlignRequest align;
  align.photo = asked.input;
  align.output = folder_ / "crop.png";
  align.size = 32;
  const AlignedFace face = faces_align(align, job_).faces.at(0);
  const Json crop = Json::parse(facts(asked).at("crop"));
  const FaceCrop place({crop["middle"][0], crop["middle"][1]},
                       {crop["half_width"][0], crop["half_width"][1]});
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(place.quad()[i].x, face.quad[2 * i], 1e-9);
    EXPECT_NEAR(place.quad()[i].y, face.quad[2 * i + 1], 1e-9);
  }
  EXPECT_EQ(facts(asked).at("width"), "512");
  // What another service is given is what was written.
  FaceInversionOptions options;
  options.steps = 2;
  const InvertedFace again =
      invert_face(*tiny_, read_image(asked.input), asked.input, options, job_);
  EXPECT_TRUE(at::equal(again.w_plus, load_latents(asked.output, *tiny_).w_plus));
  EXPECT_TRUE(again.crop.has_value());
}

TEST_F(InvertPhotos, PicturesWithoutTheFaceThatIsAskedForAreRefused) {
  EXPECT_NE(refusal(photo("coffee.jpg"), ErrorCode::input).find("coffee.jpg"), std::string::npos);
  InvertRequest asked = photo("astronaut.jpg");
  asked.face = "2";
  EXPECT_NE(refusal(asked, ErrorCode::input).find("astronaut.jpg"), std::string::npos);
}

}  // namespace
}  // namespace vane
