// Ids by which objects that may vanish are named and looked up again: nothing keeps a reference across a wait.
#pragma once
#include <cstdint>

namespace aldis {

// One session of this process, never reused; 0 names none. The low byte tells the shard.
enum class SessionId : std::uint64_t { none = 0 };

// Names a stanza's way through the server in the log, from admission on.
enum class TraceId : std::uint64_t { none = 0 };

}  // namespace aldis
