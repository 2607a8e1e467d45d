// SPDX-License-Identifier: Apache-2.0
// Oracles: the data formats of the radiance field sheet, section 6.1 and 6.2, the rules for
// untrusted data sets of the robustness sheet, section 4, and cameras worked out by hand.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/scene/scene_data.h"
#include "tests/scene/scene_support.h"

namespace vane {
namespace {

using Json_ = nlohmann::ordered_json;
using testing::expect_holds;
using testing::refusal;
using testing::ScratchFolder;

/// An OpenGL camera at (1,2,3) that looks along world -x with z up: right is +y, up is +z, back +x.
Json_ looking_along_minus_x() { return {{0, 0, 1, 1}, {1, 0, 0, 2}, {0, 1, 0, 3}, {0, 0, 0, 1}}; }

Json_ frame(const std::string& path) {
  return {{"file_path", path}, {"transform_matrix", looking_along_minus_x()}};
}

Json_ nerfstudio(int views) {
  Json_ json{{"camera_model", "OPENCV"},
             {"w", 8},
             {"h", 6},
             {"fl_x", 10},
             {"fl_y", 11},
             {"cx", 4.5},
             {"cy", 2.5},
             {"k1", 0},
             {"p2", 0.0},
             {"frames", Json_::array()}};
  for (int i = 0; i < views; ++i) {
    json["frames"].push_back(frame(fmt::format("images/{:03}.png", i)));
  }
  return json;
}

void add_pictures(const ScratchFolder& folder, int views, int width = 8, int height = 6) {
  for (int i = 0; i < views; ++i) {
    folder.picture(fmt::format("images/{:03}.png", i), width, height);
  }
}

SceneData read(const ScratchFolder& folder, const Json_& json, const Limits& limits = {}) {
  folder.write("transforms.json", json.dump());
  return read_scene_data(folder.path(), limits);
}

TEST(Transforms, ACameraIsTurnedToOpenCv) {
  const ScratchFolder folder;
  add_pictures(folder, 2);
  const SceneData data = read(folder, nerfstudio(2));
  EXPECT_EQ(data.layout, "nerfstudio");
  EXPECT_FALSE(data.white_background);
  ASSERT_EQ(data.views.size(), 2u);
  const SceneView& view = data.views[0];
  EXPECT_EQ(view.name, "images/000.png");
  EXPECT_TRUE(std::filesystem::exists(view.image));
  EXPECT_EQ(view.camera.width, 8);
  EXPECT_EQ(view.camera.fx, 10);
  EXPECT_EQ(view.camera.fy, 11);
  EXPECT_EQ(view.camera.cx, 4.5);
  EXPECT_EQ(view.camera.cy, 2.5);
  EXPECT_EQ(view.camera.centre(), (std::array<double, 3>{1, 2, 3}));
  // Two units ahead (towards -x), one to the right (+y), one down (-z).
  EXPECT_EQ(view.camera.to_camera({-1, 3, 2}), (std::array<double, 3>{1, 1, 2}));
}

TEST(Transforms, ListsSayWhatIsHeldOut) {
  const ScratchFolder folder;
  add_pictures(folder, 5);
  const auto held_out = [&](const Json_& json) {
    const SceneData data = read(folder, json);
    std::string text;
    for (const SceneView& view : data.views) text += view.held_out ? 'x' : '.';
    return text;
  };
  Json_ json = nerfstudio(5);
  json["test_filenames"] = {"images/001.png", "./images/004.png"};
  EXPECT_EQ(held_out(json), ".x..x");
  json["val_filenames"] = {"images/000.png"};
  EXPECT_EQ(held_out(json), "xx..x");
  json["train_filenames"] = {"images/002.png"};
  EXPECT_EQ(held_out(json), "xx.xx");
  json["train_filenames"] = Json_::array();
  expect_holds(refusal([&] { held_out(json); }), "every view is held out");
}

TEST(Transforms, OtherwiseEveryEighthOrFourthIsHeldOut) {
  const ScratchFolder folder;
  add_pictures(folder, 17);
  const auto held_out = [&](int views) { return read(folder, nerfstudio(views)).held_out_views(); };
  EXPECT_EQ(held_out(17), (std::vector<size_t>{0, 8, 16}));
  EXPECT_EQ(held_out(16), (std::vector<size_t>{0, 8}));
  EXPECT_EQ(held_out(15), (std::vector<size_t>{0, 4, 8, 12}));
  EXPECT_EQ(held_out(2), (std::vector<size_t>{0}));
  EXPECT_EQ(held_out(1), std::vector<size_t>{});
}

TEST(Transforms, ViewsAreSortedByName) {
  const ScratchFolder folder;
  add_pictures(folder, 3);
  Json_ json = nerfstudio(3);
  std::swap(json["frames"][0], json["frames"][2]);
  const SceneData data = read(folder, json);
  EXPECT_EQ(data.views[0].name, "images/000.png");
  EXPECT_EQ(data.views[2].name, "images/002.png");
  EXPECT_TRUE(data.views[0].held_out);
}

TEST(Transforms, AFrameMayHaveItsOwnLens) {
  const ScratchFolder folder;
  add_pictures(folder, 2);
  Json_ json = nerfstudio(2);
  json["frames"][1]["fl_x"] = 20;
  json["frames"][1]["cx"] = 3;
  const SceneData data = read(folder, json);
  EXPECT_EQ(data.views[0].camera.fx, 10);
  EXPECT_EQ(data.views[1].camera.fx, 20);
  EXPECT_EQ(data.views[1].camera.cx, 3);
}

TEST(Transforms, AnAngleAndThePictureMakeALens) {
  const ScratchFolder folder;
  add_pictures(folder, 1);
  Json_ json{{"camera_angle_x", 2 * std::atan(0.5)}, {"frames", {frame("images/000")}}};
  const Camera camera = read(folder, json).views[0].camera;
  EXPECT_EQ(camera.width, 8);
  EXPECT_EQ(camera.height, 6);
  EXPECT_NEAR(camera.fx, 8, 1e-12);
  EXPECT_NEAR(camera.fy, 8, 1e-12);
  EXPECT_EQ(camera.cx, 4);
  EXPECT_EQ(camera.cy, 3);
  json["camera_angle_y"] = 2 * std::atan(0.25);
  EXPECT_NEAR(read(folder, json).views[0].camera.fy, 12, 1e-12);
}

TEST(Transforms, ASmallerPictureGetsASmallerCamera) {
  const ScratchFolder folder;
  add_pictures(folder, 1, 4, 3);
  const Camera camera = read(folder, nerfstudio(1)).views[0].camera;
  EXPECT_EQ(camera.width, 4);
  EXPECT_EQ(camera.fx, 5);
  EXPECT_EQ(camera.cy, 1.25);
  add_pictures(folder, 1, 6, 6);
  const std::string text = refusal([&] { read(folder, nerfstudio(1)); });
  expect_holds(text, "6x6");
  expect_holds(text, "8x6");
  expect_holds(text, "images/000.png");
}

TEST(Transforms, AScaledFrameIsARotationAllTheSame) {
  const ScratchFolder folder;
  add_pictures(folder, 1);
  Json_ json = nerfstudio(1);
  json["frames"][0]["transform_matrix"] = {{0, 0, .5, 1}, {.5, 0, 0, 2}, {0, .5, 0, 3}};
  const Camera camera = read(folder, json).views[0].camera;
  EXPECT_EQ(camera.centre(), (std::array<double, 3>{1, 2, 3}));
  EXPECT_EQ(camera.to_camera({-1, 3, 2}), (std::array<double, 3>{1, 1, 2}));
}

TEST(Transforms, PointsComeFromThePlyThatIsNamed) {
  const ScratchFolder folder;
  add_pictures(folder, 1);
  Json_ json = nerfstudio(1);
  json["ply_file_path"] = "points.ply";
  expect_holds(refusal([&] { read(folder, json); }), "points.ply");
  folder.write("points.ply",
               "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
               "property float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n"
               "end_header\n1 2 3 255 0 51\nnan 0 0 1 2 3\n4 5 6 0 0 0\n");
  const SceneData data = read(folder, json);
  ASSERT_EQ(data.points.size(), 2u);
  EXPECT_EQ(data.points[0].position, (std::array<float, 3>{1, 2, 3}));
  EXPECT_FLOAT_EQ(data.points[0].rgb[0], 1);
  EXPECT_FLOAT_EQ(data.points[0].rgb[2], 0.2f);
  EXPECT_EQ(data.points[1].position[0], 4);
  Limits few;
  few.scene_points = 2;
  expect_holds(refusal([&] { read(folder, json, few); }), "scene.points");
}

TEST(Transforms, BlenderScenesHaveCompanions) {
  const ScratchFolder folder;
  const auto write = [&](const std::string& set, int views) {
    Json_ json{{"camera_angle_x", 2 * std::atan(0.5)}, {"frames", Json_::array()}};
    for (int i = 0; i < views; ++i) {
      folder.picture(fmt::format("{}/r_{}.png", set, i), 8, 8);
      json["frames"].push_back(frame(fmt::format("./{}/r_{}", set, i)));
    }
    folder.write("transforms_" + set + ".json", json.dump());
  };
  write("train", 3);
  EXPECT_EQ(read_scene_data(folder.path(), {}).held_out_views().size(), 1u) << "by the rule";
  write("val", 1);
  EXPECT_EQ(read_scene_data(folder.path(), {}).held_out_views().size(), 1u);
  write("test", 2);
  for (const auto& dataset : {folder.path(), folder / "transforms_train.json"}) {
    const SceneData data = read_scene_data(dataset, {});
    EXPECT_EQ(data.layout, "blender");
    EXPECT_TRUE(data.white_background);
    ASSERT_EQ(data.views.size(), 5u);
    EXPECT_EQ(data.held_out_views(), (std::vector<size_t>{0, 1}));
    EXPECT_EQ(data.views[0].name, "test/r_0.png");
    EXPECT_EQ(data.views[0].camera.background, (std::array<float, 3>{1, 1, 1}));
    EXPECT_NEAR(data.views[4].camera.fx, 8, 1e-12);
    EXPECT_TRUE(data.points.empty());
  }
  EXPECT_EQ(read_scene_data(folder / "transforms_test.json", {}).views.size(), 2u);
}

TEST(Transforms, ExtentIsTheReachOfTheTrainingCameras) {
  const ScratchFolder folder;
  add_pictures(folder, 3);
  Json_ json = nerfstudio(3);
  json["frames"][1]["transform_matrix"][0][3] = 3;
  json["frames"][2]["transform_matrix"][0][3] = 500;
  json["test_filenames"] = {"images/002.png"};
  EXPECT_DOUBLE_EQ(read(folder, json).extent(), 1.1);
  json["frames"][1]["transform_matrix"][0][3] = 1;
  EXPECT_EQ(read(folder, json).extent(), 1);
}

TEST(HostileTransforms, EveryBrokenRuleIsNamed) {
  const ScratchFolder folder;
  add_pictures(folder, 1);
  folder.write("text.png", "no picture");
  struct Fault {
    const char* where;  // pointer into the document
    Json_ value;
    const char* text;
  };
  const Json_ mirror{{-1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
  const Json_ below{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0.1, 1}};
  Json_ far = looking_along_minus_x();
  far[1][3] = 1e308;
  const Json_ zero{{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
  const Fault faults[] = {
      {"/frames", Json_::array(), "no views"},
      {"/frames", 3, "array"},
      {"/frames/0/file_path", "../images/000.png", "within the data set"},
      {"/frames/0/file_path", "images/../../x.png", "within the data set"},
      {"/frames/0/file_path", "/etc/passwd", "within the data set"},
      {"/frames/0/file_path", "images\\000.png", "within the data set"},
      {"/frames/0/file_path", "", "within the data set"},
      {"/frames/0/file_path", ".", "within the data set"},
      {"/frames/0/file_path", std::string("images/000.png\0.png", 19), "within the data set"},
      {"/frames/0/file_path", std::string(5000, 'x'), "within the data set"},
      {"/frames/0/file_path", "images/none.png", "no file images/none.png"},
      {"/frames/0/file_path", "text.png", "text.png"},
      {"/frames/0/file_path", 7, "string"},
      {"/frames/0/transform_matrix", 7, "array"},
      {"/frames/0/transform_matrix", {1, 2}, "four rows"},
      {"/frames/0/transform_matrix/1", {1, 2, 3}, "rows of four"},
      {"/frames/0/transform_matrix/1/1", "a", "finite number"},
      {"/frames/0/transform_matrix", mirror, "no rotation"},
      {"/frames/0/transform_matrix", zero, "no rotation"},
      {"/frames/0/transform_matrix", below, "0 0 0 1"},
      {"/w", 0, "whole pixels"},
      {"/h", 1e9, "whole pixels"},
      {"/fl_x", 0, "between 0"},
      {"/fl_y", -1, "between 0"},
      {"/camera_angle_x", 3.2, "between 1e-06 and 3.14159"},
      {"/camera_angle_x", 1e-320, "between 1e-06 and 3.14159"},
      {"/frames/0/transform_matrix", far, "too far away"},
      {"/k1", 0.01, "k1 = 0.01"},
      {"/frames/0/p1", 1e-5, "p1 = 1e-05"},
      {"/distortion_params", {0, 0, 0.1}, "distortion"},
      {"/camera_model", "OPENCV_FISHEYE", "OPENCV_FISHEYE"},
      {"/is_fisheye", true, "is_fisheye"},
      {"/ply_file_path", "../points.ply", "within the data set"},
      {"/train_filenames", {"../x.png"}, "within the data set"},
  };
  for (const Fault& fault : faults) {
    Json_ json = nerfstudio(1);
    json[Json_::json_pointer(fault.where)] = fault.value;
    const std::string text = refusal([&] { read(folder, json); });
    expect_holds(text, fault.text);
    EXPECT_NE(text.find(folder.path().filename().string()), std::string::npos) << text;
  }
  Json_ json = nerfstudio(1);
  json.erase("fl_x");
  expect_holds(refusal([&] { read(folder, json); }), "no focal length");
  json = nerfstudio(1);
  json["frames"][0].erase("transform_matrix");
  expect_holds(refusal([&] { read(folder, json); }), "transform_matrix");
  Limits few;
  few.scene_views = 1;
  expect_holds(refusal([&] { read(folder, nerfstudio(2), few); }), "scene.views");
}

TEST(HostileTransforms, LinksThatLeadOutAreRefused) {
  const ScratchFolder folder, elsewhere;
  const auto secret = elsewhere.picture("secret.png", 8, 6);
  std::filesystem::create_directories(folder / "images");
  std::filesystem::create_symlink(secret, folder / "images/000.png");
  expect_holds(refusal([&] { read(folder, nerfstudio(1)); }), "leads out of the data set");
  std::filesystem::remove(folder / "images/000.png");
  folder.picture("real.png", 8, 6);
  std::filesystem::create_symlink(folder / "real.png", folder / "images/000.png");
  EXPECT_EQ(read(folder, nerfstudio(1)).views.size(), 1u);
}

TEST(SceneData, WhatIsNoDataSetIsCalledSo) {
  const ScratchFolder folder;
  expect_holds(refusal([&] { read_scene_data(folder.path(), {}); }), "no data set");
  expect_holds(refusal([&] { read_scene_data(folder / "none", {}); }), "no such file");
  expect_holds(refusal([&] { read_scene_data(folder.write("a.json", "{"), {}); }), "a.json");
}

}  // namespace
}  // namespace vane
