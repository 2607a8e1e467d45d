// SPDX-License-Identifier: Apache-2.0
// Oracle: mmap(2): reading a page of a mapping beyond the end of its file raises SIGBUS, which
// would end this program; the robustness sheet, 2.1, wants an error instead.
#include "engine/base/mapping_guard.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/base/atomic_file.h"
#include "engine/base/byte_source.h"
#include "engine/base/mapped_pages.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

class MappingGuardTest : public ::testing::Test {
 protected:
  MappingGuardTest() {
    std::string pattern = (fs::temp_directory_path() / "vane-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    file_ = folder_ / "weights";
    std::ofstream(file_, std::ios::binary) << std::string(8 * page(), 'x');
  }
  ~MappingGuardTest() override { fs::remove_all(folder_); }

  static size_t page() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }
  std::shared_ptr<const MappedFile> mapped() const {
    return MappedFile::open(file_, 1 << 30, static_cast<int>(ErrorCode::checkpoint));
  }
  void cut() const { fs::resize_file(file_, page()); }
  static std::string told() {
    try {
      check_mappings();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::checkpoint);
      return error.what();
    }
    return "";
  }

  fs::path folder_, file_;
};

TEST_F(MappingGuardTest, AFileThatShrinksReadsAsZerosAndIsTold) {
  const auto source = mapped();
  EXPECT_EQ(source->view()[5 * page()], std::byte{'x'});
  cut();
  EXPECT_EQ(told(), "");  // nothing that is missing was read yet
  EXPECT_EQ(source->view()[5 * page() + 7], std::byte{0});
  EXPECT_EQ(source->view()[8 * page() - 1], std::byte{0});
  EXPECT_EQ(source->view()[1], std::byte{'x'});
  EXPECT_NE(told().find(file_.string() + ": file shrank while being read"), std::string::npos);
  EXPECT_NE(told(), "");  // the mapping stays useless
}

TEST_F(MappingGuardTest, AMappingThatWentAwayIsToldOnce) {
  auto source = mapped();
  cut();
  EXPECT_EQ(source->view()[3 * page()], std::byte{0});
  source.reset();
  EXPECT_NE(told(), "");
  EXPECT_EQ(told(), "");
}

TEST_F(MappingGuardTest, ManyThreadsMayMeetTheMissingPagesAtOnce) {
  const auto source = mapped();
  cut();
  std::vector<std::thread> threads;
  std::array<int, 4> sums{};
  for (size_t t = 0; t < sums.size(); ++t) {
    threads.emplace_back([&, t] {
      for (size_t p = 8; p-- > 1;) sums[t] += std::to_integer<int>(source->view()[p * page() + t]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sums, (std::array<int, 4>{}));
  EXPECT_NE(told(), "");
}

// Oracle: mincore(2) cannot tell a page of the cache from one of ours, /proc/self/smaps can.
size_t resident_kilobytes(const fs::path& file) {
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find(file.string()) != std::string::npos) inside = true;
    if (inside && line.starts_with("Rss:")) return std::stoul(line.substr(4));
  }
  return 0;
}

TEST_F(MappingGuardTest, PagesThatAreReleasedAreReadAgainFromTheFile) {
  const auto source = mapped();
  const auto bytes = source->view();
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), std::byte{'x'}), std::ssize(bytes));
  const size_t all = resident_kilobytes(file_);
  EXPECT_EQ(all, 8 * page() / 1024);
  // Whole pages only: the first and the last one hold a neighbour's bytes.
  release_mapped_pages(bytes.subspan(1, bytes.size() - 2));
  EXPECT_EQ(resident_kilobytes(file_), 2 * page() / 1024);
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), std::byte{'x'}), std::ssize(bytes));
  const std::vector<std::byte> memory(4 * page(), std::byte{7});
  release_mapped_pages(memory);
  EXPECT_EQ(memory[2 * page()], std::byte{7});
}

TEST_F(MappingGuardTest, NothingIsWrittenFromAFileThatShrank) {
  const auto source = mapped();
  cut();
  EXPECT_THROW(atomic_write(folder_ / "out", source->view()), Error);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

}  // namespace
}  // namespace vane
