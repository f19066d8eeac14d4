// CPU time and resident memory of a process and its descendants, from /proc (proc(5)).
#pragma once
#include <cstdint>

namespace aldis::load {

struct ProcessStats {
  double cpu_seconds = 0;      ///< user + system, all threads, also those that have ended; tick resolution (10 ms)
  std::int64_t rss_bytes = 0;  ///< VmRSS
};

/// Zero for pid 0 or a process that is gone. Descendants count (ejabberd's port programs do).
ProcessStats read_process(int pid);

/// This process: getrusage, microsecond resolution.
double own_cpu_seconds();

/// As many descriptors as the system lets us have.
void raise_descriptor_limit();

}  // namespace aldis::load
