// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>

#include "cli/help.h"
#include "cli/signals.h"
#include "engine/base/error.h"

namespace vane {

Invocation::Invocation(const Command& command, std::vector<std::string> arguments)
    : command_(command), arguments_(std::move(arguments)) {}

void Invocation::read_fields(const Fields& fields, bool apply_set) {
  const Fields common = fields_of(globals_);
  const std::array groups{&fields, &common};
  // Help is wanted even when the rest of the line is not complete yet.
  for (const std::string& argument : arguments_) {
    if (argument == "--") break;
    if (argument != "--help" && argument != "-h") continue;
    write_stdout(command_help(command_, fields, terminal_style(1, globals_.no_color)));
    throw HelpShown{};
  }
  const auto values = split_command_line(arguments_, groups);
  ConfigOrigins common_origins, origins;
  apply_flags(values, common, &common_origins);
  seed_given_ = common_origins.contains("seed");
  style_ = terminal_style(1, globals_.no_color);
  for (const std::string& assignment : globals_.limit) limits_.set(assignment);
  for (const auto& file : globals_.config) {
    apply_yaml(*parse_yaml_file(file, limits_), file, fields, &origins);
  }
  apply_flags(values, fields, &origins);
  if (apply_set) {
    for (const std::string& assignment : globals_.set) {
      apply_override(assignment, fields, &origins);
    }
  }
  const auto missing = missing_fields(fields, origins);
  for (const Field& field : fields) {
    if (missing.empty() || field.name != missing.front()) continue;
    const std::string spelling = flag_spelling(field);
    throw Error(ErrorCode::usage, field.options.positional
                                      ? spelling + " is missing"
                                      : spelling + " " + flag_placeholder(field) + " is missing")
        .with_hint("vane " + command_.name + " --help shows how it is used");
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::usage, "the key " + missing.front() + " is missing")
        .with_hint("give it in --config or with --set");
  }
}

TerminalJob& Invocation::job() {
  if (!job_) {
    job_ = std::make_unique<TerminalJob>(terminal_style(2, globals_.no_color), globals_.quiet,
                                         globals_.verbose);
  }
  return *job_;
}

int Invocation::finish(const Json& json, const std::string& text) {
  if (job_) job_->finish();
  if (globals_.json) {
    Json document{{"schema", 1}};
    document.update(json);
    write_stdout(json_text(document));
  } else {
    write_stdout(text);
  }
  return stop_exit_code();
}

void write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(1, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE) throw Cancelled{141};
      throw Error(ErrorCode::resource,
                  std::string("cannot write the result: ") + std::strerror(errno))
          .in_file("standard output");
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
}

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json json_number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace vane
