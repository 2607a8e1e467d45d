// SPDX-License-Identifier: Apache-2.0
// Oracle: CIELAB of the written pictures, measured here, and exact equality where nothing may
// change.
#include "editing/services/edit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/base/assets.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/tensor/image_tensor.h"
#include "generators/develop/develop_sidecar.h"
#include "guidance/edit_metrics.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class Edit : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ("edit_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A reduced sample, so that a test takes seconds; PNG, so that nothing is lost.
  fs::path sample(const std::string& name) const {
    const fs::path path = folder_ / (name + ".png");
    if (!fs::exists(path)) {
      write_image(path, thumbnail(read_image(assets_folder() / "samples" / (name + ".jpg")), 320));
    }
    return path;
  }

  EditRequest request(const std::string& name, const std::string& to) const {
    EditRequest request;
    request.input = sample(name);
    request.to = to;
    request.output = folder_ / "out.png";
    request.steps = 60;
    return request;
  }

  LabChange change(const std::string& name) const {
    return lab_change(image_to_tensor(read_image(sample(name))),
                      image_to_tensor(read_image(folder_ / "out.png")));
  }

  fs::path folder_;
  QuietJob job_;
};

TEST_F(Edit, MovesLightAndColourWhereThePhrasePoints) {
  for (const std::string name : {"coffee", "chelsea", "astronaut"}) {
    edit(request(name, "a bright photo"), job_);
    EXPECT_GT(change(name).lightness, 2.0) << name;
    edit(request(name, "a dark photo"), job_);
    EXPECT_LT(change(name).lightness, -2.0) << name;
    edit(request(name, "a black and white photo"), job_);
    EXPECT_LT(change(name).chroma, -2.0) << name;
  }
}

// The other two samples are orange all over; clip-mini does not tell warmer from colder there.
TEST_F(Edit, WarmsAndCoolsAPictureOfManyColours) {
  edit(request("astronaut", "a warm photo"), job_);
  EXPECT_GT(change("astronaut").b, 2.0);
  edit(request("astronaut", "a cold blue photo"), job_);
  EXPECT_LT(change("astronaut").b, -2.0);
}

TEST_F(Edit, KeepsEdgesAndGainsOnViewsThatDidNotGuide) {
  const EditResult result = edit(request("astronaut", "a warm, bright photo"), job_);
  EXPECT_GT(result.gain, 0.02);
  EXPECT_GT(result.preserved, 0.8);
  EXPECT_FALSE(result.moved.empty());
  EXPECT_EQ(result.verdict, "real") << result.reason;
  EXPECT_GT(result.crop_share, 0.6);
}

TEST_F(Edit, AGuidanceFileGuidesAloneAndWithSeveralEncoders) {
  const fs::path file = folder_ / "guidance.yaml";
  std::ofstream(file)
      << "encoders:\n  - {clip: clip-mini}\n  - {clip: clip-audit, weight: 0.5}\n"
         "objectives:\n"
         "  - {kind: clip_directional, from: a photo, to: a bright photo, form: gain}\n"
         "  - {kind: ms_ssim, weight: 0.1}\n";
  EditRequest alone = request("astronaut", "");
  alone.guidance = file;
  alone.steps = 12;
  const EditResult result = edit(alone, job_);
  EXPECT_GT(change("astronaut").lightness, 2.0);
  EXPECT_TRUE(std::isnan(result.gain));
  const auto named = [&](const std::string& name) {
    return std::any_of(result.terms.begin(), result.terms.end(),
                       [&](const auto& term) { return term.first == name; });
  };
  EXPECT_TRUE(named("guidance.clip_directional"));
  EXPECT_TRUE(named("guidance.ms_ssim"));
}

