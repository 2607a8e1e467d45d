// SPDX-License-Identifier: Apache-2.0
// Every way in which a file can lie, against the whole program. Oracle: the promise of the
// robustness sheet, sections 0, 2, 3 and 8: the exit code of the class, one line that names the
// file and what is wrong with it, soon, in little memory, with nothing run and nothing left behind.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "tests/cli/hostile_files.h"
#include "tests/cli/run_program.h"

namespace vane::testing {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kSlower = 20;
#else
constexpr double kSlower = 1;
#endif
constexpr double kSeconds = 2 * kSlower;
constexpr auto kPeakBytes = int64_t{500'000'000} * static_cast<int64_t>(kSlower);

Names names_in(const fs::path& folder) {
  Names names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

void expect_bounded(const Outcome& outcome) {
  // Other programs may hold the processor, which is not this one's fault; a hang is.
  EXPECT_LT(outcome.cpu_seconds, kSeconds);
  EXPECT_LT(outcome.wall_seconds, 30 * kSeconds);
  EXPECT_LT(outcome.peak_bytes, kPeakBytes);
}

using Arguments = std::vector<std::string>;

/// Runs all at once.
std::vector<Outcome> run_together(const std::vector<Arguments>& runs) {
  std::vector<std::unique_ptr<RunningVane>> running;
  for (const Arguments& arguments : runs)
    running.push_back(std::make_unique<RunningVane>(arguments));
  std::vector<Outcome> outcomes;
  for (const auto& one : running) outcomes.push_back(one->wait());
  return outcomes;
}

/// The line without the file and without numbers, to tell messages of different faults apart.
std::string gist(std::string line, const std::string& file) {
  for (size_t at; (at = line.find(file)) != std::string::npos;) line.erase(at, file.size());
  std::string out;
  for (const char c : line) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit) out += c;
    if (digit && (out.empty() || out.back() != '#')) out += '#';
  }
  return out;
}

/// One folder with the file and whatever it needs.
class Scene {
 public:
  explicit Scene(const HostileFile& file) : path_(folder_.path() / file.name) {
    if (file.beside) file.beside(folder_.path());
    if (file.bytes) folder_.file(file.name, file.bytes());
  }
  std::string path() const { return path_.string(); }
  std::string output(const std::string& name) const { return (folder_.path() / name).string(); }
  Names names() const { return names_in(folder_.path()); }

 private:
  TemporaryFolder folder_;
  fs::path path_;
};

void expect_refused(const HostileFile& file, const Scene& scene, const Outcome& outcome, int code) {
  expect_bounded(outcome);
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_NE(outcome.err.find(scene.path()), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find(file.says), std::string::npos) << file.says << ": " << outcome.err;
}

/// Hands each file to two commands, which write OUT.safetensors and OUT.png if they write at all.
void expect_all_refused(const std::vector<HostileFile>& files, int code,
                        const std::function<std::vector<Arguments>(const Scene&)>& commands) {
  std::map<std::string, std::string> said;
  for (const HostileFile& file : files) {
    SCOPED_TRACE(file.name);
    const Scene scene(file);
    const Names before = scene.names();
    const std::vector<Outcome> outcomes = run_together(commands(scene));
    for (const Outcome& outcome : outcomes) expect_refused(file, scene, outcome, code);
    EXPECT_EQ(scene.names(), before) << "left behind";
    std::string line = gist(outcomes.front().err, scene.path());
    // One limit of all pictures is named by the same words, whatever the format.
    if (file.says.starts_with("--limit")) line = fs::path(file.name).extension().string() + line;
    const auto [other, is_new] = said.emplace(line, file.name);
    EXPECT_TRUE(is_new) << other->second << " is told by the same line: " << line;
  }
}

TEST(HostileFiles, WeightsThatLieAreRefusedInOneLine) {
  const TemporaryFolder elsewhere;
  const fs::path marker = elsewhere.path() / "executed";
  expect_all_refused(hostile_weights(marker), 5, [](const Scene& scene) {
    const std::string out = scene.output("out.safetensors");
    return std::vector<Arguments>{
        {"models", "inspect", scene.path(), "--quiet"},
        {"embed", "--clip", scene.path(), "--text", "x", "-o", out, "--quiet"}};
  });
  EXPECT_FALSE(fs::exists(marker)) << "a command in a file was run";
}

TEST(HostileFiles, PicturesThatLieAreRefusedInOneLine) {
  expect_all_refused(hostile_pictures(), 4, [](const Scene& scene) {
    const std::string out = scene.output("out.safetensors");
    return std::vector<Arguments>{
        {"edit", scene.path(), "--to", "x", "-o", scene.output("out.png"), "--quiet"},
        {"embed", scene.path(), "-o", out, "--quiet"}};
  });
}

TEST(HostileFiles, BombsBesideThePictureDoNoHarm) {
  for (const HostileFile& file : harmless_pictures()) {
    SCOPED_TRACE(file.name);
    const Scene scene(file);
    const Outcome outcome = run_together(
        {{"embed", scene.path(), "-o", scene.output("out.safetensors"), "--quiet"}})[0];
    expect_bounded(outcome);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
  }
}

}  // namespace
}  // namespace vane::testing
