// SPDX-License-Identifier: Apache-2.0
// Oracle: the rules for untrusted data sets of the robustness sheet, section 4, and COLMAP's
// description of its files.
#include <fmt/format.h>

#include <cstring>

#include "engine/scene/colmap.h"
#include "engine/scene/scene_data.h"
#include "tests/scene/scene_support.h"
#include "tests/weights/file_bytes.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using testing::as_bytes;
using testing::expect_holds;
using testing::read_bytes;
using testing::refusal;
using testing::ScratchFolder;

const fs::path kModel = fs::path(VANE_TEST_DATA) / "scene/data/colmap";

std::string doubles(std::initializer_list<double> values) {
  std::string bytes;
  for (const double value : values) {
    uint64_t bits;
    std::memcpy(&bits, &value, 8);
    bytes += little_endian(bits, 8);
  }
  return bytes;
}

std::string camera(uint32_t id, uint32_t model, uint64_t width, uint64_t height,
                   std::initializer_list<double> parameters) {
  return little_endian(id, 4) + little_endian(model, 4) + little_endian(width, 8) +
         little_endian(height, 8) + doubles(parameters);
}

std::string counted(uint64_t count, const std::string& records) {
  return little_endian(count, 8) + records;
}

std::string image(uint32_t id, std::initializer_list<double> pose, const std::string& name,
                  uint64_t points = 0, const std::string& seen = "") {
  return little_endian(id, 4) + doubles(pose) + little_endian(1, 4) + name + '\0' +
         little_endian(points, 8) + seen;
}

std::string cameras_refused(const std::string& file, ColmapForm form = ColmapForm::binary,
                            const Limits& limits = {}) {
  return refusal([&] { parse_colmap_cameras(as_bytes(file), form, limits); }, ErrorCode::input,
                 file.size());
}

std::string images_refused(const std::string& file, ColmapForm form = ColmapForm::binary,
                           const Limits& limits = {}) {
  return refusal([&] { parse_colmap_images(as_bytes(file), form, limits); }, ErrorCode::input,
                 file.size());
}

TEST(Colmap, LensesWithoutDistortionAreTaken) {
  const std::string file =
      counted(4, camera(1, 2, 8, 6, {10, 4, 3, 0}) + camera(2, 3, 8, 6, {11, 4, 3, 0, 0}) +
                     camera(3, 4, 8, 6, {12, 13, 4, 3, 0, 0, 0, 0}) +
                     camera(4, 6, 8, 6, {14, 15, 4, 3, 0, 0, 0, 0, 0, 0, 0, 0}));
  const auto cameras = parse_colmap_cameras(as_bytes(file), ColmapForm::binary, {});
  ASSERT_EQ(cameras.size(), 4u);
  EXPECT_EQ(cameras.at(1).fx, 10);
  EXPECT_EQ(cameras.at(1).fy, 10);
  EXPECT_EQ(cameras.at(2).cx, 4);
  EXPECT_EQ(cameras.at(3).fy, 13);
  EXPECT_EQ(cameras.at(4).cy, 3);
}

TEST(HostileColmap, OtherLensesAreRefusedByName) {
  struct Fault {
    std::string file;
    const char* text;
  };
  const Fault faults[] = {
      {camera(1, 2, 8, 6, {10, 4, 3, 0.1}), "SIMPLE_RADIAL with distortion (parameter 4 is 0.1)"},
      {camera(1, 3, 8, 6, {10, 4, 3, 0, -1e-9}), "RADIAL with distortion (parameter 5"},
      {camera(1, 4, 8, 6, {10, 10, 4, 3, 0, 0, 0, 1}), "OPENCV with distortion (parameter 8"},
      {camera(1, 5, 8, 6, {10, 10, 4, 3, 0, 0, 0, 0}), "OPENCV_FISHEYE"},
      {camera(1, 7, 8, 6, {10, 10, 4, 3, 0}), "FOV"},
      {camera(1, 10, 8, 6, {10, 10, 4, 3, 0, 0, 0, 0, 0, 0, 0, 0}), "THIN_PRISM_FISHEYE"},
      {camera(1, 11, 8, 6, {10, 10, 4, 3}), "lens model 11"},
      {camera(1, 0xffffffff, 8, 6, {10, 4, 3}), "lens model -1"},
      {camera(1, 0, 0, 6, {10, 4, 3}), "0x6"},
      {camera(1, 0, 8, 1ull << 40, {10, 4, 3}), "1099511627776"},
      {camera(1, 0, 8, 6, {0, 4, 3}), "focal length"},
      {camera(1, 1, 8, 6, {5, -5, 4, 3}), "focal length"},
      {camera(1, 0, 8, 6, {5, NAN, 3}), "not finite"},
      {camera(1, 0, 8, 6, {INFINITY, 4, 3}), "not finite"},
  };
  for (const Fault& fault : faults)
    expect_holds(cameras_refused(counted(1, fault.file)), fault.text);
  const std::string good = camera(1, 0, 8, 6, {10, 4, 3});
  expect_holds(cameras_refused(counted(2, good + good)), "second camera with id 1");
  expect_holds(cameras_refused("1 BOX 8 6 10 4 3", ColmapForm::text), "\"BOX\"");
  expect_holds(cameras_refused("1 PINHOLE 8 6 10 4 3", ColmapForm::text), "ends before");
  expect_holds(cameras_refused("1 PINHOLE 8 6 10 4 3 x", ColmapForm::text), "\"x\"");
  expect_holds(cameras_refused("-1 PINHOLE 8 6 10 4 3 2", ColmapForm::text), "camera id");
}

