// The process's metrics in the Prometheus text format, version 0.0.4.
#pragma once
#include <string>

namespace aldis::admin {

[[nodiscard]] std::string metrics_text();

}  // namespace aldis::admin
