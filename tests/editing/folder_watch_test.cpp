// SPDX-License-Identifier: Apache-2.0
// Oracle: what was done to a folder, and the clock.
#include "editing/folder_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "engine/base/error.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Stops after some time.
class TimedJob final : public Job {
 public:
  explicit TimedJob(int ms) : end_(Clock::now() + milliseconds(ms)) {}
  bool stop_requested() const noexcept override { return Clock::now() >= end_; }
  void progress(int64_t, int64_t, std::string_view) override {}
  void metric(std::string_view, int64_t, double) override {}
  void warn(std::string_view) override {}
  void info(std::string_view) override {}

 private:
  Clock::time_point end_;
};

class FolderWatchTest : public ::testing::Test {
 protected:
  FolderWatchTest() {
    std::string pattern = (fs::temp_directory_path() / "vane-watch-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FolderWatchTest() override { fs::remove_all(folder_); }

  static void write(const fs::path& path) { std::ofstream(path) << "x"; }
  static bool changes(FolderWatch& watch, int ms = 20000) { return watch.wait(TimedJob(ms)); }

  fs::path folder_;
};

TEST_F(FolderWatchTest, TellsOfAFileOnceItIsLeftAlone) {
  FolderWatch watch({folder_}, false);
  EXPECT_FALSE(changes(watch, 100));
  const auto start = Clock::now();
  write(folder_ / "a");
  EXPECT_TRUE(changes(watch));
  EXPECT_GE(Clock::now() - start, milliseconds(450));
  EXPECT_TRUE(watch.is_settled(folder_ / "a"));
  EXPECT_FALSE(changes(watch, 700));  // once
  // Hidden files are somebody's temporary ones.
  write(folder_ / ".a.tmp-1-1");
  fs::remove(folder_ / "a");
  EXPECT_FALSE(changes(watch, 900));
}

TEST_F(FolderWatchTest, AFileThatIsOpenIsNotSettled) {
  FolderWatch watch({folder_}, false);
  std::ofstream open(folder_ / "open");
  open << "x" << std::flush;
  write(folder_ / "closed");
  EXPECT_TRUE(changes(watch));
  EXPECT_TRUE(watch.is_settled(folder_ / "closed"));
  EXPECT_FALSE(watch.is_settled(folder_ / "open"));
  EXPECT_FALSE(changes(watch, 900));
  open.close();
  EXPECT_TRUE(changes(watch));
  EXPECT_TRUE(watch.is_settled(folder_ / "open"));
}

TEST_F(FolderWatchTest, FollowsFoldersThatComeWhenRecursive) {
  FolderWatch flat({folder_}, false), deep({folder_}, true);
  fs::create_directories(folder_ / "one/two");
  EXPECT_TRUE(changes(deep));
  write(folder_ / "one/two/a");
  EXPECT_TRUE(changes(deep));
  EXPECT_FALSE(changes(flat, 900));
}

TEST_F(FolderWatchTest, AQueueThatOverflowedMakesItTell) {
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int events = 0;
  ASSERT_TRUE(limit >> events);
  FolderWatch watch({folder_}, false);
  write(folder_ / "a");
  for (int i = 0; i <= events / 4; ++i) {  // two events each
    fs::rename(folder_ / "a", folder_ / "b");
    fs::rename(folder_ / "b", folder_ / "a");
  }
  write(folder_ / "lost");
  EXPECT_TRUE(changes(watch));
  EXPECT_TRUE(watch.is_settled(folder_ / "lost"));
}

TEST_F(FolderWatchTest, RefusesWhatIsNoFolder) {
  write(folder_ / "file");
  EXPECT_THROW(FolderWatch({folder_ / "file"}, true), Error);
  EXPECT_THROW(FolderWatch({folder_ / "absent"}, false), Error);
}

}  // namespace
}  // namespace vane
