// XEP-0203 (2.0) delayed delivery: when a stanza was first sent, and who kept it since.
#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "xml/element.h"
#include "xmpp/jid.h"
#include "xmpp/stanza_error.h"

namespace aldis {

struct Delay {
  WallTime stamp{};
  std::optional<Jid> from{};  // who delayed it
  std::string reason{};       // for people; may be empty

  // A <delay xmlns='urn:xmpp:delay'/>: bad-request without a valid stamp or with a malformed from.
  [[nodiscard]] static Result<Delay, StanzaError> parse(const xml::Element& delay);
  // Appends the element: what Stanza::amended takes.
  void write(std::string& out) const;
};

}  // namespace aldis
