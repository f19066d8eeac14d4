// See allocator.h. Programs that are not linked with jemalloc (tests, sanitizers) find no mallctl here.
#include "base/allocator.h"

#include <malloc.h>

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>

namespace {
constexpr ssize_t kept_ms = 1000;   // as malloc_conf says
}

// jemalloc(3), TUNING and MALLCTL NAMESPACE. An arena for each processor, instead of four; freed pages go back after a second,
// by a thread of jemalloc's own, so that those of a storm of logins do not stay with threads that have nothing to do.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "percpu_arena:percpu,background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
__attribute__((weak)) int mallctl(const char* name, void* old_value, std::size_t* old_length, void* new_value, std::size_t new_length);
}

namespace aldis {

void keep_freed_memory(bool keep) {
  static bool keeps = true;
  if (mallctl == nullptr || keep == std::exchange(keeps, keep)) {
    return;
  }
  ssize_t decay_ms = keep ? kept_ms : 0;
  unsigned arenas = 0;
  std::size_t length = sizeof(arenas);
  mallctl("arenas.dirty_decay_ms", nullptr, nullptr, &decay_ms, sizeof(decay_ms));  // of arenas that are not there yet
  mallctl("arenas.narenas", &arenas, &length, nullptr, 0);
  for (unsigned i = 0; i < arenas; ++i) {
    mallctl(("arena." + std::to_string(i) + ".dirty_decay_ms").c_str(), nullptr, nullptr, &decay_ms, sizeof(decay_ms));
  }
}

void return_freed_memory() {
  if (mallctl != nullptr) {
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // MALLCTL_ARENAS_ALL
    return;
  }
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace aldis
