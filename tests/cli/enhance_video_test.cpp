// SPDX-License-Identifier: Apache-2.0
// Oracle: clips made here, and what the program makes of their parts alone.
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/assets.h"
#include "engine/base/hash.h"
#include "engine/base/job.h"
#include "engine/image/codec.h"
#include "engine/image/resize.h"
#include "engine/video/video_file.h"
#include "tests/cli/enhance_program.h"

namespace vane::testing {
namespace {

constexpr int kWidth = 128, kHeight = 96;

/// A sample whose middle stands in its own shade, with noise that changes from frame to frame.
class Scene {
 public:
  explicit Scene(const std::string& sample)
      : lit_(resize_u8(to_rgb8(read_image(assets_folder() / "samples" / sample)), kWidth,
                       kHeight)) {}

  Image frame(uint64_t number) const {
    Image out = lit_;
    out.metadata = {};
    for (size_t i = 0; i < out.u8.size(); ++i) {
      const double x = double(i / 3 % kWidth) / kWidth - 0.5, y = double(i / 3 / kWidth) / kHeight;
      const double shade = std::abs(x) < 0.3 && y > 0.2 ? 0.3 : 1.0;
      const double noise = double(splitmix64(number * 1000003 + i) >> 40) / (1 << 23) - 1;
      out.u8[i] = uint8_t(std::clamp(shade * out.u8[i] + 4 * noise, 0.0, 255.0));
    }
    return out;
  }

 private:
  Image lit_;
};

std::vector<Image> frames_of(const fs::path& path) {
  std::vector<Image> frames;
  VideoReader reader(path);
  while (auto frame = reader.next()) frames.push_back(std::move(*frame));
  return frames;
}

double mean_of(const Image& image) {
  double sum = 0;
  for (const uint8_t sample : image.u8) sum += sample;
  return sum / double(image.u8.size());
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.u8.size(); ++i) sum += std::abs(double(a.u8[i]) - b.u8[i]);
  return sum / double(a.u8.size());
}

class EnhanceVideo : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  std::string clip(const std::string& name, const std::vector<Image>& frames) const {
    VideoWriter writer(path(name), 24, frames.at(0).width, frames.at(0).height);
    for (const Image& frame : frames) writer.add(frame);
    QuietJob job;
    writer.finish(job);
    return path(name);
  }

  std::vector<Image> shot(const Scene& scene, uint64_t count) const {
    std::vector<Image> frames;
    for (uint64_t i = 0; i < count; ++i) frames.push_back(scene.frame(i));
    return frames;
  }

  Outcome enhance(const std::string& input, const std::string& output,
                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"enhance", input, "-o", output};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Surroundings around;
    around.environment["PATH"] = "/nowhere";  // no ffmpeg: with one the sound comes along
    return run_vane(arguments, around);
  }

  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      found.insert(entry.path().filename().string());
    }
    return found;
  }

  void expect_refused(const std::string& input, const std::string& output,
                      const std::vector<std::string>& more, int code,
                      const std::string& words) const {
    const std::set<std::string> before = names();
    const Outcome outcome = enhance(input, output, more);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
    const size_t error = outcome.err.find("vane: error: ");
    ASSERT_NE(error, std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find('\n', error), outcome.err.size() - 1) << outcome.err;
    EXPECT_EQ(names(), before);
  }

  TemporaryFolder folder_;
  const Scene coffee_{"coffee.jpg"}, rocket_{"rocket.jpg"};
};

