// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the signals of a terminal and of a batch system do to the program.

namespace vane {

/// SIGINT, SIGTERM and SIGHUP: the first asks the running job to stop; a second within 5 s removes
/// temporary files and leaves at once. SIGPIPE and SIGXFSZ are ignored, so that a closed pipe and a
/// full quota become errors of the write. SIGUSR1 asks for a line of progress.
void install_signal_handlers();

/// Exit code that the first stop signal asks for (130 or 143); 0 when there was none.
int stop_exit_code() noexcept;

/// True once for each SIGUSR1.
bool take_progress_request() noexcept;

}  // namespace vane
