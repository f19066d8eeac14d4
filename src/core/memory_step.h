// MemoryStep: how short the server is of memory (security E13); each step does what those before it do.
#pragma once
#include <cstdint>

namespace aldis {

enum class MemoryStep : std::uint8_t { none, strangers_refused, floods_held, queues_given_up };

}  // namespace aldis