TEST(HostileColmap, CountsCannotAskForMoreThanTheFileHolds) {
  for (const uint64_t count : {uint64_t{2}, uint64_t{1} << 61, UINT64_MAX}) {
    expect_holds(cameras_refused(counted(count, camera(1, 0, 8, 6, {10, 4, 3}))), "declares");
    expect_holds(images_refused(counted(count, image(1, {1, 0, 0, 0, 0, 0, 0}, "a.png"))),
                 "declares");
    expect_holds(
        images_refused(counted(1, image(1, {1, 0, 0, 0, 0, 0, 0}, "a.png", count, "012345"))),
        "points of an image");
    expect_holds(refusal([&] {
                   parse_colmap_points(as_bytes(counted(count, std::string(51, '\0'))),
                                       ColmapForm::binary, {});
                 }),
                 "declares");
    expect_holds(refusal([&] {
                   parse_colmap_points(
                       as_bytes(counted(1, std::string(43, '\0') + little_endian(count, 8))),
                       ColmapForm::binary, {});
                 }),
                 "views of a point");
  }
}

TEST(HostileColmap, ImagesAreChecked) {
  const auto one = [](std::initializer_list<double> pose, const std::string& name) {
    return images_refused(counted(1, image(1, pose, name)));
  };
  for (const char* name : {"../a.png", "/a.png", "x/../../a.png", "..", "a\\b.png", ""}) {
    expect_holds(one({1, 0, 0, 0, 0, 0, 0}, name), "within the data set");
  }
  expect_holds(one({1, 0, 0, 0, 0, 0, 0}, std::string(5000, 'x')), "within the data set");
  expect_holds(one({0.5, 0, 0, 0, 0, 0, 0}, "a.png"), "no rotation of length 1");
  expect_holds(one({0, 0, 0, 0, 0, 0, 0}, "a.png"), "no rotation of length 1");
  expect_holds(one({NAN, 0, 0, 0, 0, 0, 0}, "a.png"), "no rotation of length 1");
  expect_holds(one({1, 0, 0, 0, 0, INFINITY, 0}, "a.png"), "no place");
  const std::string good = image(1, {1, 0, 0, 0, 0, 0, 0}, "a.png");
  expect_holds(images_refused(counted(2, good + good)), "second image with id 1");
  Limits few;
  few.scene_views = 1;
  expect_holds(images_refused(counted(2, good + good), ColmapForm::binary, few), "scene.views");
  expect_holds(images_refused(counted(0, "")), "no views");
  expect_holds(images_refused("# nothing\n", ColmapForm::text), "no views");
  expect_holds(images_refused("1 1 0 0 0 0 0 0 1", ColmapForm::text), "within the data set");
  expect_holds(images_refused("1 1 0 0 0 0 0 zero 1 a.png", ColmapForm::text), "\"zero\"");
}

TEST(HostileColmap, EveryTruncationIsRefused) {
  const std::string cameras = read_bytes(kModel / "cameras.bin"),
                    images = read_bytes(kModel / "images.bin"),
                    points = read_bytes(kModel / "points3D.bin");
  for (size_t size = 0; size < cameras.size(); ++size) cameras_refused(cameras.substr(0, size));
  for (size_t size = 0; size < images.size(); ++size) images_refused(images.substr(0, size));
  for (size_t size = 0; size < points.size(); ++size) {
    const std::string cut = points.substr(0, size);
    refusal([&] { parse_colmap_points(as_bytes(cut), ColmapForm::binary, {}); }, ErrorCode::input,
            size);
  }
}

TEST(HostileColmap, TheModelHasToFitTheFolder) {
  const ScratchFolder folder;
  fs::create_directories(folder / "sparse/0");
  for (const char* stem : {"cameras.bin", "images.bin", "points3D.bin"}) {
    fs::copy_file(kModel / stem, folder / "sparse/0" / stem);
  }
  const auto read = [&] { return read_scene_data(folder.path(), {}); };
  expect_holds(refusal(read), "no file images/left/b.png");
  for (const char* name : {"images/left/b.png", "images/a.png", "images/c.png"}) {
    folder.picture(name, 4, 3);
  }
  EXPECT_EQ(read().views[0].camera.fx, 9.5 / 2) << "a smaller picture, a smaller camera";
  folder.picture("images/a.png", 5, 5);
  expect_holds(refusal(read), "other proportions");
  folder.picture("images/a.png", 8, 6);
  fs::remove(folder / "sparse/0/points3D.bin");
  EXPECT_TRUE(read().points.empty());
  folder.write("sparse/0/cameras.bin", counted(1, camera(1, 0, 8, 6, {10, 4, 3})));
  expect_holds(refusal(read), "camera 7 is not among");
  fs::remove(folder / "sparse/0/images.bin");
  expect_holds(refusal(read), "images.bin");
}

}  // namespace
}  // namespace vane
