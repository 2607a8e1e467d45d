// SPDX-License-Identifier: Apache-2.0
#include "cli/command_table.h"

namespace vane {

std::span<const Command> commands() {
  static const std::vector<Command> table = {
      edit_command(),
      doctor_command(),
  };
  return table;
}

}  // namespace vane
