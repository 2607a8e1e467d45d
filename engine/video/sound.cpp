// SPDX-License-Identifier: Apache-2.0
#include "engine/video/sound.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/text.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

constexpr auto kPoll = std::chrono::milliseconds(20);

/// A program that runs; killed when it is left.
class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (::posix_spawn(&pid_, argv.front(), &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Whether it ended well.
  bool wait(const Job& job) {
    int status = 0;
    while (pid_ > 0) {
      const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
      if (ended == 0 || (ended < 0 && errno == EINTR)) {
        job.check_cancelled();
        std::this_thread::sleep_for(kPoll);
        continue;
      }
      pid_ = -1;
      return ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return false;
  }

 private:
  pid_t pid_ = -1;
};

/// "file:" keeps a name from being taken for another protocol.
std::string place(const fs::path& path) { return "file:" + fs::absolute(path).string(); }

}  // namespace

std::optional<fs::path> find_ffmpeg() {
  const char* folders = std::getenv("PATH");
  for (const std::string& folder : split(folders ? folders : "", ':')) {
    const fs::path program = fs::path(folder) / "ffmpeg";
    std::error_code ignored;
    if (program.is_absolute() && fs::is_regular_file(program, ignored) &&
        ::access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return std::nullopt;
}

bool add_sound(const fs::path& ffmpeg, const fs::path& pictures, const fs::path& source,
               const fs::path& target, Job& job) {
  // An input may be a playlist by its content; it could name no host and nothing but files.
  Child child({ffmpeg.string(),
               "-nostdin",
               "-v",
               "quiet",
               "-protocol_whitelist",
               "file",
               "-i",
               place(pictures),
               "-protocol_whitelist",
               "file",
               "-i",
               place(source),
               "-map",
               "0:v:0",
               "-map",
               "1:a?",
               "-c",
               "copy",
               "-map_chapters",
               "-1",
               "-y",
               place(target)});
  job.progress(0, 0, "adding the sound");
  return child.wait(job);
}

}  // namespace vane
