// SPDX-License-Identifier: Apache-2.0
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <filesystem>

#include "cli/command_table.h"
#include "cli/signals.h"
#include "engine/base/assets.h"

extern char** environ;

namespace vane {
namespace {

struct ModelsGetRequest {
  std::string name;
  std::filesystem::path offline;

  template <class V>
  static void fields(V& v) {
    using C = ModelsGetRequest;
    v.field("name", &C::name,
            "what to fetch: faces, a generator of 1024 px portraits (140 MB with landmarks)",
            {.choices = {"faces"}, .required = true, .positional = true, .placeholder = "NAME"});
    v.field("offline", &C::offline, "take the Python wheel from this folder, not the network",
            {.placeholder = "DIR"});
  }
};

// Runs the script with its words on stderr, so that stdout keeps to results.
int run_script(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, 2, 1);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, argv.front(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed) return 127;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int run_get(Invocation& call) {
  ModelsGetRequest request;
  call.read(request);
  const auto script = models_folder().parent_path() / "setup.sh";
  std::error_code ignored;
  if (!std::filesystem::exists(script, ignored)) {
    throw Error(ErrorCode::input, "the script that fetches models is not there").in_file(script);
  }
  std::vector<std::string> words{script.string(), "--get", request.name};
  if (!request.offline.empty()) {
    words.insert(words.end(), {"--offline", std::filesystem::absolute(request.offline).string()});
  }
  const int code = run_script(words);
  if (stop_exit_code() != 0) throw Cancelled{stop_exit_code()};
  if (code != 0) {
    throw Error(ErrorCode::input, request.name + " could not be fetched")
        .with_hint("its messages above say why");
  }
  const std::string path = (models_folder() / request.name).string();
  return call.finish({{"name", request.name}, {"path", path}}, path + "\n");
}

}  // namespace

Command models_get_command() {
  return {"models get",
          "fetch a published model that may not be shipped",
          {{"vane models get faces", "the generator of faces, into models/faces"}},
          run_get};
}

}  // namespace vane
