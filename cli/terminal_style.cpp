// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal_style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/base/text.h"

namespace vane {
namespace {

std::string escape(bool colour, const char* code, std::string_view text) {
  if (!colour) return std::string(text);
  return std::string("\033[") + code + "m" + std::string(text) + "\033[0m";
}

bool set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

// The character set that the environment promises; read by hand because the program keeps the C
// locale so that numbers never change their look.
bool promises_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!set(name)) continue;
    std::string value = std::getenv(name);
    std::transform(value.begin(), value.end(), value.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return value.find("UTF-8") != std::string::npos || value.find("UTF8") != std::string::npos;
  }
  return false;
}

bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
         (c >= 0x20000 && c <= 0x3FFFD);
}
bool is_combining(char32_t c) {
  return (c >= 0x0300 && c <= 0x036F) || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x20D0 && c <= 0x20FF) || (c >= 0xFE00 && c <= 0xFE0F);
}

}  // namespace

std::string TerminalStyle::bold(std::string_view text) const { return escape(colour, "1", text); }
std::string TerminalStyle::dim(std::string_view text) const { return escape(colour, "2", text); }
std::string TerminalStyle::good(std::string_view text) const { return escape(colour, "32", text); }
std::string TerminalStyle::bad(std::string_view text) const { return escape(colour, "31", text); }

std::string TerminalStyle::bar(double fraction, int cells) const {
  fraction = fraction > 0 ? std::min(fraction, 1.0) : 0.0;
  const int full = static_cast<int>(std::lround(fraction * cells));
  std::string filled, empty;
  for (int i = 0; i < cells; ++i) {
    (i < full ? filled : empty) += unicode ? (i < full ? "█" : "·") : (i < full ? "#" : ".");
  }
  return filled + dim(empty);
}

TerminalStyle terminal_style(int fd, bool no_color) {
  TerminalStyle style;
  const char* term = std::getenv("TERM");
  const bool dumb = !term || std::string_view(term) == "dumb";
  const bool terminal = ::isatty(fd) == 1;
  style.colour = terminal && !no_color && !dumb && !set("NO_COLOR");
  style.unicode = promises_utf8() || !terminal;
  winsize size{};
  if (terminal && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) {
    style.width = std::min<int>(size.ws_col, 200);
  }
  return style;
}

int display_width(std::string_view text) {
  int width = 0;
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead == 0x1B) {  // our own colour codes take no room
      const size_t end = text.find('m', i);
      if (end == std::string_view::npos) break;
      i = end + 1;
      continue;
    }
    const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0x7F >> length);
    for (size_t k = 1; k < length && i + k < text.size(); ++k) {
      c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    }
    width += is_combining(c) ? 0 : is_wide(c) ? 2 : 1;
    i += length;
  }
  return width;
}

std::string TextTable::text(std::string_view indent) const {
  std::vector<int> widths;
  for (const auto& cells : rows_) {
    widths.resize(std::max(widths.size(), cells.size()), 0);
    for (size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(cells[i]));
    }
  }
  std::string out;
  for (const auto& cells : rows_) {
    std::string line(indent);
    for (size_t i = 0; i < cells.size(); ++i) {
      const auto gap = static_cast<size_t>(widths[i] - display_width(cells[i]));
      const std::string padding(gap, ' ');
      const bool right = i < right_.size() && right_[i];
      if (i > 0) line += "  ";
      line += right ? padding + cells[i] : cells[i] + padding;
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string wrapped(std::string_view text, int indent, int width) {
  std::string out;
  int column = indent;
  for (const std::string& word : split(text, ' ')) {
    const int needed = display_width(word);
    if (column > indent && column + 1 + needed > width) {
      out += "\n" + std::string(static_cast<size_t>(indent), ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += needed;
  }
  return out;
}

}  // namespace vane
