// SPDX-License-Identifier: Apache-2.0
// Oracle: what is on disk after success and after every kind of failure.
#include "engine/base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "engine/base/byte_source.h"
#include "engine/base/error.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class AtomicFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ("atomic_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
};

TEST_F(AtomicFile, ReplacesTheWholeFileAndKeepsItsMode) {
  const fs::path path = folder_ / "out.txt";
  atomic_write(path, std::string_view("old"));
  ::chmod(path.c_str(), 0640);
  atomic_write(path, std::string_view("new content"));
  EXPECT_EQ(read(path), "new content");
  EXPECT_EQ(fs::status(path).permissions(), static_cast<fs::perms>(0640));
  EXPECT_EQ(entries(), 1u);
}

TEST_F(AtomicFile, ALibraryThatOpensByNameFindsTheEndingAndLeavesTheWholeFileOrNothing) {
  const auto write = [&](bool fails) {
    atomic_write_by_name(folder_ / "clip.mp4", [&](const std::filesystem::path& temporary) {
      EXPECT_EQ(temporary.extension(), ".mp4");
      EXPECT_EQ(temporary.parent_path(), folder_);
      EXPECT_NE(temporary.filename(), "clip.mp4");
      std::ofstream(temporary) << "whole";
      if (fails) throw Error(ErrorCode::resource, "full");
    });
  };
  EXPECT_THROW(write(true), Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  write(false);
  EXPECT_EQ(std::filesystem::file_size(folder_ / "clip.mp4"), 5u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(AtomicFile, AFailingProducerLeavesTheOldFileAndNothingElse) {
  const fs::path path = folder_ / "out.txt";
  atomic_write(path, std::string_view("old"));
  EXPECT_THROW(atomic_write(path,
                            [](const ByteSink& sink) {
                              sink(std::as_bytes(std::span("half", 4)));
                              throw Error(ErrorCode::numeric, "no more");
                            }),
               Error);
  EXPECT_EQ(read(path), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(AtomicFile, AFullDiskIsAResourceErrorAndLeavesNothing) {
  const fs::path path = folder_ / "big.bin";
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit small = old;
  small.rlim_cur = 100'000;
  ::setrlimit(RLIMIT_FSIZE, &small);
  ErrorCode code = ErrorCode::internal;
  try {
    atomic_write(path, std::string(300'000, 'x'));
  } catch (const Error& error) {
    code = error.code();
    EXPECT_EQ(error.file(), path.string());
  }
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(code, ErrorCode::resource);
  EXPECT_EQ(entries(), 0u);
}

TEST_F(AtomicFile, AMissingFolderIsNamedBeforeAnythingIsComputed) {
  try {
    check_writable(folder_ / "nowhere" / "out.png");
    FAIL() << "accepted a missing folder";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::resource);
    EXPECT_NE(std::string(error.what()).find("create the folder first"), std::string::npos);
  }
  EXPECT_THROW(check_writable(folder_), Error);
  check_writable(folder_ / "out.png");
  EXPECT_EQ(entries(), 0u);
}

TEST_F(AtomicFile, MappedFileRefusesWhatIsNotARegularFile) {
  const int code = static_cast<int>(ErrorCode::input);
  EXPECT_THROW(MappedFile::open(folder_, 100, code), Error);
  EXPECT_THROW(MappedFile::open("/dev/zero", 100, code), Error);
  EXPECT_THROW(MappedFile::open(folder_ / "absent", 100, code), Error);
  ::mkfifo((folder_ / "fifo").c_str(), 0600);
  EXPECT_THROW(MappedFile::open(folder_ / "fifo", 100, code), Error);
  atomic_write(folder_ / "a", std::string_view("12345"));
  EXPECT_THROW(MappedFile::open(folder_ / "a", 4, code), Error);
  EXPECT_EQ(MappedFile::open(folder_ / "a", 5, code)->size(), 5u);
  atomic_write(folder_ / "empty", std::string_view());
  EXPECT_EQ(MappedFile::open(folder_ / "empty", 5, code)->size(), 0u);
}

}  // namespace
}  // namespace vane
