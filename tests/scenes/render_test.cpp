// SPDX-License-Identifier: Apache-2.0
// Oracle 1: a ball whose picture is known.
#include "editing/scenes/render.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "editing/scenes/camera_path.h"
#include "engine/base/error.h"
#include "engine/image/codec.h"
#include "engine/scene/splat_file.h"
#include "engine/weights/tensor_table.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class RenderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vane_render_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    // A red disc of opacity 0.9 at the origin, its axis towards z.
    SplatCloud cloud;
    cloud.position = {0, 0, 0};
    cloud.sh0 = {0.5f / 0.28209479f, -0.5f / 0.28209479f, -0.5f / 0.28209479f};
    cloud.log_scale = {std::log(0.2f), std::log(0.2f), std::log(0.01f)};
    cloud.rotation = {1, 0, 0, 0};
    cloud.opacity_logit = {std::log(9.f)};
    write_splats(folder_ / "ball.ply", cloud);
    Camera camera;
    camera.width = 21;
    camera.height = 15;
    camera.fx = camera.fy = 20;
    camera.cx = 10.5;
    camera.cy = 7.5;
    camera.world_to_camera[11] = 4;
    camera.background = {0, 0, 1};
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (int i = 0; i < 3; ++i) list.push_back(camera_json(camera));
    std::ofstream(folder_ / "cameras.json") << list;
    std::ofstream(folder_ / "camera.json") << camera_json(camera);
  }
  void TearDown() override { fs::remove_all(folder_); }

  RenderRequest request(const std::string& output) const {
    RenderRequest r;
    r.scene = folder_ / "ball.ply";
    r.camera = folder_ / "camera.json";
    r.output = folder_ / output;
    return r;
  }
  ErrorCode code(const RenderRequest& r) {
    try {
      render(r, job_);
    } catch (const Error& problem) {
      return problem.code();
    }
    return ErrorCode::failure;
  }

  fs::path folder_;
  QuietJob job_;
};

TEST_F(RenderTest, WritesRawTensors) {
  RenderRequest r = request("out.safetensors");
  r.camera = folder_ / "cameras.json";
  r.depth = r.alpha = r.normal = true;
  const RenderResult result = render(r, job_);
  EXPECT_EQ(result.frames, 3);
  const TensorTable table = open_weights(r.output);
  const auto at = [&](const char* name, size_t index) {
    float value = 0;
    std::memcpy(&value, table.find(name)->bytes.data() + 4 * index, 4);
    return value;
  };
  EXPECT_EQ(table.find("images")->shape, (std::vector<int64_t>{3, 3, 15, 21}));
  EXPECT_EQ(table.find("depth")->shape, (std::vector<int64_t>{3, 1, 15, 21}));
  const size_t plane = 15 * 21, middle = 7 * 21 + 10;
  EXPECT_NEAR(at("images", 6 * plane + middle), 0.9, 1e-5);  // of the third picture
  EXPECT_NEAR(at("images", 8 * plane + middle), 0.1, 1e-5);  // the background through it
  EXPECT_NEAR(at("depth", middle), 4, 1e-4);
  EXPECT_EQ(at("depth", 0), 0);
  EXPECT_NEAR(at("alpha", middle), 0.9, 1e-5);
  EXPECT_NEAR(at("normal", 2 * plane + middle), -0.9, 1e-5);
}

TEST_F(RenderTest, WritesPicturesStripsAndFolders) {
  RenderRequest one = request("one.png");
  one.depth = true;
  render(one, job_);
  const Image picture = read_image(folder_ / "one.png");
  EXPECT_EQ(picture.width, 21);
  EXPECT_NEAR(picture.u8[3 * (7 * 21 + 10)], 230, 1);
  EXPECT_EQ(picture.u8[2], 255);
  EXPECT_EQ(read_image(folder_ / "one-depth.png").u8[0], 0);
  EXPECT_FALSE(fs::exists(folder_ / "one-alpha.png"));

  RenderRequest strip = request("strip.png");
  strip.camera = folder_ / "cameras.json";
  render(strip, job_);
  const Image wide = read_image(folder_ / "strip.png");
  EXPECT_EQ(wide.width, 63);
  EXPECT_EQ(wide.u8[3 * (7 * 63 + 42 + 10)], picture.u8[3 * (7 * 21 + 10)]);

  RenderRequest many = request("frames");
  many.camera.clear();
  many.path = (folder_ / "cameras.json").string();
  render(many, job_);
  EXPECT_EQ(read_image(folder_ / "frames" / "0002.png").u8, picture.u8);
}

TEST_F(RenderTest, TurntableKeepsTheSceneInTheMiddle) {
  RenderRequest r = request("turn.safetensors");
  r.camera.clear();
  r.path = "turntable";
  r.frames = 5;
  r.max_side = 80;
  r.alpha = true;
  const RenderResult result = render(r, job_);
  EXPECT_EQ(result.width, 80);
  EXPECT_EQ(result.height, 60);
  const TensorTable table = open_weights(r.output);
  for (size_t frame = 0; frame < 5; ++frame) {
    float value = 0;
    std::memcpy(&value, table.find("alpha")->bytes.data() + 4 * (frame * 4800 + 30 * 80 + 40), 4);
    EXPECT_GT(value, 0.5) << frame;
  }
}

TEST_F(RenderTest, WhatIsAskedForMustBeClear) {
  RenderRequest none = request("x.png");
  none.camera.clear();
  EXPECT_EQ(code(none), ErrorCode::usage);
  RenderRequest both = request("x.png");
  both.path = "turntable";
  EXPECT_EQ(code(both), ErrorCode::usage);
  RenderRequest alone = request("x.png");
  alone.camera.clear();
  alone.view = 0;
  EXPECT_EQ(code(alone), ErrorCode::usage);
  EXPECT_EQ(code(request("x.tga")), ErrorCode::usage);
  RenderRequest missing = request("x.png");
  missing.scene = folder_ / "nothing.ply";
  EXPECT_EQ(code(missing), ErrorCode::input);
  EXPECT_FALSE(fs::exists(folder_ / "x.png"));
}

// Cameras on a circle that all look at one point, whichever way is up.
TEST(CameraPath, OrbitFollowsTheCamerasOfADataSet) {
  Orbit made;
  made.middle = {1, 2, 3};
  made.up = {0, 0.6, 0.8};
  made.start = {2, 0.8 + 0.3 * 0.6, -0.6 + 0.3 * 0.8};
  Camera lens;
  lens.width = lens.height = 50;
  lens.fx = lens.fy = 60;
  lens.cx = lens.cy = 25;
  const std::vector<Camera> cameras = turntable(made, lens, 7);
  for (const Camera& camera : cameras) {
    const auto seen = camera.to_camera(made.middle);
    EXPECT_NEAR(seen[0], 0, 1e-9);
    EXPECT_NEAR(seen[1], 0, 1e-9);
    EXPECT_NEAR(seen[2], std::sqrt(5.09), 1e-9);
    EXPECT_LT(camera.to_camera({1, 2 + 0.06, 3 + 0.08})[1], 0);  // up is up
  }
  const Orbit found = orbit_of(cameras);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(found.middle[k], made.middle[k], 0.01);
    EXPECT_NEAR(found.up[k], made.up[k], 1e-6);
    EXPECT_NEAR(found.start[k], made.start[k], 0.02);
  }
}

}  // namespace
}  // namespace vane
