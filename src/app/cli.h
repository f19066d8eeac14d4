// The program's command line: `aldis [--config FILE] COMMAND`. Operators' commands come from admin/command.h's list; with a
// running server they go through its control socket, otherwise to the store.
#pragma once

namespace aldis::app {

// Exit codes, as documented in docs/operating.md and by --help.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;        // refused, not found, taken; `check` found an error; the server could not start
inline constexpr int exit_usage = 2;         // the command line was not understood
inline constexpr int exit_config = 3;        // the configuration has a fault
inline constexpr int exit_unavailable = 4;   // the server or the store could not be asked; trying again may help

[[nodiscard]] int run(int argc, char** argv);

}  // namespace aldis::app
