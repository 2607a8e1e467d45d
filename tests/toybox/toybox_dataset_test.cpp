// SPDX-License-Identifier: Apache-2.0
// Oracle: the files of a data set must agree with each other, read as a program that knows only
// nerfstudio's conventions would read them.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/image/codec.h"
#include "generators/toybox/toybox.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

struct View {
  double fl_x, fl_y, cx, cy, depth_unit;
  double world[3][4];  // camera to world, OpenGL axes
  Image depth, instance;

  std::array<double, 3> point(int x, int y) const {
    const double z = depth.u16[size_t(y) * size_t(depth.width) + size_t(x)] * depth_unit;
    const double here[3] = {(x + 0.5 - cx) / fl_x * z, -(y + 0.5 - cy) / fl_y * z, -z};
    std::array<double, 3> there{};
    for (size_t r = 0; r < 3; ++r) {
      there[r] = world[r][3];
      for (size_t k = 0; k < 3; ++k) there[r] += world[r][k] * here[k];
    }
    return there;
  }
  /// Column, row, depth.
  std::array<double, 3> project(const std::array<double, 3>& p) const {
    double here[3] = {0, 0, 0};
    for (size_t k = 0; k < 3; ++k) {
      for (size_t r = 0; r < 3; ++r) here[k] += world[r][k] * (p[r] - world[r][3]);
    }
    const double z = -here[2];
    return {fl_x * here[0] / z + cx, -fl_y * here[1] / z + cy, z};
  }
  /// Whether `p` is what this view sees there, to 1 % of depth; -1: outside or hidden, else the id.
  int sees(const std::array<double, 3>& p) const {
    const auto [x, y, z] = project(p);
    if (z <= 0 || x < 0 || y < 0 || x >= depth.width || y >= depth.height) return -1;
    const size_t i = size_t(y) * size_t(depth.width) + size_t(x);
    if (std::abs(depth.u16[i] * depth_unit - z) > 0.01 * z) return -1;
    return instance.u8[i];
  }
};

class ToyboxDataset : public testing::Test {
 protected:
  void SetUp() override {
    // Tests run side by side, each in a folder of its own.
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("vane_toybox_") + info->name());
    fs::remove_all(folder_);
    ToyboxDatasetRequest request;
    request.views = 4;
    request.kind = "still-life";
    request.size = "96x80";
    request.seed = 3;
    request.output = folder_;
    QuietJob job;
    toybox_dataset(request, job);
    std::ifstream stream(folder_ / "transforms.json");
    json_ = nlohmann::json::parse(stream);
    for (const auto& frame : json_["frames"]) {
      View view{json_["fl_x"],
                json_["fl_y"],
                json_["cx"],
                json_["cy"],
                json_["depth_unit_scale_factor"],
                {},
                {},
                {}};
      for (size_t r = 0; r < 3; ++r) {
        for (size_t k = 0; k < 4; ++k) view.world[r][k] = frame["transform_matrix"][r][k];
      }
      view.depth = read_image(folder_ / frame["depth_file_path"].get<std::string>());
      view.instance = read_image(folder_ / frame["instance_file_path"].get<std::string>());
      views_.push_back(std::move(view));
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
  nlohmann::json json_;
  std::vector<View> views_;
};

TEST_F(ToyboxDataset, ViewsShowTheSameThingsAtTheSamePlaces) {
  ASSERT_EQ(views_.size(), 4u);
  int shared = 0, agreeing = 0;
  for (size_t a = 0; a < 4; ++a) {
    for (size_t b = 0; b < 4; ++b) {
      if (a == b) continue;
      for (int y = 0; y < 80; y += 2) {
        for (int x = 0; x < 96; x += 2) {
          const size_t i = size_t(y) * 96 + size_t(x);
          if (views_[a].instance.u8[i] == 0 || views_[a].depth.u16[i] == 0) continue;
          const int id = views_[b].sees(views_[a].point(x, y));
          if (id < 0) continue;
          ++shared;
          agreeing += id == views_[a].instance.u8[i];
        }
      }
    }
  }
  EXPECT_GT(shared, 200);
  // Pixels on outlines may fall on the neighbour.
  EXPECT_GT(agreeing, 0.93 * shared);
}

TEST_F(ToyboxDataset, FewViewsHoldOutTheLastOne) {
  EXPECT_EQ(json_["train_filenames"].size(), 3u);
  ASSERT_EQ(json_["test_filenames"].size(), 1u);
  EXPECT_EQ(json_["test_filenames"][0], "images/000003.png");
}

TEST_F(ToyboxDataset, PointsLieOnWhatTheViewsSee) {
  std::ifstream stream(folder_ / json_["ply_file_path"].get<std::string>(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  const size_t body = bytes.find("end_header\n") + 11;
  const size_t at = bytes.find("element vertex ") + 15;
  const size_t count = std::stoul(bytes.substr(at));
  ASSERT_EQ(bytes.size() - body, count * 15);
  ASSERT_GT(count, 2000u);
  int seen = 0, asked = 0;
  for (size_t i = 0; i < count; i += 7) {
    float xyz[3];
    std::memcpy(xyz, bytes.data() + body + i * 15, sizeof xyz);
    bool any = false;
    for (size_t v = 0; v < 3; ++v) any = any || views_[v].sees({xyz[0], xyz[1], xyz[2]}) >= 0;
    ++asked;
    seen += any;
  }
  EXPECT_GT(seen, 0.9 * asked);
}

}  // namespace
}  // namespace vane
