// SPDX-License-Identifier: Apache-2.0
// Oracle: files made here byte by byte (gaps, odd sides, a turn), and the journal's promises.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/video/video_file.h"
#include "tests/cli/enhance_program.h"
#include "tests/support/avi_file.h"

namespace vane::testing {
namespace {

using Json = nlohmann::json;

/// Dark at the left, light at the right; `step` moves the border.
Image frame_of(int width, int height, int step) {
  Image frame;
  frame.width = width;
  frame.height = height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        frame.u8.push_back(uint8_t((x < width / 2 + step ? 24 : 170) + 6 * c + y % 8));
      }
    }
  }
  return frame;
}

double mean_difference(const Image& a, const Image& b) {
  EXPECT_EQ(a.u8.size(), b.u8.size());
  double sum = 0;
  for (size_t i = 0; i < a.u8.size(); ++i) sum += std::abs(double(a.u8[i]) - b.u8[i]);
  return sum / double(a.u8.size());
}

std::vector<Image> frames_of(const fs::path& path) {
  std::vector<Image> frames;
  VideoReader reader(path);
  while (auto frame = reader.next()) frames.push_back(std::move(*frame));
  return frames;
}

class EnhanceVideoFiles : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  Json enhance(const std::vector<std::string>& inputs, const std::string& output,
               const std::vector<std::string>& more = {}, std::string* err = nullptr) const {
    std::vector<std::string> arguments{"enhance", "-o", path(output), "--json"};
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    Surroundings around;
    around.environment["PATH"] = "/nowhere";  // no ffmpeg
    const Outcome outcome = run_vane(arguments, around);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    if (err) *err = outcome.err;
    return outcome.code == 0 ? Json::parse(outcome.out) : Json{};
  }

  TemporaryFolder folder_;
};

TEST_F(EnhanceVideoFiles, HoldsAFrameForAsLongAsTheFileDoes) {
  // Shown at 0, 1, 2, 3, 7 and 8 tenths of a second.
  std::vector<std::optional<Image>> frames;
  for (int i = 0; i < 9; ++i) {
    if (i < 4 || i > 6) {
      frames.push_back(frame_of(96, 64, 2 * i));
    } else {
      frames.push_back({});
    }
  }
  write_avi(path("gaps.avi"), 10, frames);
  std::string err;
  const Json file =
      enhance({path("gaps.avi")}, "out.avi", {"--no-auto-strength"}, &err)["files"][0];
  EXPECT_EQ(file["video"]["frames"], 6);
  EXPECT_EQ(file["video"]["held"], 3);
  EXPECT_NE(err.find("gaps.avi: its frames come at uneven times"), std::string::npos) << err;
  const std::vector<Image> made = frames_of(path("out.avi"));
  ASSERT_EQ(made.size(), 9u);
  for (const size_t i : {4, 5, 6}) EXPECT_EQ(made[i].u8, made[3].u8) << i;
  for (const size_t i : {1, 2, 3, 7, 8}) EXPECT_NE(made[i].u8, made[i - 1].u8) << i;
}

TEST_F(EnhanceVideoFiles, CutsOddSides) {
  std::vector<std::optional<Image>> frames;
  for (int i = 0; i < 4; ++i) frames.push_back(frame_of(97, 65, 2 * i));
  write_avi(path("odd.avi"), 10, frames);
  std::string err;
  const Json file = enhance({path("odd.avi")}, "out.mkv", {"--strength", "0"}, &err)["files"][0];
  EXPECT_EQ(file["w"], 96);
  EXPECT_EQ(file["h"], 64);
  EXPECT_NE(err.find("odd.avi: cut to 96 x 64 pixels"), std::string::npos) << err;
  const std::vector<Image> made = frames_of(path("out.mkv"));
  ASSERT_EQ(made.size(), 4u);
  EXPECT_LT(mean_difference(made[2], crop(*frames[2], 0, 0, 96, 64)), 4);
}