TEST_F(Edit, AFaultyGuidanceFileIsToldByLine) {
  const fs::path file = folder_ / "guidance.yaml";
  const auto refusal = [&](const std::string& text) {
    std::ofstream(file) << text;
    EditRequest wrong = request("coffee", "a dark photo");
    wrong.guidance = file;
    wrong.steps = 1;
    try {
      edit(wrong, job_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::config) << error.what();
      return error.line();
    }
    return -1;
  };
  EXPECT_EQ(refusal("objectives:\n  - {kind: clip_directinal}\n"), 2);
  EXPECT_EQ(refusal("encoders:\n  - {clip: clip-mini}\nobjective: 3\n"), 3);
  EXPECT_EQ(refusal("- {kind: pixel_l2}\n- {kind: pixel_l2, wieght: 2}\n"), 2);
  EXPECT_NE(refusal("encoders:\n  - {clip: clip-mini}\n"), -1);
  EXPECT_FALSE(fs::exists(folder_ / "out.png"));
}

// What smoothness alone would make flat stops where the edges would be lost.
TEST_F(Edit, AChangeThatWouldCostTheEdgesIsWeakened) {
  const fs::path file = folder_ / "guidance.yaml";
  std::ofstream(file) << "objectives:\n  - {kind: total_variation, weight: 300}\n";
  EditRequest flat = request("coffee", "");
  flat.guidance = file;
  flat.steps = 40;
  const EditResult result = edit(flat, job_);
  EXPECT_LT(result.kept, 1.0);
  EXPECT_GE(result.preserved, 0.8);
}

TEST_F(Edit, FogIsAVeilOfLightThatKeepsTheEdges) {
  EditRequest foggy = request("coffee", "a foggy photo");
  foggy.sidecar = folder_ / "settings.yaml";
  const EditResult result = edit(foggy, job_);
  EXPECT_GT(load_sidecar(foggy.sidecar).haze, 0.05f);
  EXPECT_GT(change("coffee").lightness, 2.0);
  EXPECT_GE(result.preserved, 0.8);
}

TEST_F(Edit, StrengthZeroWritesTheSameSamples) {
  EditRequest zero = request("coffee", "a dark photo");
  zero.strength = 0.f;
  zero.steps = 3;
  edit(zero, job_);
  EXPECT_EQ(read_image(folder_ / "out.png").u8, read_image(sample("coffee")).u8);
}

TEST_F(Edit, ASidecarAppliesAgainExactly) {
  EditRequest first = request("coffee", "a vivid, colourful photo");
  first.sidecar = folder_ / "settings.yaml";
  first.steps = 20;
  edit(first, job_);
  const std::vector<uint8_t> searched = read_image(folder_ / "out.png").u8;
  EXPECT_NE(searched, read_image(sample("coffee")).u8);

  EditRequest again;
  again.input = sample("coffee");
  again.apply = folder_ / "settings.yaml";
  again.output = folder_ / "again.png";
  edit(again, job_);
  EXPECT_EQ(read_image(folder_ / "again.png").u8, searched);
}

TEST_F(Edit, TheSameSeedGivesTheSameBytes) {
  EditRequest once = request("chelsea", "a foggy photo");
  once.steps = 12;
  edit(once, job_);
  const std::vector<uint8_t> first = read_image(folder_ / "out.png").u8;
  edit(once, job_);
  EXPECT_EQ(read_image(folder_ / "out.png").u8, first);
}

TEST_F(Edit, BlackOfTheMaskStays) {
  const Image source = read_image(sample("coffee"));
  Image mask;
  mask.width = source.width;
  mask.height = source.height;
  mask.channels = 1;
  mask.u8.assign(mask.sample_count(), 0);
  for (int y = 0; y < mask.height; ++y) {
    for (int x = mask.width / 2; x < mask.width; ++x) {
      mask.u8[static_cast<size_t>(y) * static_cast<size_t>(mask.width) + static_cast<size_t>(x)] =
          255;
    }
  }
  write_image(folder_ / "mask.png", mask);
  EditRequest masked = request("coffee", "a dark photo");
  masked.mask = (folder_ / "mask.png").string();
  masked.steps = 25;
  edit(masked, job_);
  const Image out = read_image(folder_ / "out.png");
  const int half = mask.width / 2 - 1;
  EXPECT_EQ(crop(out, 0, 0, half, out.height).u8, crop(source, 0, 0, half, out.height).u8);
  EXPECT_NE(crop(out, half + 2, 0, half - 2, out.height).u8,
            crop(source, half + 2, 0, half - 2, out.height).u8);
}

