// Envelope: what travels inside the server: a stanza, who sent it, where it came from, and the decision that lets it pass.
// Typed fields, no bag. Cheap to copy (two reference counts, three when its sender counts). Who has work to do for a stanza
// holds a copy: with the last one it is settled (core/acceptance.h). Granted: an Envelope with a granted decision; what reaches a
// client takes only that, and only grant() makes one.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "auth/principal.h"
#include "core/acceptance.h"
#include "core/ids.h"
#include "policy/policy.h"
#include "xmpp/stanza.h"

namespace aldis {

struct Envelope {
  StanzaPtr stanza;
  std::shared_ptr<const Principal> sender;   // null: the server itself
  SessionId origin = SessionId::none;        // the local session that sent it
  TraceId trace = TraceId::none;
  AcceptancePtr acceptance{};                // null: nobody counts
  std::uint64_t archive_id = 0;              // in the recipient's archive, where it is or will be stored; 0: in none
  std::uint64_t message_id = 0;              // of the message as the sender's archive stores it; 0: nobody does yet
  bool is_kept = false;                      // was kept for an absent recipient, who gets it now
  bool is_copy = false;                      // for one session only (a carbon, a page of its archive): dropped if it ends
  bool is_farewell = false;                  // because the server stops: not for sessions that can be resumed
  bool is_elsewhere = false;                 // waits in a room's archive: observers hear of it (on_waiting), no session gets it
  bool is_shared = false;                    // the stanza has no to: each session that gets it is written as such (core/resident.h)
  std::uint32_t round = 0;                   // of a message to a bare address: by it Account knows who was there to get it; 0: no such

  // The same stanza's way with another form of it: addresses, or the answer.
  [[nodiscard]] Envelope with(StanzaPtr other) const {
    Envelope copy = *this;
    copy.stanza = std::move(other);
    return copy;
  }
};

// Whether the stanza counts as accepted once the recipient's session has it, before the client has: presence, what is stored
// by another rule, and what nobody may store and nobody would miss (chat states, headlines, errors).
[[nodiscard]] bool is_settled_when_handed_over(const Envelope& envelope);

class PositionForms;

class Granted {
 public:
  // With the form of the stanza that the recipient may see.
  [[nodiscard]] const Envelope& envelope() const { return amended_ ? *amended_ : *envelope_; }
  [[nodiscard]] const Stanza& stanza() const { return *envelope().stanza; }

 private:
  friend std::optional<Granted> grant(const Envelope& envelope, const policy::Decision& decision, const BareJid& recipient, PositionForms& forms);
  explicit Granted(const Envelope& envelope) : envelope_(&envelope) {}
  // As far as positions in it are shown; nothing: there is nothing left (core/positions.h).
  [[nodiscard]] static std::optional<Granted> with_positions(const Envelope& envelope, const policy::PositionRulePtr& rule,
                                                             const BareJid& recipient, PositionForms& forms);
  const Envelope* envelope_;            // a Granted lives within one call
  std::optional<Envelope> amended_{};   // the same with another form of the stanza
};

// Nothing when the decision is a refusal, or leaves nothing to be seen.
[[nodiscard]] inline std::optional<Granted> grant(const Envelope& envelope, const policy::Decision& decision, const BareJid& recipient,
                                                  PositionForms& forms) {
  if (!decision.is_granted()) {
    return std::nullopt;
  }
  if (decision.positions() != nullptr) [[unlikely]] {
    return Granted::with_positions(envelope, decision.positions(), recipient, forms);
  }
  return Granted(envelope);
}

}  // namespace aldis
