// SPDX-License-Identifier: Apache-2.0
#pragma once
// A subcommand of `vane`: its texts, how its options are read, how its results are printed.

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/engine_library.h"
#include "cli/flags.h"
#include "cli/global_options.h"
#include "cli/terminal_job.h"
#include "cli/terminal_style.h"
#include "engine/base/limits.h"
#include "engine/config/config_writer.h"

namespace vane {

using Json = nlohmann::ordered_json;

class Invocation;

struct Example {
  std::string line, meaning;
};

struct Command {
  /// One or two words: "score", "models list".
  std::string name;
  std::string summary;
  std::vector<Example> examples;
  /// Returns the exit code; throws Error, Cancelled or HelpShown.
  std::function<int(Invocation&)> run;
};

/// Thrown when --help was given and answered.
struct HelpShown {};

/// One call of a command: its arguments, the options that all commands share, and its output.
class Invocation {
 public:
  Invocation(const Command& command, std::vector<std::string> arguments);

  /// Reads options into `request`: defaults, then --config files, then flags and --set. Fills its
  /// members `seed` and `limits` where it has them. A request with a member `overrides` is given
  /// --set as it stands, for the recipe that it names. Throws Error{usage} or ConfigErrors.
  template <class Request>
  void read(Request& request) {
    constexpr bool takes_overrides = requires { request.overrides = globals_.set; };
    read_fields(fields_of(request), !takes_overrides);
    if constexpr (takes_overrides) request.overrides = globals_.set;
    if constexpr (requires { request.seed = globals_.seed; }) {
      if (seed_given_) request.seed = globals_.seed;
    }
    if constexpr (requires { request.limits = limits_; }) request.limits = limits_;
  }

  const Command& command() const { return command_; }
  const GlobalOptions& globals() const { return globals_; }
  const Limits& limits() const { return limits_; }
  /// How stdout looks.
  const TerminalStyle& style() const { return style_; }
  TerminalJob& job();

  /// Runs a service of the engine; the progress bar is gone when it returns.
  template <class Result, class Request>
  Result compute(const std::string& service, const Request& request) {
    Result result = run_service<Request, Result>(service, request, globals_, job());
    job().finish();
    return result;
  }

  /// Prints `json` (with "schema": 1 in front) under --json, else the text; returns the exit code:
  /// 0, or 130/143 when a stop was requested.
  int finish(const Json& json, const std::string& text);

 private:
  void read_fields(const Fields& fields, bool apply_set);

  const Command& command_;
  std::vector<std::string> arguments_;
  GlobalOptions globals_;
  bool seed_given_ = false;
  Limits limits_;
  TerminalStyle style_;
  std::unique_ptr<TerminalJob> job_;
};

/// Writes to stdout, whole or with Error{resource}; a closed pipe throws Cancelled{141}.
void write_stdout(std::string_view text);

/// JSON with text made valid UTF-8, ended by a newline.
std::string json_text(const Json& json);
/// A number, or null when it is not finite.
Json json_number(double value);

}  // namespace vane
