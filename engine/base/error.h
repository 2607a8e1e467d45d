// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one exception type of Vane. Its code is the exit code of the program.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vane {

/// Class of failure; the value is the process exit code (style sheet, section 6).
enum class ErrorCode : int {
  failure = 1,
  usage = 2,
  config = 3,
  input = 4,
  checkpoint = 5,
  partial = 6,
  numeric = 7,
  resource = 8,
  internal = 70,
  cancelled = 130,
};

/// What went wrong, in which file, where in it, and what to do. Built fluently:
///
///   throw Error(ErrorCode::checkpoint, "tensor ends beyond the data buffer")
///       .in_file(path).at_key("b.3.w").at_byte(4096).with_hint("export the file again");
///
/// Text that came from outside may be passed as it is; `one_line()` escapes control bytes and cuts
/// long pieces, so a hostile file cannot write to the terminal.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string message);

  Error&& in_file(const std::filesystem::path& file) &&;
  Error&& at_byte(uint64_t offset) &&;
  Error&& at_key(std::string key) &&;
  /// 1-based line and column, as an editor shows them.
  Error&& at_line(int line, int column) &&;
  Error&& with_hint(std::string hint) &&;
  /// Adds a frame such as "while inverting photo.png"; the newest frame is printed first.
  Error&& while_doing(std::string context) &&;

  /// Fills in the file of an error that was raised by a parser that knows no file name.
  void set_file_if_empty(const std::filesystem::path& file);
  void add_context(std::string context);

  ErrorCode code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& file() const noexcept { return file_; }
  const std::string& key() const noexcept { return key_; }
  const std::string& hint() const noexcept { return hint_; }
  std::optional<uint64_t> byte() const noexcept { return byte_; }
  int line() const noexcept { return line_; }
  int column() const noexcept { return column_; }
  const std::vector<std::string>& context() const noexcept { return context_; }

  /// One printable line: "file:line:column: key: message (byte N); hint; while …".
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  void rebuild();

  ErrorCode code_;
  std::string message_, file_, key_, hint_, text_;
  std::optional<uint64_t> byte_;
  int line_ = 0, column_ = 0;
  std::vector<std::string> context_;
};

/// Thrown at a cancellation point and caught only at the boundary of a job. Not derived from
/// std::exception, so that a generic handler cannot swallow it.
struct Cancelled {
  /// 130 for SIGINT and a person's Cancel, 143 for SIGTERM.
  int exit_code = 130;
};

}  // namespace vane
