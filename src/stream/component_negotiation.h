// ComponentNegotiation: the server's side of a jabber:component:accept stream (XEP-0114 1.6), as a pure machine: events in, bytes
// and one demand out. A component names its domain in the header and proves it by SHA-1 of the stream's id and a shared secret.
// It knows no socket and no clock, and never says whether a component of that name is connected before the proof.
// Not here: jabber:component:connect, STARTTLS and SASL (XEP-0225), which this protocol has not; budgets and deadlines (the
// owner's). A header's version is not looked at, and the answer has none: there are no stream features.
//
//   owner:    Framer -> parse -> on_header / on_element       Step.bytes -> write; Step.demand -> do
//
// Once is_open(), stanzas are the owner's (check_stanza); all else still comes here.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/random.h"
#include "base/secret_bytes.h"
#include "stream/demands.h"
#include "xml/element.h"
#include "xml/error.h"
#include "xmpp/jid.h"

namespace aldis::stream {

// The handshake was right: admit(), or close() with conflict. Nothing more is fed before.
struct AdmitComponent {};
using ComponentDemand = std::variant<KeepReading, AdmitComponent, CloseConnection>;
struct ComponentStep {
  std::string bytes;
  ComponentDemand demand = KeepReading{};
};

// The owner's components. Outlives the machine.
class ComponentSecrets {
 public:
  virtual ~ComponentSecrets() = default;
  // Null: no component has that domain (prepared). Valid until the next call of the machine's owner.
  [[nodiscard]] virtual const SecretBytes* secret_of(std::string_view domain) const = 0;
  // Stands as `from` of our header where the component's `to` cannot (RFC 6120 section 4.9.1.2).
  [[nodiscard]] virtual std::string_view default_domain() const = 0;
};

// SHA-1 of both, hexadecimal, lower case: what <handshake/> holds.
[[nodiscard]] std::string component_digest(std::string_view stream_id, const SecretBytes& secret);

class ComponentNegotiation {
 public:
  ComponentNegotiation(const ComponentSecrets& secrets, Random& random) : secrets_(secrets), random_(random) {}

  // ---- what was read
  [[nodiscard]] ComponentStep on_header(const xml::Document& header);
  [[nodiscard]] ComponentStep on_element(const xml::Element& element);
  [[nodiscard]] ComponentStep on_stream_close();
  [[nodiscard]] ComponentStep on_xml_error(xml::XmlError error);

  // ---- what the owner decides
  [[nodiscard]] ComponentStep admit();                            // after AdmitComponent
  [[nodiscard]] ComponentStep close(const StreamError& error);    // at any time

  // ---- what is known
  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  [[nodiscard]] bool is_closed() const { return state_ == State::closed; }
  // As the header names it, of a component there is; empty before.
  [[nodiscard]] const std::string& domain() const { return domain_; }
  [[nodiscard]] const std::string& named() const { return named_; }   // in the header, whether it exists or not
  [[nodiscard]] const std::string& stream_id() const { return stream_id_; }
  [[nodiscard]] const xml::Scope& scope() const { return scope_; }
  // What the component ended the stream with, if it said so.
  [[nodiscard]] const std::optional<StreamError>& peer_error() const { return peer_error_; }

  // Of a stanza received while is_open(): what its addresses break, or nothing: improper-addressing without from or to,
  // invalid-from when it is not from the component's own domain. The owner ends the stream with it.
  [[nodiscard]] std::optional<StreamError> check_stanza(const std::optional<Jid>& from, const std::optional<Jid>& to) const;

 private:
  enum class State : std::uint8_t { header, handshake, admitting, open, closed };
  [[nodiscard]] ComponentStep judge_handshake(const xml::Element& element);
  void write_header(std::string& out);

  const ComponentSecrets& secrets_;
  Random& random_;
  State state_ = State::header;
  std::string domain_;
  std::string named_;
  std::string stream_id_;
  xml::Scope scope_;
  std::optional<StreamError> peer_error_;
  bool header_sent_ = false;
};

}  // namespace aldis::stream
