// SPDX-License-Identifier: Apache-2.0
// Oracle: the scene of tests/oracles/record_scenes.py, whose facts are known.
#include "editing/services/scene_models.h"

#include <gtest/gtest.h>

#include "engine/scene/splat_file.h"
#include "tests/scene/scene_support.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using testing::expect_holds;
using testing::refusal;
using testing::ScratchFolder;

const fs::path kData = fs::path(VANE_TEST_DATA) / "scene/data";

TEST(InspectScene, EveryLayoutIsTold) {
  const std::pair<const char*, const char*> files[] = {
      {"cloud.ply", "ply"},     {"cloud.compressed.ply", "compressed-ply"},
      {"cloud.splat", "splat"}, {"cloud_v2.spz", "spz"},
      {"cloud_v4.spz", "spz"},  {"cloud.sog", "sog"}};
  for (const auto& [name, layout] : files) {
    SCOPED_TRACE(name);
    ModelsInspectRequest request;
    request.path = kData / name;
    ModelsInspectResult result;
    ASSERT_TRUE(inspect_scene(request, result));
    EXPECT_EQ(result.kind, "scene");
    EXPECT_EQ(result.layout, layout);
    EXPECT_EQ(result.loads_as, "render");
    EXPECT_EQ(result.fault, "");
    EXPECT_EQ(result.gaussians, 300);
    EXPECT_EQ(result.sh_degree, name == std::string("cloud.splat") ? 0 : 3);
    EXPECT_EQ(result.bytes, fs::file_size(request.path));
    EXPECT_EQ(result.hash.size(), 16u);
    ASSERT_EQ(result.bounds_min.size(), 3u);
    for (size_t axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(result.bounds_min[axis], -4, 0.15);
      EXPECT_NEAR(result.bounds_max[axis], 4, 0.15);
    }
    EXPECT_EQ(result.tensors.front().shape, (std::vector<int64_t>{300, 3}));
  }
}

TEST(InspectScene, WhatDoesNotLoadSaysWhy) {
  const ScratchFolder folder;
  ModelsInspectRequest request;
  request.path = folder.write("points.ply",
                              "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\n"
                              "property float y\nproperty float z\nend_header\n1 2 3\n");
  ModelsInspectResult result;
  ASSERT_TRUE(inspect_scene(request, result));
  EXPECT_EQ(result.kind, "scene");
  EXPECT_EQ(result.loads_as, "");
  expect_holds(result.fault, "point cloud");
  request.path = folder.write("weights.safetensors", "{}");
  EXPECT_FALSE(inspect_scene(request, result));
  request.path = folder.path();
  EXPECT_FALSE(inspect_scene(request, result));
}

TEST(InspectScene, ADataSetIsTold) {
  const ScratchFolder folder;
  folder.picture("images/a.png", 8, 6);
  folder.picture("images/b.png", 8, 6);
  const std::string pose = R"("transform_matrix":[[1,0,0,0],[0,1,0,0],[0,0,1,2],[0,0,0,1]])";
  folder.write("transforms.json", R"({"fl_x":10,"frames":[{"file_path":"images/a.png",)" + pose +
                                      R"(},{"file_path":"images/b.png",)" + pose + "}]}");
  ModelsInspectRequest request;
  request.path = folder.path();
  ModelsInspectResult result;
  ASSERT_TRUE(inspect_scene(request, result));
  EXPECT_EQ(result.kind, "dataset");
  EXPECT_EQ(result.layout, "nerfstudio");
  EXPECT_EQ(result.loads_as, "fit");
  EXPECT_EQ(result.views, 2);
  EXPECT_EQ(result.architecture, "2 views of 8x6 pixels, 1 held out, 0 points");
}

TEST(ConvertScene, BetweenAllLayoutsThatAreWritten) {
  const ScratchFolder folder;
  const std::pair<const char*, const char*> outputs[] = {{"b.ply", "ply"},
                                                         {"b.compressed.ply", "compressed-ply"},
                                                         {"b.splat", "splat"},
                                                         {"b.spz", "spz"}};
  for (const char* input : {"cloud.ply", "cloud_v2.spz", "cloud.sog"}) {
    for (const auto& [output, layout] : outputs) {
      SCOPED_TRACE(std::string(input) + " to " + output);
      ModelsConvertRequest request;
      request.input = kData / input;
      request.output = folder / output;
      ModelsConvertResult result;
      ASSERT_TRUE(convert_scene(request, result));
      EXPECT_EQ(result.layout, layout);
      EXPECT_EQ(result.gaussians, 300);
      EXPECT_EQ(result.dropped, 0);
      EXPECT_EQ(result.bytes, fs::file_size(folder / output));
      EXPECT_EQ(read_splats(folder / output, {}).cloud.size(), 300);
    }
  }
}

TEST(ConvertScene, WhatCannotBeIsRefused) {
  const ScratchFolder folder;
  ModelsConvertRequest request;
  ModelsConvertResult result;
  request.input = kData / "cloud.ply";
  request.output = folder / "b.safetensors";
  expect_holds(refusal([&] { convert_scene(request, result); }, ErrorCode::usage), "written as");
  EXPECT_FALSE(fs::exists(request.output));
  request.output = folder / "b.ply";
  request.half = true;
  expect_holds(refusal([&] { convert_scene(request, result); }, ErrorCode::usage), "--half");
  request.input = folder.write("a.pt", "weights");
  EXPECT_FALSE(convert_scene(request, result));
}

}  // namespace
}  // namespace vane
