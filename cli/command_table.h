// SPDX-License-Identifier: Apache-2.0
#pragma once
// The list of subcommands.

#include <span>

#include "cli/command.h"

namespace vane {

/// In the order of the help text.
std::span<const Command> commands();

// One function a file.
Command doctor_command();
Command edit_command();

}  // namespace vane
