// `aldis serve`: the configuration becomes a running server, until SIGTERM or SIGINT; SIGHUP reloads. The only place where
// the parts are put together.
#pragma once
#include "app/config_source.h"

namespace aldis::app {

// An exit code (cli.h). Everything that goes wrong at the start is one clear line on standard error.
[[nodiscard]] int serve(LoadedConfig loaded, const ConfigSchema& schema);

// Makes SIGTERM, SIGINT and SIGHUP wait for serve() in every thread started later. To be called first of all.
void hold_signals();

}  // namespace aldis::app
