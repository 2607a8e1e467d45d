// SPDX-License-Identifier: Apache-2.0
// Oracle: stand-ins for ffmpeg that note what they are asked for, fail, lie or never end.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/text.h"
#include "engine/video/video_file.h"
#include "tests/cli/enhance_program.h"

namespace vane::testing {
namespace {

class EnhanceVideoSound : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  void SetUp() override {
    VideoWriter writer(path("in.mp4"), 10, 96, 64);
    Image frame;
    frame.width = 96;
    frame.height = 64;
    frame.u8.assign(frame.sample_count(), 60);
    for (int i = 0; i < 6; ++i) writer.add(frame);
    fs::create_directory(path("bin"));
    around_.environment["PATH"] = path("bin") + ":relative:/usr/bin:/bin";
    around_.environment["LOG"] = path("log");
  }

  void ffmpeg(const std::string& script) const {
    folder_.file("bin/ffmpeg", "#!/bin/sh\nfor last; do :; done\n" + script + "\n");
    ASSERT_EQ(::chmod(path("bin/ffmpeg").c_str(), 0755), 0);
  }

  /// The file's entry in the report; the warnings go to `err_`.
  nlohmann::json enhance() {
    const Outcome outcome = run_vane({"enhance", path("in.mp4"), "-o", path("out.mp4"),
                                      "--no-auto-strength", "--json", "--overwrite"},
                                     around_);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    err_ = outcome.err;
    return nlohmann::json::parse(outcome.out)["files"][0];
  }

  int frames() const {
    VideoReader reader(path("out.mp4"));
    int count = 0;
    while (reader.next()) ++count;
    return count;
  }

  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      found.insert(entry.path().filename().string());
    }
    return found;
  }

  TemporaryFolder folder_;
  Surroundings around_;
  std::string err_;
};

// Adds a box that readers skip, so that its work can be told.
constexpr const char* kAdds =
    "printf '%s\\n' \"$@\" > \"$LOG\"\n"
    "cp \"${7#file:}\" \"${last#file:}\"\n"
    "printf '\\000\\000\\000\\016freesound!' >> \"${last#file:}\"";

TEST_F(EnhanceVideoSound, ComesFromTheSourceByFfmpegWithoutAShell) {
  fs::rename(path("in.mp4"), path("in $(touch hacked) -y.mp4"));
  fs::create_symlink(path("in $(touch hacked) -y.mp4"), path("in.mp4"));
  ffmpeg(kAdds);
  EXPECT_EQ(enhance()["video"]["with_sound"], true);
  EXPECT_NE(err_.find("in.mp4: metadata is not carried over"), std::string::npos) << err_;
  EXPECT_TRUE(bytes_of(path("out.mp4")).ends_with("freesound!"));
  EXPECT_EQ(frames(), 6);
  const std::vector<std::string> words = split(bytes_of(path("log")), '\n');
  const std::vector<std::string> expected{"-nostdin",
                                          "-v",
                                          "quiet",
                                          "-protocol_whitelist",
                                          "file",
                                          "-i",
                                          "*",
                                          "-protocol_whitelist",
                                          "file",
                                          "-i",
                                          "file:" + path("in.mp4"),
                                          "-map",
                                          "0:v:0",
                                          "-map",
                                          "1:a?",
                                          "-c",
                                          "copy",
                                          "-map_chapters",
                                          "-1",
                                          "-y",
                                          "*",
                                          ""};
  ASSERT_EQ(words.size(), expected.size());
  for (size_t i = 0; i < words.size(); ++i) {
    EXPECT_TRUE(expected[i] == "*" || words[i] == expected[i]) << words[i];
  }
  EXPECT_EQ(names(), (std::set<std::string>{"bin", "in $(touch hacked) -y.mp4", "in.mp4", "log",
                                            "out.mp4"}));
}

TEST_F(EnhanceVideoSound, IsLeftOutWhereFfmpegFailsOrLies) {
  const std::set<std::string> after{"bin", "in.mp4", "out.mp4"};
  for (const char* script : {"exit 1", "kill -9 $$", "exit 0", "echo nonsense > \"${last#file:}\"",
                             "rm \"${last#file:}\""}) {
    SCOPED_TRACE(script);
    ffmpeg(script);
    EXPECT_EQ(enhance()["video"]["with_sound"], false);
    EXPECT_NE(err_.find("in.mp4: sound and metadata are not carried over"), std::string::npos);
    EXPECT_EQ(frames(), 6);
    EXPECT_EQ(names(), after);
  }
  folder_.file("bin/ffmpeg", "no program");
  ASSERT_EQ(::chmod(path("bin/ffmpeg").c_str(), 0644), 0);
  EXPECT_EQ(enhance()["video"]["with_sound"], false);
}

TEST_F(EnhanceVideoSound, AnInterruptionEndsFfmpegToo) {
  ffmpeg("echo $$ > \"$LOG\"\nexec sleep 300");
  RunningVane running({"enhance", path("in.mp4"), "-o", path("out.mp4"), "--no-auto-strength"},
                      around_);
  ASSERT_TRUE(running.wait_for_stderr("adding the sound"));
  for (int i = 0; i < 200 && bytes_of(path("log")).empty(); ++i) ::usleep(50'000);
  const auto child = parse_integer(trimmed(bytes_of(path("log"))));
  ASSERT_TRUE(child);
  running.send(SIGINT);
  EXPECT_EQ(running.wait().code, 130);
  EXPECT_EQ(::kill(static_cast<pid_t>(*child), 0), -1);
  EXPECT_EQ(names(), (std::set<std::string>{"bin", "in.mp4", "log"}));
}

}  // namespace
}  // namespace vane::testing
