// SPDX-License-Identifier: Apache-2.0
#include "engine/base/error.h"

#include <fmt/format.h>

#include "engine/base/job.h"
#include "engine/base/text.h"

namespace vane {

Error::Error(ErrorCode code, std::string message)
    : std::runtime_error(message), code_(code), message_(std::move(message)) {
  rebuild();
}

Error&& Error::in_file(const std::filesystem::path& file) && {
  file_ = file.string();
  rebuild();
  return std::move(*this);
}

Error&& Error::at_byte(uint64_t offset) && {
  byte_ = offset;
  rebuild();
  return std::move(*this);
}

Error&& Error::at_key(std::string key) && {
  key_ = std::move(key);
  rebuild();
  return std::move(*this);
}

Error&& Error::at_line(int line, int column) && {
  line_ = line;
  column_ = column;
  rebuild();
  return std::move(*this);
}

Error&& Error::with_hint(std::string hint) && {
  hint_ = std::move(hint);
  rebuild();
  return std::move(*this);
}

Error&& Error::while_doing(std::string context) && {
  add_context(std::move(context));
  return std::move(*this);
}

void Error::set_file_if_empty(const std::filesystem::path& file) {
  if (!file_.empty()) return;
  file_ = file.string();
  rebuild();
}

void Error::add_context(std::string context) {
  context_.push_back(std::move(context));
  rebuild();
}

void Error::rebuild() {
  text_.clear();
  if (!file_.empty()) {
    text_ += printable(file_, 1024);
    if (line_ > 0) text_ += fmt::format(":{}:{}", line_, column_);
    text_ += ": ";
  } else if (line_ > 0) {
    text_ += fmt::format("line {}:{}: ", line_, column_);
  }
  if (!key_.empty()) text_ += printable(key_) + ": ";
  text_ += printable(message_, 4096);
  if (byte_) text_ += fmt::format(" (byte {})", *byte_);
  if (!hint_.empty()) text_ += "; " + printable(hint_, 1024);
  for (const std::string& frame : context_) text_ += "; " + printable(frame);
}

void Job::preview(const Image&, int64_t) {}

}  // namespace vane
