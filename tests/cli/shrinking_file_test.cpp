// SPDX-License-Identifier: Apache-2.0
// Oracle: the robustness sheet, 2.1: weights that are cut short while they are read end in an error
// line and exit code 5, not in a signal.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/cli/run_program.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kBytes = 512ull << 20;

/// One tensor of zeros; the data is a hole in the file, so that it takes no space.
std::string sparse_weights(const TemporaryFolder& folder) {
  const std::string facts = R"({"w":{"dtype":"F32","shape":[)" + std::to_string(kBytes / 4) +
                            R"(],"data_offsets":[0,)" + std::to_string(kBytes) + "]}}";
  std::string length;
  for (int i = 0; i < 8; ++i) length += static_cast<char>(facts.size() >> (8 * i));
  const std::string path = folder.file("w.safetensors", length + facts);
  fs::resize_file(path, 8 + facts.size() + kBytes);
  return path;
}

/// Waits until the program has mapped the file.
bool wait_for_mapping(pid_t pid, const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    const std::string text(std::istreambuf_iterator<char>(maps), {});
    if (text.find(path) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

TEST(ShrinkingFile, WeightsCutShortWhileTheyAreReadAreAnErrorOfTheirOwn) {
  const TemporaryFolder folder;
  const std::string path = sparse_weights(folder);
  RunningVane running({"models", "inspect", path, "--quiet"});
  ASSERT_TRUE(wait_for_mapping(running.pid(), path));
  fs::resize_file(path, 4096);
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.code, 5) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find(path + ": file shrank while being read"), std::string::npos)
      << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

}  // namespace
}  // namespace vane::testing
