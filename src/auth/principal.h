// Principal: who was authenticated, how, and from where. Made once by an Authenticator, immutable, shared by everything
// that later decides about this person: sessions, envelopes, policy, audit. Who administers a domain its VirtualHost knows.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "tls/presented_chain.h"
#include "xmpp/jid.h"

namespace aldis {

// The certificate that somebody logged in with (SASL EXTERNAL).
struct ClientCertificate {
  std::string subject;                      // RFC 4514
  std::string issuer;
  std::string serial;                       // hexadecimal
  std::string fingerprint;                  // SHA-256, hexadecimal
  std::vector<std::string> xmpp_addresses;  // id-on-xmppAddr (RFC 6120 section 13.7.1.4)
  WallTime not_after{};
  tls::PresentedChain chain{};              // as it was shown, to be judged again
};

struct Principal {
  BareJid identity;
  std::string mechanism{};                  // by its IANA name
  std::string channel_binding{};            // the type's name; empty: not bound to the channel
  bool is_confidential = false;             // the stream was encrypted when the credentials passed
  bool is_anonymous = false;                // RFC 4505: nobody has vouched for this identity
  bool is_peer = false;                     // another server: identity is its domain, for whose users it speaks
  bool is_component = false;                // the same of a component of this server (XEP-0114)
  std::vector<std::string> groups{};
  std::string client{};                     // the user-agent id it gave (XEP-0388); told to nobody but owner and operator
  std::string client_name{};                // stands for `client` where others may see it: always the same, says nothing else
  std::string source_address{};             // of the connection, without port
  std::optional<ClientCertificate> certificate{};
  std::string kerberos_principal{};         // whose ticket it was, such as juliet@EXAMPLE.ORG; empty: none was shown
  WallTime authenticated{};
  std::optional<WallTime> credentials_changed{};  // as of then; nothing where there is no account (ANONYMOUS)
  bool must_change_password = false;        // let in for that, and for nothing else (ADR 0060)
  std::string notice{};                     // about the password, for its owner to read at once; empty: nothing
};
using PrincipalPtr = std::shared_ptr<const Principal>;

}  // namespace aldis
