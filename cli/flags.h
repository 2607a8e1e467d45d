// SPDX-License-Identifier: Apache-2.0
#pragma once
// Command-line flags made from declared fields.

#include <span>
#include <string>
#include <vector>

#include "engine/config/config_reader.h"
#include "engine/config/field_node.h"

namespace vane {

/// What a command line gave to one field, still as text.
struct FlagValue {
  /// Dotted key of the field, and how messages spell it: "--strength" or "IMAGE".
  std::string key, spelling;
  std::vector<std::string> values;
};

/// Splits a command line over the fields of a command and of the global options. Scalars inside
/// groups become `--group.name`; a bool gets `--no-name` beside `--name`; a list takes all values
/// that follow; the last of repeated scalars wins.
/// Throws Error{usage} for an unknown flag (naming the nearest), an argument too many, and a flag
/// without its value.
std::vector<FlagValue> split_command_line(const std::vector<std::string>& arguments,
                                          std::span<const Fields* const> groups);

/// Stores flag values into the fields that they belong to; others are skipped.
/// Throws Error{usage} naming the flag, what it accepts and what it got.
void apply_flags(std::span<const FlagValue> values, const Fields& fields, ConfigOrigins* origins);

/// "--jpeg-quality", or the placeholder of a positional argument.
std::string flag_spelling(const Field& field, const std::string& prefix = {});
/// "N", "FILE", "TEXT": what stands for the value in help.
std::string flag_placeholder(const Field& field);

}  // namespace vane
