// SPDX-License-Identifier: Apache-2.0
// `vane fit` and `vane render` from outside: a small scene of toys through real files.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/image/codec.h"
#include "engine/weights/safetensors.h"
#include "tests/cli/run_program.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class SceneProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    const Outcome made = run_vane({"toybox", "dataset", "--views", "9", "--kind", "scene", "--size",
                                   "40x30", "--seed", "4", "-o", toys_, "-q"});
    ASSERT_EQ(made.code, 0) << made.err;
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  Outcome fit(const std::string& output, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{
        "fit", toys_, "-o", path(output), "--seed", "5", "--json", "--splats.iterations", "40"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_vane(arguments);
  }

  /// A scene; the run must succeed.
  std::string scene() const {
    const Outcome outcome = fit("scene.ply");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return path("scene.ply");
  }

  TemporaryFolder folder_;
  std::string toys_ = path("toys");
};

TEST_F(SceneProgram, FitsTellsWhatCameOutAndLeavesNoCheckpoint) {
  const Outcome outcome = fit("scene.ply", {"--threads", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto told = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(told["iterations"], 40);
  EXPECT_EQ(told["training_views"].get<int>() + static_cast<int>(told["held_out"].size()), 9);
  EXPECT_GT(told["psnr"].get<double>(), 8);
  EXPECT_GT(told["gaussians"].get<int>(), 100);
  const Image preview = read_image(told["preview"].get<std::string>());
  EXPECT_GT(preview.width, 39);
  EXPECT_FALSE(fs::exists(path("scene.ply.checkpoint")));
  // The same for another number of threads.
  ASSERT_EQ(fit("again.ply", {"--threads", "2"}).code, 0);
  EXPECT_EQ(bytes_of(path("again.ply")), bytes_of(path("scene.ply")));
}

TEST_F(SceneProgram, ACutOffFitGoesOnToTheSameBytes) {
  const std::vector<std::string> longer{"--splats.iterations", "400"};
  ASSERT_EQ(fit("whole.ply", longer).code, 0);
  std::vector<std::string> arguments{"fit", toys_, "-o", path("cut.ply"), "--seed", "5", "--json"};
  arguments.insert(arguments.end(), longer.begin(), longer.end());
  {
    RunningVane running(arguments);
    ASSERT_TRUE(running.wait_for_stderr("fitting"));
    running.send(SIGTERM);
    const Outcome cut = running.wait();
    ASSERT_NE(cut.code, 0);
    EXPECT_FALSE(fs::exists(path("cut.ply")));
    ASSERT_TRUE(fs::exists(path("cut.ply.checkpoint"))) << cut.err;
  }
  const Outcome resumed = fit("cut.ply", {"--splats.iterations", "400", "--resume"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(bytes_of(path("cut.ply")), bytes_of(path("whole.ply")));
}

TEST_F(SceneProgram, RefusesWhatCannotBeFittedAndWritesNothing) {
  EXPECT_EQ(run_vane({"fit", path("nowhere"), "-o", path("a.ply")}).code, 4);
  EXPECT_EQ(fit("no/folder/a.ply").code, 8);
  EXPECT_EQ(fit("a.gif").code, 2);
  fs::create_directories(path("empty"));
  const Outcome empty = run_vane({"fit", path("empty"), "-o", path("a.ply")});
  EXPECT_EQ(empty.code, 4);
  EXPECT_NE(empty.err.find("empty"), std::string::npos) << empty.err;
  // A photograph that is missing is named.
  fs::remove(fs::path(toys_) / "images" / "000003.png");
  const Outcome missing = fit("a.ply");
  EXPECT_EQ(missing.code, 4);
  EXPECT_NE(missing.err.find("000003.png"), std::string::npos) << missing.err;
  EXPECT_FALSE(fs::exists(path("a.ply")));
}

TEST_F(SceneProgram, RendersAViewWithItsMaps) {
  const std::string ply = scene();
  const Outcome outcome = run_vane({"render", ply, "--dataset", toys_, "--view", "2", "-o",
                                    path("view.png"), "--depth", "--alpha", "--normal", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto told = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(told["width"], 40);
  EXPECT_EQ(told["height"], 30);
  EXPECT_GT(told["psnr"].get<double>(), 8);
  for (const char* name : {"view.png", "view-depth.png", "view-alpha.png", "view-normal.png"}) {
    const Image picture = read_image(path(name));
    EXPECT_EQ(picture.width, 40) << name;
    EXPECT_EQ(picture.height, 30) << name;
  }
}

TEST_F(SceneProgram, RendersATurntableAsTensors) {
  const std::string ply = scene();
  const Outcome outcome =
      run_vane({"render", ply, "--dataset", toys_, "--path", "turntable", "--frames", "3", "-o",
                path("turn.safetensors"), "--depth", "--threads", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const TensorTable table = open_weights(path("turn.safetensors"));
  const TensorRecord* const images = table.find("images");
  ASSERT_TRUE(images && table.find("depth"));
  EXPECT_EQ(images->shape, (std::vector<int64_t>{3, 3, 30, 40}));
  EXPECT_EQ(table.find("depth")->shape, (std::vector<int64_t>{3, 1, 30, 40}));
  ASSERT_EQ(run_vane({"render", ply, "--dataset", toys_, "--path", "turntable", "--frames", "3",
                      "-o", path("twice.safetensors"), "--depth", "--threads", "2"})
                .code,
            0);
  EXPECT_EQ(bytes_of(path("twice.safetensors")), bytes_of(path("turn.safetensors")));
}

TEST_F(SceneProgram, RefusesWhatCannotBeDrawnAndWritesNothing) {
  const std::string ply = scene();
  const auto refused = [&](const std::vector<std::string>& arguments, int code,
                           const std::string& words) {
    std::vector<std::string> all{"render"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), {"-o", path("out.png")});
    const Outcome outcome = run_vane(all);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
    EXPECT_FALSE(fs::exists(path("out.png")));
  };
  refused({ply}, 2, "one of --view, --camera and --path");
  refused({ply, "--dataset", toys_, "--view", "99"}, 2, "there is no such view");
  refused({ply, "--camera", folder_.file("camera.json", "{\"frames\": [")}, 4, "camera.json:1");
  refused({folder_.file("cut.ply", bytes_of(ply).substr(0, 4000)), "--path", "turntable"}, 4,
          "cut.ply");
  const fs::path points = fs::path(toys_) / "points.ply";
  refused({points.string(), "--path", "turntable"}, 4, "point cloud");
}

}  // namespace
}  // namespace vane::testing
