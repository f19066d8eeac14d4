// The process's allocator: jemalloc where the program is linked with it (cmake/dependencies.cmake), otherwise the C library's.
#pragma once

namespace aldis {

// Gives memory that was freed, and is kept for later, back to the system. It takes milliseconds.
void return_freed_memory();

// Whether what is freed stays with the allocator for a while (as at the start), which is faster, or goes back to the kernel at once. For when
// memory is short: in a flood of large stanzas a second's worth of freed pages is more than a small machine has. From one thread.
void keep_freed_memory(bool keep);

}  // namespace aldis
