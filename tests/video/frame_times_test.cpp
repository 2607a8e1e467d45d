// SPDX-License-Identifier: Apache-2.0
// Oracle: clocks written down here, and a file with gaps made here.
#include "engine/video/frame_times.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/video/video_file.h"
#include "tests/support/avi_file.h"

namespace vane::testing {
namespace {

std::vector<int64_t> places_of(double rate, const std::vector<double>& times) {
  FramePlaces places(rate);
  std::vector<int64_t> found;
  for (const double time : times) found.push_back(places.next(time));
  return found;
}

TEST(FramePlaces, AnEvenClockIsCountedHoweverItIsRounded) {
  for (const double rate : {10.0, 24000.0 / 1001, 59.94, 240.0}) {
    FramePlaces exact(rate), rounded(rate), late(rate);
    for (int64_t i = 0; i < 5000; ++i) {
      const double time = double(i) / rate;
      ASSERT_EQ(exact.next(time), i) << rate;
      ASSERT_EQ(rounded.next(std::round(1000 * time) / 1000), i) << rate;  // as Matroska does
      ASSERT_EQ(late.next(time + 3.2), i) << rate;                         // a start that is not 0
    }
  }
}

TEST(FramePlaces, KeepsGapsAndNeverGoesBack) {
  using Places = std::vector<int64_t>;
  EXPECT_EQ(places_of(10, {0, 0.1, 0.5, 0.6, 1.2}), (Places{0, 1, 5, 6, 12}));
  // Faster than the rate: one after the other, until the clock has caught up.
  EXPECT_EQ(places_of(10, {0, 0.02, 0.04, 0.06, 0.08, 0.9}), (Places{0, 1, 2, 3, 4, 9}));
  // A time that is unknown, or behind.
  EXPECT_EQ(places_of(10, {0, 0.1, 0, 0, 0.4, 0.7}), (Places{0, 1, 2, 3, 4, 7}));
  // The clock jumps; what follows goes on from there.
  EXPECT_EQ(places_of(10, {0, 0.1, 1e6, 1e6 + 0.1, 1e6 + 0.4}), (Places{0, 1, 2, 3, 6}));
}

TEST(FrameRate, IsTheDeclaredOneUnlessMostFramesComeFaster) {
  FrameRate even(25), rounded(120), pausing(20), dropping(15), silent(30);
  for (int i = 0; i < 200; ++i) {
    even.add(i / 25.0);
    rounded.add(std::round(1000 * i / 120.0) / 1000);
    pausing.add(i < 150 ? i / 30.0 : 5 + (i - 150) / 10.0);  // 20 a second on average
    dropping.add(i * 0.4);
    silent.add(0);
  }
  EXPECT_EQ(even.rate(), 25);
  EXPECT_EQ(rounded.rate(), 120);
  EXPECT_NEAR(pausing.rate(), 30, 0.01);
  EXPECT_EQ(dropping.rate(), 15);
  EXPECT_EQ(silent.rate(), 30);
  EXPECT_EQ(FrameRate(12).rate(), 12);
}

class UnevenFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "vane-times-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Image frame(int level) {
    Image image;
    image.width = 33;
    image.height = 17;
    image.u8.assign(image.sample_count(), uint8_t(level));
    return image;
  }

  std::filesystem::path folder_;
};

// A fifth of the declared frames is there, and the file is whole nevertheless.
TEST_F(UnevenFile, IsNotCutShort) {
  std::vector<std::optional<Image>> frames(40);
  for (int i = 0; i < 40; i += 5) frames[size_t(i)] = frame(10 + i);
  frames.resize(36);
  write_avi(folder_ / "gaps.avi", 10, frames);
  VideoReader reader(folder_ / "gaps.avi");
  EXPECT_EQ(reader.declared().fps, 10);
  for (int i = 0; i < 40; i += 5) {
    const auto read = reader.next();
    ASSERT_TRUE(read) << i;
    EXPECT_EQ(read->width, 33);
    EXPECT_EQ(read->height, 17);
    EXPECT_EQ(read->u8, frame(10 + i).u8);
    EXPECT_NEAR(reader.seconds(), i / 10.0, 1e-3);
  }
  EXPECT_FALSE(reader.next());
}

TEST_F(UnevenFile, IsCutShortWhereItEndsBeforeItsTime) {
  std::vector<std::optional<Image>> frames(40);
  for (int i = 0; i < 25; i += 5) frames[size_t(i)] = frame(10 + i);
  write_avi(folder_ / "gaps.avi", 10, frames);
  VideoReader reader(folder_ / "gaps.avi");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(reader.next());
  EXPECT_THROW(reader.next(), Error);
}

}  // namespace
}  // namespace vane::testing
