// SPDX-License-Identifier: Apache-2.0
#include "editing/document/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "editing/document/document_file.h"
#include "engine/base/error.h"
#include "engine/base/json.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

std::string state_line(const char* what, const History::State& state) {
  return std::string("{\"do\":\"") + what + "\",\"label\":" + json_quoted(state.label) +
         ",\"stack\":" + json_quoted(stack_text(state.stack)) + "}";
}

std::string position_line(size_t position) {
  return "{\"do\":\"go\",\"to\":" + std::to_string(position) + "}";
}

/// Applies a line to the history; throws Error when it is not understood.
void replay(const std::string& line, std::optional<History>& history) {
  const Json json = parse_json(line);
  const std::string& what = json.at("do").as_string();
  if (what == "go") {
    if (!history) throw Error(ErrorCode::input, "a journal without a beginning");
    history->go_to(json.at("to").as_count());
    return;
  }
  EditStack stack = parse_document(json.at("stack").as_string(), "journal").stack;
  const std::string& label = json.at("label").as_string();
  if (what == "begin") {
    history.emplace(std::move(stack), label);
  } else if (!history) {
    throw Error(ErrorCode::input, "a journal without a beginning");
  } else if (what == "merge") {
    history->merge(label, std::move(stack));
  } else if (what == "commit") {
    history->commit(label, std::move(stack));
  } else {
    throw Error(ErrorCode::input, "a line of another version");
  }
}

}  // namespace

Journal::~Journal() {
  if (fd_ >= 0) ::close(fd_);
}

void Journal::begin(const History& history) {
  if (fd_ >= 0) ::close(fd_);
  fs::create_directories(path_.parent_path());
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) throw Error(ErrorCode::resource, std::strerror(errno)).in_file(path_);
  append(state_line("begin", history.states().front()));
  for (size_t i = 1; i < history.states().size(); ++i) {
    append(state_line("commit", history.states()[i]));
  }
  if (history.can_redo()) append(position_line(history.position()));
}

void Journal::note_commit(const History& history, bool merged) {
  append(state_line(merged ? "merge" : "commit", history.states()[history.position()]));
}

void Journal::note_position(const History& history) { append(position_line(history.position())); }

void Journal::remove() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  std::error_code ignored;
  fs::remove(path_, ignored);
}

void Journal::append(const std::string& line) {
  if (fd_ < 0) throw Error(ErrorCode::internal, "a journal that was not begun");
  const std::string text = line + "\n";
  const char* from = text.data();
  size_t left = text.size();
  while (left > 0) {
    const ssize_t written = ::write(fd_, from, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw Error(ErrorCode::resource, std::strerror(errno)).in_file(path_);
    from += written;
    left -= static_cast<size_t>(written);
  }
  if (::fdatasync(fd_) != 0 && errno != EINVAL) {
    throw Error(ErrorCode::resource, std::strerror(errno)).in_file(path_);
  }
}

std::optional<History> Journal::recover(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::optional<History> history;
  std::string line;
  try {
    while (std::getline(file, line)) {
      if (file.eof()) break;  // its end is missing
      replay(line, history);
    }
  } catch (const Error&) {
    // What came before the torn line is told.
  }
  if (history && history->states().size() < 2) return std::nullopt;
  return history;
}

}  // namespace vane
