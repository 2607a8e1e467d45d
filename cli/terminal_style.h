// SPDX-License-Identifier: Apache-2.0
#pragma once
// How results look on a terminal: colours, bars, aligned columns.

#include <string>
#include <string_view>
#include <vector>

namespace vane {

/// What the stream can show. Plain text when it is no terminal, or NO_COLOR or TERM=dumb is set.
struct TerminalStyle {
  bool colour = false;
  bool unicode = true;
  int width = 80;

  std::string bold(std::string_view text) const;
  std::string dim(std::string_view text) const;
  std::string good(std::string_view text) const;
  std::string bad(std::string_view text) const;
  /// A bar of `cells` columns, filled from the left; `fraction` outside [0,1] is clamped.
  std::string bar(double fraction, int cells) const;
};

/// `fd` is 1 or 2.
TerminalStyle terminal_style(int fd, bool no_color);

/// Columns that `text` takes on a terminal; East Asian wide characters take two.
int display_width(std::string_view text);

/// Rows of cells, padded so that columns align. Numbers go to the right.
class TextTable {
 public:
  /// `right` says which columns are aligned to the right.
  explicit TextTable(std::vector<bool> right = {}) : right_(std::move(right)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text(std::string_view indent = "  ") const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

/// Breaks `text` at blanks so that no line is wider than `width` less `indent`; every line but the
/// first starts with `indent` blanks.
std::string wrapped(std::string_view text, int indent, int width);

}  // namespace vane
