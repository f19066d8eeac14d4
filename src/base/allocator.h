// The process's allocator: jemalloc where the program is linked with it (cmake/dependencies.cmake), otherwise the C library's.
#pragma once

namespace aldis {

// Gives memory that was freed, and is kept for later, back to the system. It takes milliseconds.
void return_freed_memory();

}  // namespace aldis
