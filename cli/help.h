// SPDX-License-Identifier: Apache-2.0
#pragma once
// Help texts, made from the command table and from declared fields.

#include <span>
#include <string>

#include "cli/command.h"

namespace vane {

/// All commands, grouped; at most a screen.
std::string program_help(std::span<const Command> commands, const TerminalStyle& style);
/// The commands that start with the word `group` ("models").
std::string group_help(std::span<const Command> commands, const std::string& group,
                       const TerminalStyle& style);
/// Examples first, then usage, arguments, options and the common options.
std::string command_help(const Command& command, const Fields& fields, const TerminalStyle& style);

}  // namespace vane
