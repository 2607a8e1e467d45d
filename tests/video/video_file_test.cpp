// SPDX-License-Identifier: Apache-2.0
// Oracle: frames made here by closed forms, written and read back; files cut at a byte.
#include "engine/video/video_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// Soft colours, brighter by a step with every frame.
Image frame_of(int width, int height, int number) {
  Image frame;
  frame.width = width;
  frame.height = height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      frame.u8.push_back(uint8_t(60 + 9 * number + x / 4));
      frame.u8.push_back(uint8_t(40 + 9 * number + y / 2));
      frame.u8.push_back(uint8_t(20 + 9 * number));
    }
  }
  return frame;
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.u8.size(); ++i) sum += std::abs(double(a.u8[i]) - b.u8[i]);
  return sum / double(a.u8.size());
}

class VideoFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "vane-video-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path clip(const std::string& name, int frames, double fps = 25, int width = 96,
                int height = 64) const {
    VideoWriter writer(folder_ / name, fps, width, height);
    for (int i = 0; i < frames; ++i) writer.add(frame_of(width, height, i));
    QuietJob job;
    writer.finish(job);
    return folder_ / name;
  }

  /// Its first bytes, as a file of the same ending.
  fs::path cut(const fs::path& whole, double share) const {
    std::ifstream in(whole, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const fs::path path = folder_ / ("cut" + whole.extension().string());
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), std::streamsize(double(bytes.size()) * share));
    return path;
  }

  void expect_refused(const fs::path& path, const std::string& words) const {
    try {
      VideoReader reader(path);
      while (reader.next()) {
      }
      ADD_FAILURE() << path << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::input) << error.what();
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
      EXPECT_EQ(error.file(), path.string());
    }
  }

  fs::path folder_;
};

TEST_F(VideoFile, KeepsFramesRateSizeAndOrderInEveryContainer) {
  for (const char* name : {"a.mp4", "a.m4v", "a.mov", "a.mkv", "a.avi", "A.MP4"}) {
    for (const double fps : {25.0, 30000.0 / 1001}) {
      SCOPED_TRACE(name + std::to_string(fps));
      VideoReader reader(clip(name, 20, fps));
      EXPECT_EQ(reader.declared().frames, 20);
      EXPECT_NEAR(reader.declared().fps, fps, 0.01);
      int number = 0;
      while (const auto frame = reader.next()) {
        ASSERT_EQ(frame->width, 96);
        ASSERT_EQ(frame->height, 64);
        // Nearer to its own picture than to its neighbours, which are 9 away; a swap of red and
        // blue would be 27.
        const double own = mean_difference(*frame, frame_of(96, 64, number));
        EXPECT_LT(own, 4) << number;
        EXPECT_LT(own, mean_difference(*frame, frame_of(96, 64, number - 1))) << number;
        EXPECT_LT(own, mean_difference(*frame, frame_of(96, 64, number + 1))) << number;
        ++number;
      }
      EXPECT_EQ(number, 20);
    }
  }
}

TEST_F(VideoFile, RefusesWhatIsCutShortEmptyOrNoVideo) {
  for (const char* name : {"a.mp4", "a.mkv", "a.avi"}) {
    const fs::path whole = clip(name, 60);
    for (const double share : {0.0, 0.0005, 0.3, 0.9}) {
      SCOPED_TRACE(name + std::to_string(share));
      expect_refused(cut(whole, share), "");
    }
    expect_refused(cut(whole, 0), "is empty");
  }
  expect_refused(folder_ / "absent.mp4", "No such file");
  const fs::path playlist = folder_ / "list.mp4";
  std::ofstream(playlist) << "#EXTM3U\n#EXTINF:1,\n" << clip("b.mp4", 3).string() << "\n";
  expect_refused(playlist, "is no video");
  expect_refused(folder_, "is a folder");
}

TEST_F(VideoFile, HoldsFramesToTheLimitsOfPictures) {
  const fs::path path = clip("a.mp4", 3);
  Limits limits;
  limits.image_pixels = 96 * 64;
  EXPECT_TRUE(VideoReader(path, limits).next());
  limits.image_pixels -= 1;
  EXPECT_THROW(VideoReader(path, limits), Error);
  limits = {};
  limits.image_side = 95;
  EXPECT_THROW(VideoReader(path, limits), Error);
}

TEST_F(VideoFile, WritesNoOddSidesAndNoUnknownEnding) {
  EXPECT_THROW(VideoWriter(folder_ / "a.mp4", 25, 95, 64), Error);
  EXPECT_THROW(VideoWriter(folder_ / "a.mp4", 25, 96, 63), Error);
  EXPECT_THROW(VideoWriter(folder_ / "a.webm", 25, 96, 64), Error);
  EXPECT_THROW(VideoWriter(folder_ / "absent" / "a.mp4", 25, 96, 64), Error);
  VideoWriter writer(folder_ / "a.mp4", 25, 96, 64);
  EXPECT_THROW(writer.add(frame_of(96, 62, 0)), Error);
}

// A disk that is full, of which OpenCV's writer says nothing.
TEST_F(VideoFile, AFileThatCouldNotBeWrittenWholeIsAnError) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  for (const char* name : {"a.mp4", "a.mkv", "a.avi"}) {
    const auto size = fs::file_size(clip(name, 60));
    rlimit small = before;
    small.rlim_cur = size / 2;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    try {
      clip(name, 60);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::resource) << name;
    }
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  }
  ::signal(SIGXFSZ, handler);
}

}  // namespace
}  // namespace vane
