// SPDX-License-Identifier: Apache-2.0
// Oracle: the real program on a display in memory, drawn by software; what its own commands write.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/base/assets.h"
#include "engine/image/codec.h"
#include "tests/cli/run_program.h"

namespace vane {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;
using testing::run_vane;
using testing::TemporaryFolder;

std::string bytes_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool window_is_built() {
  return fs::exists(fs::path(VANE_BINARY).parent_path() / "libvane_gui.so");
}

/// Xvfb on a number of its own choice; empty display() where it is not installed.
class MemoryDisplay {
 public:
  MemoryDisplay() {
    int ends[2];
    if (::pipe(ends) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      const int quiet = ::open("/dev/null", O_WRONLY);
      ::dup2(quiet, 1);
      ::dup2(quiet, 2);
      const std::string number = std::to_string(ends[1]);
      ::execlp("Xvfb", "Xvfb", "-displayfd", number.c_str(), "-screen", "0", "1600x1000x24",
               "-nolisten", "tcp", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(ends[1]);
    char digit = 0;
    std::string number;
    while (::read(ends[0], &digit, 1) == 1 && digit != '\n') number += digit;
    ::close(ends[0]);
    if (!number.empty()) display_ = ":" + number;
  }
  ~MemoryDisplay() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  MemoryDisplay(const MemoryDisplay&) = delete;
  MemoryDisplay& operator=(const MemoryDisplay&) = delete;

  const std::string& display() const { return display_; }

 private:
  pid_t pid_ = -1;
  std::string display_;
};

testing::Surroundings with(const std::map<std::string, std::string>& environment) {
  testing::Surroundings around;
  around.environment = environment;
  return around;
}

TEST(WindowProgram, WithoutADisplayOneLineSaysSo) {
  if (!window_is_built()) GTEST_SKIP() << "built without the window";
  const Outcome outcome = run_vane({"gui"}, with({{"DISPLAY", ""}, {"WAYLAND_DISPLAY", ""}}));
  EXPECT_EQ(outcome.code, 4);
  EXPECT_NE(outcome.err.find("there is no display"), std::string::npos) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

TEST(WindowProgram, HelpNeedsNoDisplay) {
  const Outcome outcome = run_vane({"gui", "--help"}, with({{"DISPLAY", ""}}));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("--script"), std::string::npos);
}

TEST(WindowProgram, AScriptedSessionExportsWhatTheCommandWrites) {
  if (!window_is_built()) GTEST_SKIP() << "built without the window";
  const MemoryDisplay display;
  if (display.display().empty()) GTEST_SKIP() << "Xvfb is not installed";
  const TemporaryFolder folder;
  const fs::path photo = folder.path() / "photo.png";
  fs::path sample;
  for (const auto& entry : fs::directory_iterator(assets_folder() / "samples")) {
    if (entry.path().extension() == ".jpg") sample = entry.path();
  }
  write_image(photo, read_image(sample));
  const fs::path exported = folder.path() / "out.png";
  const std::string script = folder.file("script.yaml",
                                         "steps:\n"
                                         "  - size: [1100, 720]\n"
                                         "  - click: Enhance light\n"
                                         "  - wait: jobs\n"
                                         "  - slide: {label: \"##strength\", to: 0.3}\n"
                                         "  - key: S\n"
                                         "  - screenshot: split\n"
                                         "  - key: Ctrl+E\n"
                                         "  - key: Ctrl+A\n"
                                         "  - type: " +
                                             exported.string() +
                                             "\n"
                                             "  - key: Enter\n"
                                             "  - wait: jobs\n"
                                             "  - expect: Exported\n"
                                             "  - key: Ctrl+S\n");
  const fs::path pictures = folder.path() / "pictures";
  const Outcome outcome =
      run_vane({"gui", photo.string(), "--script", script, "--screenshot", pictures.string()},
               with({{"DISPLAY", display.display()},
                     {"LIBGL_ALWAYS_SOFTWARE", "1"},
                     {"XDG_DATA_HOME", (folder.path() / "data").string()}}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string bytes = bytes_of(exported);
  ASSERT_FALSE(bytes.empty());
  // The window drew something: neither one colour nor transparent.
  const Image shot = read_image(pictures / "split.jpg");
  EXPECT_EQ(shot.width, 1100);
  EXPECT_EQ(shot.height, 720);
  EXPECT_NE(*std::min_element(shot.u8.begin(), shot.u8.end()),
            *std::max_element(shot.u8.begin(), shot.u8.end()));
  // The strength that the slider gave is in the sidecar.
  const std::string sidecar = bytes_of(photo.string() + ".vane.yaml");
  const size_t at = sidecar.find("strength: ");
  ASSERT_NE(at, std::string::npos) << sidecar;
  const std::string strength = sidecar.substr(at + 10, sidecar.find('\n', at) - at - 10);
  EXPECT_NE(strength, "1");
  const Outcome command = run_vane(
      {"enhance", photo.string(), "--strength", strength, "-o", exported.string(), "--overwrite"});
  ASSERT_EQ(command.code, 0) << command.err;
  EXPECT_EQ(bytes_of(exported), bytes);
}

TEST(WindowProgram, RepeatedStepsAreDoneAndTheirWaitsTold) {
  if (!window_is_built()) GTEST_SKIP() << "built without the window";
  const MemoryDisplay display;
  if (display.display().empty()) GTEST_SKIP() << "Xvfb is not installed";
  const TemporaryFolder folder;
  const auto around = with({{"DISPLAY", display.display()},
                            {"LIBGL_ALWAYS_SOFTWARE", "1"},
                            {"XDG_DATA_HOME", (folder.path() / "data").string()}});
  const auto run = [&](const std::string& steps) {
    const std::string script = folder.file("script.yaml", steps);
    return run_vane({"gui", "--script", script, "--json"}, around);
  };
  const Outcome outcome =
      run("steps:\n"
          "  - repeat:\n"
          "      times: 3\n"
          "      steps:\n"
          "        - key: S\n"
          "        - wait: jobs\n");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto told = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(told["keys"], 3);
  ASSERT_EQ(told["waits"].size(), 1u);
  ASSERT_EQ(told["waits"]["6"].size(), 3u);
  for (const auto& seconds : told["waits"]["6"]) {
    EXPECT_GT(seconds.get<double>(), 0);
    EXPECT_LT(seconds.get<double>(), 60);
  }
  const Outcome endless = run("steps:\n  - repeat: {times: 1000000, steps: [{key: S}]}\n");
  EXPECT_EQ(endless.code, 3);
  EXPECT_NE(endless.err.find("too many steps"), std::string::npos) << endless.err;
  const Outcome aimless = run("steps:\n  - repeat: 3\n");
  EXPECT_EQ(aimless.code, 3);
  EXPECT_NE(aimless.err.find("script.yaml:2:"), std::string::npos) << aimless.err;
}

}  // namespace
}  // namespace vane
