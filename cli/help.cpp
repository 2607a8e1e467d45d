// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace vane {
namespace {

constexpr int kMaxWidth = 100;
constexpr int kOptionColumn = 28;

int text_width(const TerminalStyle& style) { return std::min(style.width, kMaxWidth); }

std::string entry(const std::string& head, const std::string& body, int column, int width) {
  std::string out = "  " + head;
  const int gap = column - display_width(out);
  if (gap >= 2) {
    out += std::string(static_cast<size_t>(gap), ' ');
  } else {
    out += "\n" + std::string(static_cast<size_t>(column), ' ');
  }
  return out + wrapped(body, column, width) + "\n";
}

// "multiplies the edit (-4 to 4; default 1)"
std::string option_body(const Field& field) {
  std::vector<std::string> notes;
  const FieldKind kind = field.node->kind();
  const FieldOptions& options = field.options;
  if (!options.choices.empty() && options.choices.size() > 5) {
    notes.push_back(join(options.choices, ", "));
  }
  if (kind == FieldKind::integer || kind == FieldKind::number) {
    const std::string range = expectation(kind, options);
    const size_t from = range.find(" from "), at = range.find(" of ");
    if (from != std::string::npos) notes.push_back(range.substr(from + 6));
    if (at != std::string::npos) notes.push_back(range.substr(at + 4));
  }
  if (options.required) {
    notes.push_back("required");
  } else if (kind == FieldKind::list && field.node->size() > 0) {
    std::vector<std::string> words;
    for (size_t i = 0; i < field.node->size(); ++i) {
      const auto element = field.node->element(i);
      if (element->kind() != FieldKind::group) words.push_back(element->text());
    }
    if (!words.empty()) notes.push_back("default " + join(words, " "));
  } else if (kind != FieldKind::list && kind != FieldKind::group && kind != FieldKind::tree &&
             field.node->present() && !field.node->text().empty() &&
             field.node->text() != "false") {
    notes.push_back("default " + field.node->text());
  }
  std::string body = field.doc;
  if (!options.unit.empty()) body += ", in " + options.unit;
  return notes.empty() ? body : body + " (" + join(notes, "; ") + ")";
}

std::string option_head(const Field& field, const std::string& prefix) {
  const FieldKind kind = field.node->kind();
  std::string head =
      field.options.short_flag.empty() ? "    " : "-" + field.options.short_flag + ", ";
  const bool on_by_default = kind == FieldKind::boolean && field.node->text() == "true";
  head += on_by_default ? "--no-" + dashed(prefix + field.name) : flag_spelling(field, prefix);
  if (kind == FieldKind::boolean) return head;
  head += " " + flag_placeholder(field);
  if (kind == FieldKind::list && !field.options.repeat) head += "...";
  return head;
}

void add_options(const Fields& fields, const std::string& prefix, int width, std::string& out) {
  for (const Field& field : fields) {
    if (field.options.positional || field.node->kind() == FieldKind::tree) continue;
    if (field.node->kind() == FieldKind::group) {
      add_options(field.node->fields(), prefix + field.name + ".", width, out);
    } else {
      out += entry(option_head(field, prefix), option_body(field), kOptionColumn, width);
    }
  }
}

std::string usage_line(const Command& command, const Fields& fields) {
  std::string line = "vane " + command.name;
  std::string tail;
  for (const Field& field : fields) {
    const std::string dots = field.node->kind() == FieldKind::list ? "..." : "";
    const std::string value = flag_placeholder(field) + dots;
    if (field.options.positional) {
      tail += field.options.required ? " " + value : " [" + value + "]";
    } else if (field.options.required) {
      tail += field.options.short_flag.empty() ? " " + flag_spelling(field) + " " + value
                                               : " -" + field.options.short_flag + " " + value;
    }
  }
  return line + tail + " [OPTIONS]";
}

std::string first_word(const std::string& name) { return name.substr(0, name.find(' ')); }

}  // namespace

std::string program_help(std::span<const Command> commands, const TerminalStyle& style) {
  const int width = text_width(style);
  std::string out = "Vane turns images in a direction of CLIP space.\n\n" + style.bold("Try") +
                    "\n" +
                    "  vane edit photo.jpg --to \"a warm, bright photo\" -o out.jpg\n"
                    "  vane score photo.jpg --text \"a cat\" \"a dog\"\n"
                    "  vane doctor\n\n" +
                    style.bold("Commands") + "\n";
  for (const Command& command : commands) {
    out += entry(command.name, command.summary, 20, width);
  }
  out += "\n" + style.bold("Everywhere") + "\n" + "  " +
         wrapped(
             "vane COMMAND --help shows examples and options; --json prints one JSON document; "
             "--version tells what is installed.",
             2, width) +
         "\n";
  return out;
}

std::string group_help(std::span<const Command> commands, const std::string& group,
                       const TerminalStyle& style) {
  std::string out = style.bold("Commands of vane " + group) + "\n";
  for (const Command& command : commands) {
    if (first_word(command.name) == group) {
      out += entry(command.name, command.summary, 20, text_width(style));
    }
  }
  return out + "\nvane " + group + " COMMAND --help shows examples and options.\n";
}

std::string command_help(const Command& command, const Fields& fields, const TerminalStyle& style) {
  const int width = text_width(style);
  std::string out = "vane " + command.name + ": " + command.summary + "\n\n";
  if (!command.examples.empty()) out += style.bold("Examples") + "\n";
  for (const Example& example : command.examples) {
    out += "  " + example.line + "\n";
    if (!example.meaning.empty()) out += "      " + style.dim(example.meaning) + "\n";
  }
  out += "\n" + style.bold("Usage") + "\n  " + usage_line(command, fields) + "\n";
  std::string arguments, options;
  for (const Field& field : fields) {
    if (!field.options.positional) continue;
    arguments += entry(flag_placeholder(field), option_body(field), kOptionColumn, width);
  }
  add_options(fields, "", width, options);
  if (!arguments.empty()) out += "\n" + style.bold("Arguments") + "\n" + arguments;
  if (!options.empty()) out += "\n" + style.bold("Options") + "\n" + options;
  GlobalOptions globals;
  std::string common;
  for (const Field& field : fields_of(globals)) {
    std::string head = trimmed(option_head(field, ""));
    common += (common.empty() ? "" : ", ") + head;
  }
  out += "\n" + style.bold("Everywhere") + "\n  " + wrapped(common, 2, width) + "\n";
  return out;
}

}  // namespace vane
