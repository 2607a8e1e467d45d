// SPDX-License-Identifier: Apache-2.0
// `vane`: finds the command, runs it, and turns whatever happens into one line and an exit code.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <new>
#include <optional>

#include "cli/command_table.h"
#include "cli/engine_library.h"
#include "cli/help.h"
#include "cli/signals.h"
#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

using Arguments = std::vector<std::string>;

void write_line(const std::string& line) {
  const std::string text = line + "\n";
  [[maybe_unused]] const auto written = ::write(2, text.data(), text.size());
}

// A file opened later must not land on the number of a stream that the caller closed. The stand-in
// for stdout is read-only, so that writing results to it fails instead of losing them.
void keep_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1) {
      [[maybe_unused]] const int opened = ::open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
    }
  }
}

// Exceptions that cannot be caught: thrown in a thread, or while a library initialises itself.
[[noreturn]] void on_terminate() {
  std::string reason = "the program had to stop";
  try {
    if (const auto problem = std::current_exception()) std::rethrow_exception(problem);
  } catch (const std::bad_alloc&) {
    write_line("vane: error: out of memory");
    ::_exit(static_cast<int>(ErrorCode::resource));
  } catch (const std::exception& problem) {
    reason = printable(problem.what());
  } catch (...) {
    reason = "an unknown exception";
  }
  write_line(fmt::format("vane: error: {}; this is a bug in vane {}, please report it", reason,
                         VANE_VERSION));
  ::_exit(static_cast<int>(ErrorCode::internal));
}

Json error_json(const Error& problem) {
  Json out{{"code", static_cast<int>(problem.code())}, {"message", problem.message()}};
  if (!problem.file().empty()) out["file"] = problem.file();
  if (problem.line() > 0) {
    out["line"] = problem.line();
    out["column"] = problem.column();
  }
  if (!problem.key().empty()) out["key"] = problem.key();
  if (problem.byte()) out["byte"] = *problem.byte();
  if (!problem.hint().empty()) out["hint"] = problem.hint();
  return out;
}

int report(const Error& problem, bool json) {
  const auto* many = dynamic_cast<const ConfigErrors*>(&problem);
  std::string suffix;
  if (problem.code() == ErrorCode::internal) {
    suffix = fmt::format("; this is a bug in vane {}, please report it", VANE_VERSION);
  }
  if (many && many->errors().size() > 1) {
    for (const Error& one : many->errors()) write_line(std::string("vane: error: ") + one.what());
  } else {
    write_line(std::string("vane: error: ") + problem.what() + suffix);
  }
  if (json) {
    Json document{{"schema", 1}, {"error", error_json(problem)}};
    if (many && many->errors().size() > 1) {
      for (const Error& one : many->errors()) document["errors"].push_back(error_json(one));
    }
    try {
      write_stdout(json_text(document));
    } catch (const Error&) {
      // The exit code and the line on stderr still tell.
    }
  }
  return static_cast<int>(problem.code());
}

// The longest command name that the arguments begin with.
const Command* find_command(const Arguments& arguments) {
  const std::string one = arguments.front();
  const std::string two = arguments.size() > 1 ? one + " " + arguments[1] : one;
  for (const std::string& name : {two, one}) {
    for (const Command& command : commands()) {
      if (command.name == name) return &command;
    }
  }
  return nullptr;
}

bool is_group(const std::string& word) {
  return std::any_of(commands().begin(), commands().end(), [&](const Command& command) {
    return command.name.rfind(word + " ", 0) == 0;
  });
}

Error unknown_command(const Arguments& arguments) {
  const std::string& word = arguments.front();
  std::vector<std::string> names;
  std::string typed = word;
  if (is_group(word)) {
    if (arguments.size() > 1) typed += " " + arguments[1];
    for (const Command& command : commands()) {
      if (command.name.rfind(word + " ", 0) == 0) names.push_back(command.name);
    }
  } else {
    for (const Command& command : commands()) {
      names.push_back(command.name.substr(0, command.name.find(' ')));
    }
  }
  const auto nearest = nearest_name(typed, names);
  if (word.front() == '-') {
    return Error(ErrorCode::usage, "unknown option " + printable(word, 80))
        .with_hint("options stand after the command; vane --help lists the commands");
  }
  return Error(ErrorCode::usage, "there is no command \"" + printable(typed, 80) + "\"")
      .with_hint(nearest          ? "did you mean vane " + *nearest + "?"
                 : is_group(word) ? "known: " + join(names, ", ")
                                  : "vane --help lists the commands");
}

std::string version_page() {
  return fmt::format("vane {}\nbuild   {}\nengine  {}\nCUDA    {}\n", VANE_VERSION, VANE_BUILD_TYPE,
                     library_beside_program("libvane_engine.so") ? "there" : "not there",
                     library_beside_program("libvane_cuda.so") ? "libvane_cuda.so is there"
                                                               : "libvane_cuda.so is not there");
}

int dispatch(Arguments arguments) {
  const TerminalStyle style = terminal_style(1, false);
  if (arguments.empty()) {
    write_line(program_help(commands(), terminal_style(2, false)));
    return static_cast<int>(ErrorCode::usage);
  }
  if (arguments.front() == "help") {
    arguments.erase(arguments.begin());
    if (!arguments.empty()) arguments.push_back("--help");
  }
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h") {
    write_stdout(program_help(commands(), style));
    return 0;
  }
  if (arguments.front() == "--version") {
    write_stdout(version_page());
    return 0;
  }
  if (const Command* command = find_command(arguments)) {
    const size_t words = command->name.find(' ') == std::string::npos ? 1 : 2;
    Invocation call(*command,
                    Arguments(arguments.begin() + static_cast<ptrdiff_t>(words), arguments.end()));
    return command->run(call);
  }
  const bool help = arguments.size() == 1 || arguments[1] == "--help" || arguments[1] == "-h";
  if (is_group(arguments.front()) && help) {
    const std::string text = group_help(commands(), arguments.front(), style);
    if (arguments.size() > 1) {
      write_stdout(text);
      return 0;
    }
    write_line(text);
    return static_cast<int>(ErrorCode::usage);
  }
  throw unknown_command(arguments);
}

int run(const Arguments& arguments) {
  const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  try {
    return dispatch(arguments);
  } catch (const HelpShown&) {
    return 0;
  } catch (const Cancelled& stop) {
    if (stop.exit_code != 141) write_line("vane: interrupted");
    return stop.exit_code;
  } catch (const Error& problem) {
    return report(problem, json);
  } catch (const std::bad_alloc&) {
    return report(Error(ErrorCode::resource, "out of memory"), json);
  } catch (const std::filesystem::filesystem_error& problem) {
    return report(Error(ErrorCode::input, problem.code().message()).in_file(problem.path1()), json);
  } catch (const std::exception& problem) {
    return report(Error(ErrorCode::internal, problem.what()), json);
  }
}

}  // namespace
}  // namespace vane

int main(int argc, char** argv) {
  std::set_terminate(vane::on_terminate);
  vane::keep_standard_streams();
  vane::install_signal_handlers();
  const int code = vane::run({argv + std::min(argc, 1), argv + argc});
  // Worker threads of libraries may still run; their destructors have nothing to save.
  ::_exit(code);
}