TEST_F(Edit, AMaskMayBeAPhrase) {
  EditRequest masked = request("rocket", "a dark photo");
  masked.mask = "the sky";
  masked.steps = 10;
  edit(masked, job_);
  EXPECT_TRUE(fs::exists(folder_ / "out.png"));
  masked.mask = "no-such-mask.png";
  masked.output = folder_ / "other.png";
  EXPECT_THROW(edit(masked, job_), Error);
  EXPECT_FALSE(fs::exists(folder_ / "other.png"));
}

/// Asks to stop once `stage` has come to `done`.
class StopAt final : public Job {
 public:
  StopAt(std::string stage, int64_t done) : stage_(std::move(stage)), done_(done) {}
  bool stop_requested() const noexcept override { return stopped_; }
  void progress(int64_t done, int64_t, std::string_view stage) override {
    stopped_ = stopped_ || (stage == stage_ && done >= done_);
    last_ = stage;
  }
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}

  const std::string& last_stage() const { return last_; }

 private:
  std::string stage_, last_;
  int64_t done_;
  bool stopped_ = false;
};

TEST_F(Edit, AStopStillWritesTheBestSoFar) {
  StopAt job("optimising", 8);
  const EditResult result = edit(request("coffee", "a dark photo"), job);
  EXPECT_TRUE(result.cancelled);
  EXPECT_EQ(result.steps, 8);
  EXPECT_NE(read_image(folder_ / "out.png").u8, read_image(sample("coffee")).u8);
}

TEST_F(Edit, AStopBeforeThereIsABestOrToGiveUpWritesNothing) {
  StopAt early("looking", 3);
  EXPECT_THROW(edit(request("coffee", "a dark photo"), early), Cancelled);
  EXPECT_EQ(early.last_stage(), "looking");
  EditRequest given_up = request("coffee", "a dark photo");
  given_up.give_up = true;
  StopAt late("optimising", 8);
  EXPECT_THROW(edit(given_up, late), Cancelled);
  EXPECT_EQ(late.last_stage(), "optimising") << "nothing is applied or measured";
  EXPECT_FALSE(fs::exists(folder_ / "out.png"));
}

TEST_F(Edit, TheReportHoldsWhatWasMeasured) {
  EditRequest reported = request("coffee", "a dark photo");
  reported.report = folder_ / "report.json";
  reported.steps = 10;
  const EditResult result = edit(reported, job_);
  std::ifstream file(reported.report);
  const nlohmann::json report = nlohmann::json::parse(file);
  EXPECT_EQ(report.at("steps"), 10);
  EXPECT_NEAR(report.at("gain").get<double>(), result.gain, 1e-12);
  EXPECT_NEAR(report.at("preserved").get<double>(), result.preserved, 1e-12);
  EXPECT_EQ(report.at("request").at("to"), "a dark photo");
  EXPECT_EQ(report.at("output"), (folder_ / "out.png").string());
}

ErrorCode code_of(const EditRequest& request) {
  QuietJob job;
  try {
    edit(request, job);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

TEST_F(Edit, RefusesWhatMakesNoSenseBeforeComputing) {
  EditRequest nothing = request("coffee", "");
  EXPECT_EQ(code_of(nothing), ErrorCode::usage);
  EditRequest same = request("coffee", "a photo");
  EXPECT_EQ(code_of(same), ErrorCode::usage) << "the phrase is what --from already says";
  EditRequest missing = request("coffee", "a dark photo");
  missing.input = folder_ / "absent.jpg";
  EXPECT_EQ(code_of(missing), ErrorCode::input);
  EditRequest nowhere = request("coffee", "a dark photo");
  nowhere.output = folder_ / "no" / "such" / "out.png";
  EXPECT_EQ(code_of(nowhere), ErrorCode::resource);
  EditRequest unknown = request("coffee", "a dark photo");
  unknown.output = folder_ / "out.xyz";
  EXPECT_EQ(code_of(unknown), ErrorCode::usage);
  EditRequest model = request("coffee", "a dark photo");
  model.clip = sample("coffee").string();
  EXPECT_EQ(code_of(model), ErrorCode::checkpoint);
  EXPECT_FALSE(fs::exists(folder_ / "out.png"));
}

}  // namespace
}  // namespace vane
