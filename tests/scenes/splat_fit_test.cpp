// SPDX-License-Identifier: Apache-2.0
// Ground truth: a view of the procedural world that was not fitted to. Law: a run that was cut ends
// in the same bytes.
#include "editing/scenes/fit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "editing/scenes/render.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/scene/splat_file.h"
#include "engine/weights/tensor_table.h"
#include "generators/toybox/toybox.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class SplatFitTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::temp_directory_path() / ("vane_splat_fit_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    ToyboxDatasetRequest toybox;
    toybox.views = 20;
    toybox.kind = "still-life";
    toybox.size = "64x48";
    toybox.seed = 3;
    toybox.output = folder_ / "data";
    QuietJob job;
    toybox_dataset(toybox, job);
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static FitRequest request(const std::string& name, int64_t iterations) {
    FitRequest r;
    r.dataset = folder_ / "data";
    r.output = folder_ / name;
    r.splats.iterations = iterations;
    r.splats.densify_from = 30;
    r.splats.densify_every = 30;
    r.splats.preview_every = 40;
    r.seed = 5;
    return r;
  }
  static std::string bytes(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  static fs::path folder_;
};
fs::path SplatFitTest::folder_;

/// Asks for a stop when that many steps are done.
class StoppingJob final : public Job {
 public:
  explicit StoppingJob(int64_t after) : after_(after) {}
  bool stop_requested() const noexcept override { return done_ >= after_; }
  void progress(int64_t done, int64_t, std::string_view stage) override {
    if (stage == "fitting") done_ = done;
  }
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}

 private:
  int64_t after_, done_ = 0;
};

TEST_F(SplatFitTest, HeldOutViewsComeNear) {
  QuietJob job;
  const FitResult result = fit(request("scene.ply", 150), job);
  EXPECT_EQ(result.iterations, 150);
  EXPECT_EQ(result.training_views, 18);
  ASSERT_EQ(result.held_out.size(), 2u);
  // The other one looks along the ground at sky that no training view shows.
  EXPECT_GT(result.held_out[0].psnr, 26);
  EXPECT_GT(result.held_out[0].ssim, 0.9);
  EXPECT_NEAR(result.psnr, (result.held_out[0].psnr + result.held_out[1].psnr) / 2, 1e-9);
  EXPECT_EQ(read_image(result.preview).width, 128);
  EXPECT_FALSE(fs::exists(folder_ / "scene.ply.checkpoint"));

  // What was written is what was measured.
  RenderRequest render_request;
  render_request.scene = result.output;
  render_request.dataset = folder_ / "data";
  // Views count in the order of their names, images/000000.png and so on.
  render_request.view = std::stoi(fs::path(result.held_out[0].name).stem().string());
  render_request.output = folder_ / "view.png";
  const RenderResult drawn = render(render_request, job);
  EXPECT_EQ(drawn.gaussians, result.gaussians);
  EXPECT_NEAR(drawn.psnr, result.held_out[0].psnr, 0.01);
  EXPECT_EQ(read_image(folder_ / "view.png").height, 48);
}

TEST_F(SplatFitTest, ARunThatWasCutEndsInTheSameBytes) {
  QuietJob quiet;
  for (const std::string strategy : {"adaptive", "mcmc"}) {
    SCOPED_TRACE(strategy);
    FitRequest whole = request(strategy + ".ply", 40);
    whole.splats.strategy = strategy;
    whole.splats.densify_from = whole.splats.densify_every = 10;
    whole.splats.opacity_reset = 15;
    whole.splats.densify_until = 35;
    whole.threads = 1;
    fit(whole, quiet);
    FitRequest cut = whole;
    cut.output = folder_ / (strategy + "-cut.ply");
    cut.threads = 2;
    StoppingJob stopping(23);
    EXPECT_THROW(fit(cut, stopping), Cancelled);
    EXPECT_FALSE(fs::exists(cut.output));
    EXPECT_TRUE(fs::exists(folder_ / (strategy + "-cut.ply.checkpoint")));
    cut.resume = true;
    fit(cut, quiet);
    EXPECT_EQ(bytes(cut.output), bytes(whole.output));
    EXPECT_GT(fs::file_size(whole.output), 10000u);
  }
}

TEST_F(SplatFitTest, CheckpointsOfOtherRunsAreRefused) {
  FitRequest cut = request("other.ply", 60);
  StoppingJob stopping(5);
  EXPECT_THROW(fit(cut, stopping), Cancelled);
  QuietJob quiet;
  cut.resume = true;
  cut.seed = 6;
  try {
    fit(cut, quiet);
    FAIL();
  } catch (const Error& problem) {
    EXPECT_EQ(problem.code(), ErrorCode::checkpoint);
  }
  // And those that were damaged.
  cut.seed = 5;
  fs::resize_file(folder_ / "other.ply.checkpoint", 1000);
  EXPECT_THROW(fit(cut, quiet), Error);
}

TEST_F(SplatFitTest, DataSetsWithoutPointsBeginAtRandom) {
  fs::create_directories(folder_ / "bare");
  fs::copy(folder_ / "data" / "images", folder_ / "bare" / "images", fs::copy_options::recursive);
  std::string transforms = bytes(folder_ / "data" / "transforms.json");
  const auto at = transforms.find("\"ply_file_path\"");
  ASSERT_NE(at, std::string::npos);
  transforms.erase(at, transforms.find(',', at) - at + 1);
  std::ofstream(folder_ / "bare" / "transforms.json") << transforms;
  FitRequest r = request("bare.ply", 120);
  r.dataset = folder_ / "bare";
  r.splats.random_points = 2000;
  QuietJob job;
  EXPECT_GT(fit(r, job).psnr, 16);
}

TEST_F(SplatFitTest, WhatCannotBeFittedIsSaid) {
  QuietJob job;
  const auto code = [&](const FitRequest& r) {
    try {
      fit(r, job);
    } catch (const Error& problem) {
      return problem.code();
    }
    return ErrorCode::failure;
  };
  FitRequest nerf = request("x.ply", 10);
  nerf.as = "nerf";
  EXPECT_EQ(code(nerf), ErrorCode::usage);
  EXPECT_EQ(code(request("x.obj", 10)), ErrorCode::usage);
  FitRequest missing = request("x.ply", 10);
  missing.dataset = folder_ / "nowhere";
  EXPECT_EQ(code(missing), ErrorCode::input);
  EXPECT_FALSE(fs::exists(folder_ / "x.ply"));
}

}  // namespace
}  // namespace vane
