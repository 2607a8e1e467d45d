// SPDX-License-Identifier: Apache-2.0
#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/text.h"

namespace vane {
namespace {

struct BoundFlag {
  CLI::Option* option;
  std::string key, spelling;
};

class FlagMaker {
 public:
  explicit FlagMaker(CLI::App& app) : app_(app) {}

  void add(const Fields& fields, const std::string& prefix) {
    for (const Field& field : fields) {
      const FieldKind kind = field.node->kind();
      if (kind == FieldKind::group) {
        add(field.node->fields(), prefix + field.name + ".");
      } else if (kind != FieldKind::tree && !is_list_of_groups(*field.node)) {
        add_one(field, prefix);
      }
    }
  }

  std::vector<FlagValue> values() const {
    std::vector<FlagValue> out;
    for (const BoundFlag& flag : flags_) {
      if (flag.option->count() > 0) {
        out.push_back({flag.key, flag.spelling, flag.option->results()});
      }
    }
    return out;
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  static bool is_list_of_groups(FieldNode& node) {
    if (node.kind() != FieldKind::list) return false;
    const size_t size = node.size();
    if (size == 0) node.resize(1);
    const bool groups = node.element(0)->kind() == FieldKind::group;
    if (size == 0) node.resize(0);
    return groups;
  }

  void add_one(const Field& field, const std::string& prefix) {
    const std::string long_name = dashed(prefix + field.name);
    const FieldKind kind = field.node->kind();
    std::string names = field.options.positional ? long_name : "--" + long_name;
    if (!field.options.positional) {
      names_.push_back("--" + long_name);
      if (!field.options.short_flag.empty()) names = "-" + field.options.short_flag + "," + names;
    }
    CLI::Option* option = nullptr;
    if (kind == FieldKind::boolean && !field.options.positional) {
      if (long_name.rfind("no-", 0) != 0) {
        names += ",!--no-" + long_name;
        names_.push_back("--no-" + long_name);
      }
      option = app_.add_flag(names);
    } else {
      // The callback accepts everything: values are parsed by the fields, after configuration
      // files have been read.
      option = app_.add_option(names, [](const CLI::results_t&) { return true; });
      if (kind == FieldKind::list && !field.options.repeat) {
        option->expected(1, -1);
        option->allow_extra_args(true);
      } else {
        option->expected(1);
      }
    }
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    flags_.push_back({option, prefix + field.name, flag_spelling(field, prefix)});
  }

  CLI::App& app_;
  std::vector<BoundFlag> flags_;
  std::vector<std::string> names_;
};

Error unknown_argument(const std::string& argument, std::span<const std::string> names) {
  if (argument.size() < 2 || argument.front() != '-') {
    return Error(ErrorCode::usage, "unexpected argument \"" + printable(argument, 80) + "\"");
  }
  const std::string name = argument.substr(0, argument.find('='));
  const auto nearest = nearest_name(name, names);
  return Error(ErrorCode::usage, "unknown option " + printable(name, 80))
      .with_hint(nearest ? "did you mean " + *nearest + "?" : "--help lists the options");
}

const Field* field_at(const Fields& fields, std::string_view key, std::vector<Fields>& levels) {
  const size_t dot = key.find('.');
  for (const Field& field : fields) {
    if (field.name != key.substr(0, dot)) continue;
    if (dot == std::string_view::npos) return &field;
    levels.push_back(field.node->fields());
    const size_t level = levels.size() - 1;
    return field_at(levels[level], key.substr(dot + 1), levels);
  }
  return nullptr;
}

// A word that is itself a flag is a forgotten value: `--to --strength 2`.
void check_not_a_flag(const FlagValue& flag, std::span<const std::string> names) {
  for (const std::string& value : flag.values) {
    if (std::find(names.begin(), names.end(), value) != names.end()) {
      throw Error(ErrorCode::usage, "needs a value before " + value).at_key(flag.spelling);
    }
  }
}

}  // namespace

std::string flag_placeholder(const Field& field) {
  if (!field.options.placeholder.empty()) return field.options.placeholder;
  if (!field.options.choices.empty() && field.options.choices.size() <= 5) {
    return join(field.options.choices, "|");
  }
  switch (field.node->kind()) {
    case FieldKind::integer:
      return "N";
    case FieldKind::number:
      return "X";
    case FieldKind::path:
      return "FILE";
    default:
      return "TEXT";
  }
}

std::string flag_spelling(const Field& field, const std::string& prefix) {
  return field.options.positional ? flag_placeholder(field) : "--" + dashed(prefix + field.name);
}

std::vector<FlagValue> split_command_line(const std::vector<std::string>& arguments,
                                          std::span<const Fields* const> groups) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  FlagMaker maker(app);
  for (const Fields* fields : groups) maker.add(*fields, "");
  try {
    // CLI11 takes the arguments as a stack.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& problem) {
    throw Error(ErrorCode::usage, problem.what());
  }
  auto values = maker.values();
  for (const FlagValue& flag : values) check_not_a_flag(flag, maker.names());
  const auto extras = app.remaining();
  if (!extras.empty()) {
    const auto flag = std::find_if(extras.begin(), extras.end(), [](const std::string& word) {
      return word.size() > 1 && word.front() == '-' && word != "--";
    });
    const auto word = std::find_if(extras.begin(), extras.end(),
                                   [](const std::string& text) { return text != "--"; });
    if (flag != extras.end()) throw unknown_argument(*flag, maker.names());
    if (word != extras.end()) throw unknown_argument(*word, maker.names());
  }
  return values;
}

void apply_flags(std::span<const FlagValue> values, const Fields& fields, ConfigOrigins* origins) {
  for (const FlagValue& flag : values) {
    std::vector<Fields> levels;
    levels.reserve(16);  // `field_at` hands out references into it
    const Field* field = field_at(fields, flag.key, levels);
    if (!field) continue;
    FieldNode& node = *field->node;
    std::optional<std::string> complaint;
    if (node.kind() == FieldKind::list) {
      node.resize(0);
      node.resize(flag.values.size());
      for (size_t i = 0; i < flag.values.size() && !complaint; ++i) {
        complaint = node.element(i)->assign(flag.values[i], field->options);
      }
    } else {
      complaint = node.assign(flag.values.back(), field->options);
    }
    if (complaint) throw Error(ErrorCode::usage, *complaint).at_key(flag.spelling);
    if (origins) (*origins)[flag.key] = flag.spelling;
  }
}

}  // namespace vane
