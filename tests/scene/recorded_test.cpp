// SPDX-License-Identifier: Apache-2.0
// Oracle: tests/oracles/record_scenes.py, which packs one scene in every layout from the definition
// of the layout, without any of our code.
#include <filesystem>

#include "engine/scene/scene_data.h"
#include "engine/scene/splat_file.h"
#include "tests/scene/splat_bounds.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using testing::expect_close;
using testing::same_order;
using testing::ScratchFolder;
using testing::SplatBounds;

const fs::path kData = fs::path(VANE_TEST_DATA) / "scene/data";

void expect_recorded(const fs::path& file, const std::string& layout, int degree,
                     const SplatBounds& bounds) {
  const SplatCloud reference = read_splats(kData / "cloud.ply", {}).cloud;
  ASSERT_EQ(reference.size(), 300);
  ASSERT_EQ(reference.sh_degree, 3);
  EXPECT_EQ(splat_layout(file), layout);
  const SplatFile read = read_splats(file, {});
  EXPECT_EQ(read.layout, layout);
  EXPECT_EQ(read.dropped, 0);
  EXPECT_EQ(read.cloud.sh_degree, degree);
  expect_close(read.cloud, reference, bounds, same_order(300));
}

TEST(RecordedScene, RawSplat) {
  expect_recorded(kData / "cloud.splat", "splat", 0, testing::raw_splat_bounds());
}

TEST(RecordedScene, SpzOfAllVersions) {
  for (const int version : {1, 2, 3, 4}) {
    SCOPED_TRACE(version);
    const fs::path file = kData / ("cloud_v" + std::to_string(version) + ".spz");
    expect_recorded(file, "spz", 3, testing::spz_bounds(version));
    EXPECT_TRUE(read_splats(file, {}).cloud.antialiased);
  }
}

TEST(RecordedScene, CompressedPly) {
  expect_recorded(kData / "cloud.compressed.ply", "compressed-ply", 3,
                  testing::compressed_ply_bounds());
}

TEST(RecordedScene, SogAsZipAndAsFolder) {
  expect_recorded(kData / "cloud.sog", "sog", 3, testing::sog_bounds());
  EXPECT_TRUE(read_splats(kData / "cloud.sog", {}).cloud.antialiased);
}

TEST(RecordedScene, ColmapAsBytesAndAsText) {
  SceneData read[2];
  for (const bool text : {false, true}) {
    const ScratchFolder folder;
    for (const char* name : {"left/b.png", "a.png", "c.png"}) {
      folder.picture(std::string("images/") + name, 8, 6);
    }
    // The binary model lies in sparse/0, the text in sparse.
    const fs::path model = folder / (text ? "sparse" : "sparse/0");
    fs::create_directories(model);
    for (const char* stem : {"cameras", "images", "points3D"}) {
      const std::string name = std::string(stem) + (text ? ".txt" : ".bin");
      fs::copy_file(kData / "colmap" / name, model / name);
    }
    read[text] = read_scene_data(folder.path(), {});
  }
  const SceneData& data = read[0];
  EXPECT_EQ(data.layout, "colmap");
  ASSERT_EQ(data.views.size(), 3u);
  EXPECT_EQ(data.views[0].name, "images/a.png");
  EXPECT_EQ(data.views[2].name, "images/left/b.png");
  EXPECT_EQ(data.held_out_views(), (std::vector<size_t>{0}));
  EXPECT_EQ(data.views[0].camera.fx, 9.5);
  EXPECT_EQ(data.views[0].camera.fy, 9.5);
  EXPECT_EQ(data.views[0].camera.cx, 4);
  EXPECT_EQ(data.views[2].camera.fy, 11.5);
  EXPECT_EQ(data.views[2].camera.cy, 2.75);
  // R[0][1] = 2 (xy - wz) of the quaternion that images.txt shows for a.png, and its translation.
  EXPECT_NEAR(
      data.views[0].camera.world_to_camera[1],
      2 * (0.7282017836138434 * 0.10447324958022423 + 0.01170738020052354 * 0.6772521241846392),
      1e-12);
  EXPECT_EQ(data.views[0].camera.world_to_camera[3], -1.5047921554014176);
  ASSERT_EQ(data.points.size(), 4u);
  EXPECT_FLOAT_EQ(data.points[0].position[1], 0.8334808f);
  EXPECT_FLOAT_EQ(data.points[0].rgb[2], 105 / 255.f);
  ASSERT_EQ(read[1].views.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read[0].views[i].name, read[1].views[i].name);
    EXPECT_EQ(read[0].views[i].camera.world_to_camera, read[1].views[i].camera.world_to_camera);
    EXPECT_EQ(read[0].views[i].camera.fx, read[1].views[i].camera.fx);
  }
  ASSERT_EQ(read[1].points.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(read[0].points[i].position, read[1].points[i].position);
    EXPECT_EQ(read[0].points[i].rgb, read[1].points[i].rgb);
  }
}

}  // namespace
}  // namespace vane
