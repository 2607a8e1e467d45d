// SPDX-License-Identifier: Apache-2.0
// Oracle: the generator itself for what must not change, and equality of bits for what is repeated.
#include "editing/services/latent_edit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "editing/inversion/latent_file.h"
#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/tensor/image_tensor.h"
#include "engine/tensor/weights.h"
#include "generators/stylegan/mobile_stylegan.h"
#include "tests/support/tiny_mobile_stylegan.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class LatentEdits : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("latent_edit_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
    ::setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    const TinyNetwork network(folder_ / "tiny");
    const MobileStyleGan model = MobileStyleGan::load(folder_ / "tiny");
    for (const int64_t i : {0, 1}) {
      const Tensor w = model.truncate(model.map(model.sample_z(5, i)), 0.7);
      save_latents(folder_ / (i == 0 ? "w.safetensors" : "other.safetensors"),
                   w.unsqueeze(1).repeat({1, model.rows(), 1}), model);
      if (i == 0) source_ = model.synthesise(w.unsqueeze(1).repeat({1, model.rows(), 1}));
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  EditRequest request(const std::string& to, const std::string& output = "out.safetensors") const {
    EditRequest request;
    request.input = folder_ / "w.safetensors";
    request.generator = (folder_ / "tiny").string();
    request.to = to;
    request.output = folder_ / output;
    request.samples = 64;
    request.gain = 0.5;
    request.least_identity = 0;
    request.steps = 4;
    return request;
  }
  Tensor raw(const EditRequest& request) {
    result_ = edit(request, job_);
    return pixels(request.output);
  }
  static Tensor pixels(const fs::path& path) {
    return Weights(open_weights(path)).take("images", {1, 3, 32, 32}).clone();
  }
  Error refusal(const EditRequest& request) {
    try {
      edit(request, job_);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "was not refused";
    return Error(ErrorCode::internal, "");
  }

  fs::path folder_;
  Tensor source_;
  EditResult result_;
  QuietJob job_;
};

TEST_F(LatentEdits, StrengthZeroIsTheReconstructionBitForBit) {
  for (const char* method : {"global", "optimise"}) {
    EditRequest asked = request("a dark photo");
    asked.method = method;
    asked.strength = 0;
    EXPECT_TRUE(at::equal(raw(asked), source_)) << method;
  }
}

TEST_F(LatentEdits, ARecipeRepeatsTheEditBitForBit) {
  EditRequest first = request("a bright photo");
  first.also = {"a warm photo"};
  first.strength = 0.8f;
  first.toward = folder_ / "other.safetensors";
  first.rows = "4-6";
  Image mask;
  mask.width = mask.height = 16;
  mask.channels = 1;
  mask.u8.assign(256, 0);
  std::fill_n(mask.u8.begin(), 128, uint8_t{200});
  write_image(folder_ / "mask.png", mask);
  first.mask = (folder_ / "mask.png").string();
  const Tensor edited = raw(first);
  EXPECT_FALSE(at::equal(edited, source_)) << "the edit that zero is held against does something";
  EXPECT_EQ(result_.targets.size(), 2u);
  ASSERT_EQ(result_.recipe, (folder_ / "out.edit.yaml").string());
  fs::remove(folder_ / "mask.png");

  EditRequest again = request("", "again.safetensors");
  again.apply = result_.recipe;
  EXPECT_TRUE(at::equal(raw(again), edited));
  again.apply = folder_ / "again.edit.yaml";
  again.output = folder_ / "third.safetensors";
  EXPECT_TRUE(at::equal(raw(again), edited)) << "the recipe of a repetition repeats it too";
  again.strength = 0;
  EXPECT_TRUE(at::equal(raw(again), source_));
}

TEST_F(LatentEdits, BlackOfTheMaskStays) {
  Image mask;
  mask.width = mask.height = 32;
  mask.channels = 1;
  mask.u8.assign(1024, 0);
  std::fill_n(mask.u8.begin(), 512, uint8_t{255});
  write_image(folder_ / "mask.png", mask);
  EditRequest masked = request("a bright photo");
  masked.mask = (folder_ / "mask.png").string();
  const Tensor edited = raw(masked);
  EXPECT_TRUE(at::equal(edited.narrow(2, 18, 14), source_.narrow(2, 18, 14)));
  EXPECT_FALSE(at::equal(edited.narrow(2, 0, 14), source_.narrow(2, 0, 14)));
}

TEST_F(LatentEdits, RowsOfAnotherLatentAreMixedIn) {
  EditRequest mixed = request("");
  mixed.toward = folder_ / "other.safetensors";
  mixed.latent_out = folder_ / "mixed.safetensors";
  const MobileStyleGan model = MobileStyleGan::load(folder_ / "tiny");
  const Tensor other = load_latents(folder_ / "other.safetensors", model).w_plus;
  EXPECT_TRUE(at::allclose(raw(mixed), model.synthesise(other), 1e-4, 1e-4));
  EXPECT_TRUE(at::allclose(load_latents(mixed.latent_out, model).w_plus, other, 1e-5, 1e-6));
  mixed.rows = "0";
  raw(mixed);
  const Tensor rows = load_latents(mixed.latent_out, model).w_plus;
  EXPECT_TRUE(at::allclose(rows.select(1, 0), other.select(1, 0), 1e-5, 1e-6));
  EXPECT_TRUE(at::equal(rows.select(1, 1),
                        load_latents(folder_ / "w.safetensors", model).w_plus.select(1, 1)));
}

TEST_F(LatentEdits, TheReportHoldsTheCurve) {
  EditRequest reported = request("a bright photo", "out.png");
  reported.report = folder_ / "report.json";
  reported.sheet = folder_ / "sheet.png";
  reported.sweep = "-1:1:3";
  const EditResult result = edit(reported, job_);
  std::ifstream file(reported.report);
  const nlohmann::json report = nlohmann::json::parse(file);
  ASSERT_EQ(report.at("curve").size(), 7u);
  EXPECT_EQ(report.at("curve")[0].at("strength"), 0);
  EXPECT_NEAR(report.at("curve")[0].at("gain").get<double>(), 0, 1e-6);
  EXPECT_NEAR(report.at("curve")[4].at("gain").get<double>(), result.targets.at(0).gain, 1e-5);
  EXPECT_GT(report.at("curve")[4].at("background").get<double>(), 0);
  EXPECT_EQ(report.at("request").at("method"), "global");
  EXPECT_EQ(report.at("targets").at(0).at("target"), "a photo → a bright photo");
  EXPECT_EQ(read_image(reported.output).width, 32);
  EXPECT_EQ(read_image(reported.sheet).width, 3 * (256 + 8) + 8);
}

TEST_F(LatentEdits, WhatMakesNoSenseIsRefusedInOneLine) {
  EXPECT_EQ(refusal(request("")).code(), ErrorCode::usage);
  EditRequest wrong = request("a dark photo");
  wrong.method = "optimize";
  EXPECT_EQ(refusal(wrong).code(), ErrorCode::usage);
  wrong = request("a dark photo");
  wrong.beta = 1;
  EXPECT_NE(std::string(refusal(wrong).what()).find("no channel"), std::string::npos);
  wrong = request("a dark photo");
  wrong.sweep = "0:1";
  wrong.sheet = folder_ / "s.png";
  EXPECT_EQ(refusal(wrong).code(), ErrorCode::usage);
  wrong.sweep = "0:1:1";
  EXPECT_EQ(refusal(wrong).code(), ErrorCode::usage);
  wrong = request("");
  wrong.toward = folder_ / "other.safetensors";
  for (const char* rows : {"9-1", "0-99", "x", "1-2-3"}) {
    wrong.rows = rows;
    EXPECT_EQ(refusal(wrong).code(), ErrorCode::usage) << rows;
  }
  wrong = request("a dark photo");
  wrong.input = folder_ / "none.safetensors";
  EXPECT_EQ(refusal(wrong).code(), ErrorCode::input);
  save_tensors(folder_ / "bad.safetensors", {{"w", at::zeros({1, 9})}});
  wrong.input = folder_ / "bad.safetensors";
  EXPECT_EQ(refusal(wrong).code(), ErrorCode::checkpoint);
  wrong.input = assets_folder() / "samples" / "coffee.jpg";
  // No face in it; or, where they are not installed, no landmarks to find one by.
  EXPECT_EQ(refusal(wrong).code(), ErrorCode::input);
  wrong = request("");
  wrong.apply = folder_ / "none.yaml";
  EXPECT_EQ(refusal(wrong).code(), ErrorCode::input);
  EXPECT_FALSE(fs::exists(folder_ / "out.safetensors"));
  EXPECT_FALSE(fs::exists(folder_ / "out.edit.yaml"));
}

TEST_F(LatentEdits, FlagsOfLatentsAreRefusedForSettings) {
  EditRequest wrong = request("a dark photo");
  wrong.input = assets_folder() / "samples" / "coffee.jpg";
  wrong.generator = "develop";
  wrong.also = {"a warm photo"};
  EXPECT_EQ(refusal(wrong).code(), ErrorCode::usage);
  wrong.also.clear();
  wrong.method = "global";
  EXPECT_NE(std::string(refusal(wrong).what()).find("settings"), std::string::npos);
}

}  // namespace
}  // namespace vane
