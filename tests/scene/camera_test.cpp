// SPDX-License-Identifier: Apache-2.0
// Oracle: the pinhole equations of camera.h, worked out by hand.
#include "engine/scene/camera.h"

#include <nlohmann/json.hpp>

#include "engine/scene/rigid.h"
#include "tests/scene/scene_support.h"

namespace vane {
namespace {

using testing::expect_holds;
using testing::refusal;
using testing::ScratchFolder;

/// A quarter turn about z: world x becomes camera y.
Camera turned() {
  Camera camera;
  camera.width = 640;
  camera.height = 480;
  camera.fx = 500;
  camera.fy = 510;
  camera.cx = 321.5;
  camera.cy = 238.25;
  camera.world_to_camera = {0, -1, 0, 1, 1, 0, 0, 2, 0, 0, 1, 3};
  camera.background = {0.25f, 0.5f, 1.f};
  return camera;
}

TEST(Camera, CentreIsWhereTheCameraStands) {
  const Camera camera = turned();
  const auto centre = camera.centre();
  EXPECT_EQ(centre, (std::array<double, 3>{-2, 1, -3}));
  EXPECT_EQ(camera.to_camera(centre), (std::array<double, 3>{0, 0, 0}));
  EXPECT_EQ(camera.to_camera({1, 0, 0}), (std::array<double, 3>{1, 3, 3}));
}

TEST(Camera, AnotherRasterKeepsTheFieldOfView) {
  const Camera half = turned().resized(320, 120);
  EXPECT_EQ(half.width, 320);
  EXPECT_EQ(half.height, 120);
  EXPECT_DOUBLE_EQ(half.fx, 250);
  EXPECT_DOUBLE_EQ(half.cx, 160.75);
  EXPECT_DOUBLE_EQ(half.fy, 127.5);
  EXPECT_DOUBLE_EQ(half.cy, 59.5625);
  EXPECT_EQ(half.world_to_camera, turned().world_to_camera);
}

TEST(CameraFile, WhatIsWrittenIsReadBack) {
  const ScratchFolder folder;
  const Camera camera = turned();
  const auto one = folder.write("one.json", camera_json(camera).dump());
  const auto cameras = read_cameras(one);
  ASSERT_EQ(cameras.size(), 1u);
  EXPECT_EQ(cameras[0].world_to_camera, camera.world_to_camera);
  EXPECT_EQ(cameras[0].background, camera.background);
  EXPECT_EQ(cameras[0].width, 640);
  EXPECT_EQ(cameras[0].cy, 238.25);
  const auto two = folder.write(
      "two.json", nlohmann::ordered_json::array({camera_json(camera), camera_json(camera)}).dump());
  EXPECT_EQ(read_cameras(two).size(), 2u);
}

TEST(CameraFile, ABackgroundMayBeMissing) {
  const ScratchFolder folder;
  auto json = camera_json(turned());
  json.erase("background");
  EXPECT_EQ(read_cameras(folder.write("c.json", json.dump()))[0].background,
            (std::array<float, 3>{0, 0, 0}));
}

TEST(CameraFile, FaultsNameTheFileTheCameraAndTheKey) {
  const ScratchFolder folder;
  struct Fault {
    std::string key;
    nlohmann::ordered_json value;
    std::string text;
  };
  const auto matrix = [](double scale, double below) {
    return nlohmann::ordered_json{{scale, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {below, 0, 0, 1}};
  };
  const Fault faults[] = {{"width", 0, "1 to 16384"},
                          {"width", 16385, "1 to 16384"},
                          {"height", 1.5, "whole pixels"},
                          {"fl_x", 0, "above 0"},
                          {"fl_y", -3, "above 0"},
                          {"cx", "a", "finite number"},
                          {"world_to_camera", 3, "four rows"},
                          {"world_to_camera", matrix(1.01, 0), "no rigid motion"},
                          {"world_to_camera", matrix(-1, 0), "no rigid motion"},
                          {"world_to_camera", matrix(1, 0.1), "no rigid motion"},
                          {"background", {0, 0, 2}, "[0,1]"}};
  for (const Fault& fault : faults) {
    auto bad = camera_json(turned());
    bad[fault.key] = fault.value;
    const auto file =
        folder.write("c.json", nlohmann::ordered_json::array({camera_json(turned()), bad}).dump());
    const std::string text = refusal([&] { read_cameras(file); });
    expect_holds(text, fault.text);
    expect_holds(text, fault.key);
    expect_holds(text, "camera 1");
    expect_holds(text, "c.json");
  }
  for (const char* key : {"width", "height", "fl_x", "fl_y", "cx", "cy", "world_to_camera"}) {
    auto bad = camera_json(turned());
    bad.erase(key);
    expect_holds(refusal([&] { read_cameras(folder.write("c.json", bad.dump())); }), key);
  }
  expect_holds(refusal([&] { read_cameras(folder.write("c.json", "[]")); }), "no camera");
  expect_holds(refusal([&] { read_cameras(folder.write("c.json", "[7]")); }), "expected a camera");
  expect_holds(refusal([&] { read_cameras(folder / "none.json"); }), "no such file");
}

TEST(Rigid, AQuaternionTurnsAsItShould) {
  // 90 degrees about z, not normalised.
  const Matrix3 r = rotation_of({2, 0, 0, 2});
  const Matrix3 expected{0, -1, 0, 1, 0, 0, 0, 0, 1};
  for (size_t i = 0; i < 9; ++i) EXPECT_NEAR(r[i], expected[i], 1e-15);
}

TEST(Rigid, TheNearestRotationIsOrthonormal) {
  Matrix3 m = rotation_of({0.9, -0.3, 0.2, 0.5});
  const Matrix3 exact = m;
  m[1] += 4e-4;
  m[5] -= 3e-4;
  const auto r = nearest_rotation(m, 1e-3);
  ASSERT_TRUE(r);
  for (size_t a = 0; a < 3; ++a) {
    for (size_t b = 0; b < 3; ++b) {
      const double product =
          (*r)[a] * (*r)[b] + (*r)[3 + a] * (*r)[3 + b] + (*r)[6 + a] * (*r)[6 + b];
      EXPECT_NEAR(product, a == b ? 1 : 0, 1e-14);
    }
  }
  for (size_t i = 0; i < 9; ++i) EXPECT_NEAR((*r)[i], exact[i], 4e-4);
  EXPECT_FALSE(nearest_rotation({1, 0, 0, 0, 1, 0, 0, 0, -1}, 1e-3)) << "a mirror";
  EXPECT_FALSE(nearest_rotation({NAN, 0, 0, 0, 1, 0, 0, 0, 1}, 1e-3));
  EXPECT_FALSE(nearest_rotation({}, 1e-3));
}

TEST(Camera, IsReducedToItsLongestSideAndNeverEnlarged) {
  Camera camera;
  camera.width = 300;
  camera.height = 200;
  camera.fx = camera.fy = 150;
  camera.cx = 150;
  camera.cy = 100;
  const Camera half = camera.at_most(150);
  EXPECT_EQ(half.width, 150);
  EXPECT_EQ(half.height, 100);
  EXPECT_DOUBLE_EQ(half.fx, 75);
  EXPECT_DOUBLE_EQ(half.cy, 50);
  EXPECT_EQ(camera.at_most(300).width, 300);
  EXPECT_EQ(camera.at_most(5000).width, 300);
  EXPECT_EQ(camera.at_most(1).height, 1);
}

}  // namespace
}  // namespace vane
