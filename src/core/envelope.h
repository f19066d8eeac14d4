// Envelope: what travels inside the server: a stanza, who sent it, where it came from, and the decision that lets it pass.
// Typed fields, no bag. Cheap to copy (two reference counts). Granted: an Envelope with a granted decision; what reaches a
// client takes only that, and only grant() makes one.
#pragma once
#include <memory>
#include <optional>

#include "auth/principal.h"
#include "core/ids.h"
#include "policy/policy.h"
#include "xmpp/stanza.h"

namespace aldis {

struct Envelope {
  StanzaPtr stanza;
  std::shared_ptr<const Principal> sender;   // null: the server itself
  SessionId origin = SessionId::none;        // the local session that sent it
  TraceId trace = TraceId::none;
};

class Granted {
 public:
  [[nodiscard]] const Envelope& envelope() const { return *envelope_; }
  [[nodiscard]] const Stanza& stanza() const { return *envelope_->stanza; }
  [[nodiscard]] policy::Decision decision() const { return decision_; }

 private:
  friend std::optional<Granted> grant(const Envelope& envelope, policy::Decision decision);
  Granted(const Envelope& envelope, policy::Decision decision) : envelope_(&envelope), decision_(decision) {}
  const Envelope* envelope_;  // a Granted lives within one call
  policy::Decision decision_;
};

// Nothing when the decision is a refusal.
[[nodiscard]] inline std::optional<Granted> grant(const Envelope& envelope, policy::Decision decision) {
  if (!decision.is_granted()) {
    return std::nullopt;
  }
  return Granted(envelope, decision);
}

}  // namespace aldis
