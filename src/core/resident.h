// Resident: what lives at an address of a domain and is no account: a room; later a node. Serial, on the shard its bare address
// hashes to; made when something reaches it, read from the store once while that waits, and gone from memory when nobody is
// there (docs/adr/0047). Owned by its Home (core/residents.h), whose executor calls everything here.
//
// What one says to many goes out by Home::deliver_shared: a stanza without a to, written for each session with its own. It is asked
// of policy for each of them, and does not pass the incoming chains of their accounts: what those take out of messages
// (core/forged.h) the resident takes out once for all.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/envelope.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis {

class Home;
class VirtualHost;

class Resident {
 public:
  virtual ~Resident() = default;

  // Called once, first. What arrives meanwhile is delivered behind it, in order.
  [[nodiscard]] virtual Task<void> load() = 0;
  // `to` is its address, bare or full. Never called from within itself: what its own work sends it waits until that is done.
  virtual void deliver(Envelope envelope) = 0;
  // A session that deliver_shared was to reach is not there any more.
  virtual void on_gone(SessionId session) = 0;
  // The account it lives beside has been removed, with all that is stored of it.
  virtual void forget() {}
  // The server stops: whoever is here and cannot come back is told. Nothing new begins.
  virtual void shut_down() = 0;
  // The last that is asked of it, once all who leave have left: whoever is still here may resume (XEP-0198) when the server is back, and
  // is written down for the next load().
  [[nodiscard]] virtual Task<void> suspend() = 0;

  enum class Rest : std::uint8_t {
    busy,      // something is under way: a write, or stanzas that go out turn by turn
    occupied,  // somebody is here
    idle,      // nobody: leaves memory in a while
    absent,    // there is no such thing: leaves memory at once
  };
  [[nodiscard]] virtual Rest rest() const = 0;
  // Heap and object bytes.
  [[nodiscard]] virtual std::size_t memory() const = 0;
};

using ResidentFactory = std::function<std::unique_ptr<Resident>(Home&, const VirtualHost&, BareJid)>;

}  // namespace aldis
