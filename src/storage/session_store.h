// SessionStore: sessions that wait for their clients while the server is down for a graceful restart (XEP-0198 section 5),
// with what they had not delivered. Written once when it stops, taken once when it starts again.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis {

struct SuspendedSession {
  BareJid owner;
  std::string resource;
  std::string id;                 // the SM-ID; empty: not to be resumed, its messages are still to be kept or returned
  std::uint32_t handled = 0;      // h of the client's stanzas
  std::uint32_t acknowledged = 0; // of ours, by the client, modulo 2^32
  std::uint32_t max = 0;          // seconds it waits after each loss of its connection
  WallTime until{};               // when its time is over
  WallTime suspended{};           // a change of the account's credentials after that ends it
  std::string presence;           // the last one, serialised; empty: unavailable
  std::int32_t priority = 0;
  bool is_interested = false;     // in roster pushes
  bool wants_block_pushes = false;
  bool wants_carbons = false;
  std::string mechanism;          // of its authentication
  std::string lang;               // of its stream
  std::vector<Jid> directed;      // addresses it sent presence to directly
  struct Stanza {
    std::string xml;
    std::uint64_t archive_id = 0;
    bool is_kept = false;
    bool is_copy = false;         // the three as in Envelope
  };
  std::vector<Stanza> unacknowledged;   // oldest first
};

class SessionStore {
 public:
  virtual ~SessionStore() = default;
  // All are stored or none; one of the same owner and resource is replaced.
  virtual Task<Result<void>> save(std::vector<SuspendedSession> sessions) = 0;
  // How far each has been handled, once more is known; sessions that are not stored are left out.
  struct Handled {
    BareJid owner;
    std::string resource;
    std::uint32_t handled = 0;
  };
  virtual Task<Result<void>> set_handled(std::vector<Handled> sessions) = 0;
  // Removes and returns up to `limit`, in the order of their addresses; empty when there are none.
  virtual Task<Result<std::vector<SuspendedSession>>> take(std::size_t limit) = 0;
};

}  // namespace aldis