TEST_F(EnhanceVideo, KeepsFramesRateAndSizeAndSmearsNoCut) {
  std::vector<Image> frames = shot(coffee_, 10);
  const std::vector<Image> second = shot(rocket_, 8);
  frames.insert(frames.end(), second.begin(), second.end());
  // Motion JPEG codes every frame by itself, so that a frame says what became of it alone.
  const std::string input = clip("two.avi", frames), alone = clip("second.avi", second);
  for (const char* output : {"out.avi", "out.mp4", "out.mkv"}) {
    SCOPED_TRACE(output);
    const Outcome outcome = enhance(input, path(output), {"--no-auto-strength", "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("two.avi: sound and metadata are not carried over"),
              std::string::npos);
    const auto file = nlohmann::json::parse(outcome.out)["files"][0];
    EXPECT_EQ(file["status"], "ok");
    EXPECT_EQ(file["w"], kWidth);
    EXPECT_EQ(file["h"], kHeight);
    EXPECT_EQ(file["video"]["frames"], 18);
    EXPECT_NEAR(file["video"]["fps"].get<double>(), 24, 1e-6);
    ASSERT_EQ(file["video"]["shots"].size(), 2u);
    EXPECT_EQ(file["video"]["shots"][0]["frames"], 10);
    EXPECT_EQ(file["video"]["shots"][1]["first"], 10);
    EXPECT_EQ(file["video"]["shots"][1]["frames"], 8);
    EXPECT_GT(file["luma"]["after"].get<double>(), file["luma"]["before"].get<double>() + 0.01);
    VideoReader reader(path(output));
    EXPECT_NEAR(reader.declared().fps, 24, 0.01);
    const std::vector<Image> made = frames_of(path(output));
    ASSERT_EQ(made.size(), 18u);
    EXPECT_EQ(made[0].width, kWidth);
    EXPECT_EQ(made[0].height, kHeight);
    EXPECT_GT(mean_of(made[5]), mean_of(frames[5]) + 2);
  }
  ASSERT_EQ(enhance(alone, path("alone.avi"), {"--no-auto-strength"}).code, 0);
  const std::vector<Image> made = frames_of(path("out.avi")),
                           by_itself = frames_of(path("alone.avi"));
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(made[10 + i].u8, by_itself[i].u8) << i;
}

TEST_F(EnhanceVideo, IsTheSameEveryTime) {
  const std::string input = clip("in.mp4", shot(coffee_, 6));
  ASSERT_EQ(enhance(input, path("one.mp4"), {"--no-auto-strength"}).code, 0);
  ASSERT_EQ(enhance(input, path("two.mp4"), {"--no-auto-strength"}).code, 0);
  EXPECT_TRUE(bytes_of(path("one.mp4")) == bytes_of(path("two.mp4")));
}

TEST_F(EnhanceVideo, WithoutStrengthIsTheFileItself) {
  const std::string input = clip("in.mp4", shot(coffee_, 4));
  ASSERT_EQ(enhance(input, path("same.mp4"), {"--strength", "0"}).code, 0);
  EXPECT_TRUE(bytes_of(path("same.mp4")) == bytes_of(input));
  // Another container cannot be a copy.
  ASSERT_EQ(enhance(input, path("other.mkv"), {"--strength", "0"}).code, 0);
  const std::vector<Image> before = frames_of(input), after = frames_of(path("other.mkv"));
  ASSERT_EQ(after.size(), before.size());
  EXPECT_LT(mean_difference(before[2], after[2]), 3);
}

TEST_F(EnhanceVideo, RefusesInOneLineAndLeavesNothing) {
  const std::string input = clip("in.mp4", shot(coffee_, 12));
  const std::string avi = clip("in.avi", shot(coffee_, 12));
  const std::string bytes = bytes_of(input), frames = bytes_of(avi);
  const std::string out = path("out.mp4");
  const std::string cut = folder_.file("cut.mp4", bytes.substr(0, bytes.size() * 9 / 10)),
                    half = folder_.file("half.avi", frames.substr(0, frames.size() / 2)),
                    empty = folder_.file("empty.mp4", ""),
                    text = folder_.file("text.mp4", "no video, but some text in its place\n");
  expect_refused(cut, out, {}, 4, "cut.mp4");
  expect_refused(half, out, {}, 4, "half.avi: is cut short");
  expect_refused(empty, out, {}, 4, "empty.mp4: is empty");
  expect_refused(text, out, {}, 4, "text.mp4: is no video");
  expect_refused(path("absent.mp4"), out, {}, 4, "absent.mp4");
  expect_refused(input, path("out.jpg"), {}, 2, "a video needs an output");
  expect_refused(input, out, {"--mask", "the person"}, 2, "--mask is for photographs");
  expect_refused(input, out, {"--method", "gamma"}, 2, "a method other than vane is for");
  expect_refused(input, out, {"--preview"}, 2, "--preview is for photographs");
  expect_refused(input, input, {"--overwrite"}, 2, "is the photograph itself");
  expect_refused(input, path("absent/out.mp4"), {}, 8, "absent/out.mp4");
}

TEST_F(EnhanceVideo, LeavesOrReplacesWhatIsThere) {
  const std::string input = clip("in.mp4", shot(coffee_, 4));
  const std::string out = folder_.file("out.mp4", "old");
  expect_refused(input, out, {}, 6, "is there already");
  EXPECT_EQ(enhance(input, out, {"--skip-existing"}).code, 0);
  EXPECT_EQ(bytes_of(out), "old");
  EXPECT_EQ(enhance(input, out, {"--overwrite", "--no-auto-strength"}).code, 0);
  EXPECT_EQ(frames_of(out).size(), 4u);
}

TEST_F(EnhanceVideo, IsTakenWhenNamedAndNotFromAFolder) {
  fs::create_directory(path("card"));
  clip("card/clip.mp4", shot(coffee_, 4));
  write_image(path("card/photo.png"), coffee_.frame(0));
  ASSERT_EQ(enhance(path("card"), path("all")).code, 0);
  EXPECT_TRUE(fs::exists(path("all/photo.png")));
  EXPECT_FALSE(fs::exists(path("all/clip.mp4")));
  const Outcome both =
      run_vane({"enhance", path("card/clip.mp4"), path("card/photo.png"), "-o", path("both")});
  ASSERT_EQ(both.code, 0) << both.err;
  EXPECT_TRUE(fs::exists(path("both/photo.png")));
  EXPECT_EQ(frames_of(path("both/clip.mp4")).size(), 4u);
}

TEST_F(EnhanceVideo, InterruptedLeavesNothing) {
  const std::string input = clip("in.mp4", shot(coffee_, 400));
  const std::set<std::string> before = names();
  RunningVane running({"enhance", input, "-o", path("out.mp4"), "--no-auto-strength"});
  ASSERT_TRUE(running.wait_for_stderr("enhancing"));
  EXPECT_NE(names(), before);  // its temporary file
  running.send(SIGINT);
  EXPECT_EQ(running.wait().code, 130);
  EXPECT_EQ(names(), before);
}

TEST_F(EnhanceVideo, OnlyAVideoLoadsOpenCv) {
  Surroundings around;
  around.environment["LD_DEBUG"] = "files";
  write_image(path("photo.png"), coffee_.frame(0));
  const Outcome photo = run_vane({"enhance", path("photo.png"), "-o", path("lit.png")}, around);
  ASSERT_EQ(photo.code, 0);
  EXPECT_NE(photo.err.find("libvane_engine"), std::string::npos);
  for (const char* library : {"libvane_video", "libopencv", "libavcodec"}) {
    EXPECT_EQ(photo.err.find(library), std::string::npos) << library;
  }
  const std::string input = clip("in.mp4", shot(coffee_, 2));
  const Outcome video = run_vane({"enhance", input, "-o", path("lit.mp4")}, around);
  ASSERT_EQ(video.code, 0);
  EXPECT_NE(video.err.find("libopencv_videoio"), std::string::npos);
}

}  // namespace
}  // namespace vane::testing
