// What both sides of a jabber:server stream share (RFC 6120 sections 4 and 8.1): its header, the pair of domains it is for,
// and what a stanza's addresses must be on it. The sides are inbound_negotiation.h and outbound_negotiation.h.
//
// A stream is for exactly one pair of domains, the one its headers name (docs/adr/0039-one-pair-a-stream.md).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "stream/demands.h"
#include "stream/dialback.h"
#include "xml/element.h"
#include "xmpp/jid.h"
#include "xmpp/stream_error.h"

namespace aldis::stream {

// Judge the peer's certificate for this domain, with all that can prove it (path, names, revocation, DANE, the peer's rule);
// then certificate_judged(). What holds on a stream is decided here and nowhere else: the machine looks at no certificate.
struct JudgeCertificate {
  std::string domain;   // the peer's
  std::string served;   // ours
};

// Ask the authoritative server of pair.from whether it made this key for our stream's id, on another connection than this
// (XEP-0288 section 2.2: OutboundNegotiation::ask); then key_verified(). pair.to is served here.
struct VerifyKey {
  DomainPair pair;
  std::string stream_id;
  std::string key;
};

// How the sender of a stream's stanzas was proved.
enum class ServerProof : std::uint8_t { none, external, dialback };

struct ServerHeader {
  std::optional<std::string> from;   // prepared; nothing when absent
  std::optional<std::string> to;
  std::string id;                    // empty when absent, or longer than any honest one
  std::string lang;                  // empty when absent or no language tag
  bool has_dialback = false;         // declares XEP-0220's namespace (section 2.4.1)
  xml::Scope scope;
};
// The error is the stream error of RFC 6120 sections 4.7 to 4.9. Who may stand in from and to is the caller's business.
[[nodiscard]] Result<ServerHeader, StreamError> read_server_header(const xml::Document& header);

struct ServerHeaderText {
  std::string_view from;
  std::string_view to;      // empty: none
  std::string_view id;      // empty: none, as from the side that opens the stream
  std::string_view lang;
  bool has_dialback = false;
};
void write_server_header(std::string& out, const ServerHeaderText& header);

// A message, presence or iq of jabber:server: for check_addresses and the owner, not for a negotiation.
[[nodiscard]] bool is_server_stanza(const xml::Element& element);

// What a stanza's addresses break on a stream whose verified pair is `pair`, or nothing (RFC 6120 sections 8.1.1.2 and
// 8.1.2.2, security D04): improper-addressing without from or to, invalid-from, host-unknown. The stream ends with it.
[[nodiscard]] std::optional<StreamError> check_addresses(const std::optional<Jid>& from, const std::optional<Jid>& to,
                                                         const DomainPair& pair);

}  // namespace aldis::stream