TEST_F(EnhanceVideoFiles, ATurnedVideoIsWrittenUpright) {
  {
    VideoWriter writer(path("plain.mp4"), 10, 96, 64);
    for (int i = 0; i < 5; ++i) writer.add(frame_of(96, 64, 2 * i));
  }
  // The matrix of the track's header (ISO/IEC 14496-12, 8.3.2), its first two rows: x' = ax + cy,
  // y' = bx + dy. What is at the left comes to the top by a quarter turn clockwise, to the bottom
  // by one against the clock, to the right by half a turn.
  const std::string zero(4, '\0'), one("\0\1\0\0", 4), minus("\xff\xff\0\0", 4);
  struct Turn {
    std::string a, b, c, d;
    int dark_x, dark_y, light_x, light_y;
  };
  for (const Turn& turn :
       {Turn{zero, one, minus, zero, 20, 8, 20, 88}, Turn{zero, minus, one, zero, 20, 88, 20, 8},
        Turn{minus, zero, zero, minus, 88, 20, 8, 20}}) {
    std::string bytes = bytes_of(path("plain.mp4"));
    const size_t matrix = bytes.find("tkhd") + 4 + 4 + 20 + 8 + 8;
    ASSERT_EQ(bytes.substr(matrix, 4), one);
    bytes.replace(matrix, 24, turn.a + turn.b + zero + turn.c + turn.d + zero);
    folder_.file("turned.mp4", bytes);
    const Json file =
        enhance({path("turned.mp4")}, "out.mp4", {"--no-auto-strength", "--overwrite"})["files"][0];
    const bool on_side = turn.a == zero;
    EXPECT_EQ(file["w"], on_side ? 64 : 96);
    EXPECT_EQ(file["h"], on_side ? 96 : 64);
    const std::vector<Image> made = frames_of(path("out.mp4"));
    ASSERT_EQ(made.size(), 5u);
    ASSERT_EQ(made[0].width, on_side ? 64 : 96);
    const auto level = [&](int x, int y) {
      return int(made[0].u8[size_t(y * made[0].width + x) * 3]);
    };
    EXPECT_LT(level(turn.dark_x, turn.dark_y) + 40, level(turn.light_x, turn.light_y));
  }
}

TEST_F(EnhanceVideoFiles, AreTakenFromFoldersByTheirExtensionAndResumed) {
  fs::create_directories(path("card/deep"));
  for (const char* name : {"card/a.avi", "card/deep/b.avi"}) {
    std::vector<std::optional<Image>> frames;
    for (int i = 0; i < 4; ++i) frames.push_back(frame_of(96, 64, 3 * i));
    write_avi(path(name), 10, frames);
  }
  write_image(path("card/photo.png"), frame_of(96, 64, 0));
  const std::vector<std::string> both{"-r", "--ext", "png,avi", "--no-auto-strength"};
  const auto statuses = [&](std::vector<std::string> more) {
    more.insert(more.end(), both.begin(), both.end());
    std::string out;
    const Json report = enhance({path("card")}, "out", more);
    for (const Json& file : report["files"]) out += file["status"].get<std::string>() + " ";
    return out;
  };
  EXPECT_EQ(statuses({}), "ok ok ok ");
  const std::string first = bytes_of(path("out/a.avi"));
  EXPECT_EQ(frames_of(path("out/deep/b.avi")).size(), 4u);
  EXPECT_EQ(statuses({"--resume"}), "skipped:done skipped:done skipped:done ");
  // A photograph of its own, another video under the same name, and other settings.
  fs::remove(path("out/deep/b.avi"));
  EXPECT_EQ(statuses({"--resume"}), "skipped:done ok skipped:done ");
  std::vector<std::optional<Image>> frames(4, frame_of(96, 64, 9));
  const auto time = fs::last_write_time(path("card/a.avi"));
  write_avi(path("card/a.avi"), 10, frames);
  fs::last_write_time(path("card/a.avi"), time);
  EXPECT_EQ(statuses({"--resume"}), "ok skipped:done skipped:done ");
  EXPECT_NE(bytes_of(path("out/a.avi")), first);
  EXPECT_EQ(statuses({"--resume", "--strength", "0.5"}), "ok ok ok ");
  // A pattern that ends like a video names videos.
  EXPECT_EQ(enhance({path("card/*.avi")}, "pattern")["counts"]["failed"], 0);
  EXPECT_TRUE(fs::exists(path("pattern/a.avi")));
}

TEST_F(EnhanceVideoFiles, APipeWithTheNameOfAVideoIsRefused) {
  ASSERT_EQ(::mkfifo(path("pipe.mp4").c_str(), 0600), 0);
  const Outcome outcome = run_vane({"enhance", path("pipe.mp4"), "-o", path("out.mp4")});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_NE(outcome.err.find("pipe.mp4: is not a regular file"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace vane::testing
