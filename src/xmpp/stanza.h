// Stanza: message, presence or iq (RFC 6120 section 8, RFC 6121), immutable once made, reference-counted, safe to share
// between threads. It keeps the bytes it came in; forwarding rewrites the start tag and copies the rest. A change makes a
// new Stanza.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "xml/element.h"
#include "xml/writer.h"
#include "xmpp/jid.h"
#include "xmpp/stanza_error.h"
#include "xmpp/stream_error.h"

namespace aldis {

enum class StanzaKind : std::uint8_t { message, presence, iq };

enum class StanzaType : std::uint8_t {
  // message (RFC 6121 section 5.2.2; an unknown value is read as normal)
  normal, chat, groupchat, headline,
  // presence (section 4.7.1); available has no attribute
  available, unavailable, subscribe, subscribed, unsubscribe, unsubscribed, probe,
  // iq (RFC 6120 section 8.2.3)
  get, set, result,
  // any
  error,
};
[[nodiscard]] std::string_view to_string(StanzaKind kind);
[[nodiscard]] std::string_view to_string(StanzaType type);

class Stanza;
using StanzaPtr = std::shared_ptr<const Stanza>;

class Stanza {
 public:
  // Why an element of a stream is no stanza we can admit. `as_stanza_error` is set when the answer is a stanza error to the
  // sender (then `header` fields needed for the answer were readable), otherwise the stream ends with `stream`.
  struct Refusal {
    std::optional<StanzaError> stanza_error;
    StreamError stream;
    StanzaPtr offender;  // for answering; null when the stream must end
  };

  // Reads a complete first-level element. Refused: another namespace or name (unsupported-stanza-type), wrong type value
  // or missing id on an iq (bad-request), iq get/set without exactly one child (bad-request), malformed to or from
  // (jid-malformed). An id longer than 1023 bytes is bad-request.
  [[nodiscard]] static Result<StanzaPtr, Refusal> parse(std::string bytes, const xml::Scope& scope,
                                                        const xml::Limits& limits = {});
  // For stanzas we write ourselves; `bytes` in jabber:client. Invalid bytes are a broken invariant.
  [[nodiscard]] static StanzaPtr make(std::string bytes);

  [[nodiscard]] StanzaKind kind() const { return kind_; }
  [[nodiscard]] StanzaType type() const { return type_; }
  [[nodiscard]] bool is_message() const { return kind_ == StanzaKind::message; }
  [[nodiscard]] bool is_presence() const { return kind_ == StanzaKind::presence; }
  [[nodiscard]] bool is_iq() const { return kind_ == StanzaKind::iq; }
  [[nodiscard]] bool is_error() const { return type_ == StanzaType::error; }
  // get or set: exactly one answer is owed.
  [[nodiscard]] bool is_request() const { return type_ == StanzaType::get || type_ == StanzaType::set; }

  [[nodiscard]] const std::optional<Jid>& to() const { return to_; }
  [[nodiscard]] const std::optional<Jid>& from() const { return from_; }
  [[nodiscard]] std::string_view id() const { return id_; }      // empty when absent
  [[nodiscard]] bool has_id() const { return has_id_; }
  [[nodiscard]] std::string_view lang() const { return lang_; }  // xml:lang of its own, or empty

  [[nodiscard]] xml::Element element() const { return document_->root(); }
  // The first element child: the payload of an iq request.
  [[nodiscard]] std::optional<xml::Element> payload() const { return element().first_child(); }
  [[nodiscard]] std::optional<xml::Element> child(XmlName name) const { return element().child(name); }

  // The same stanza with other addresses; shares the parsed document and its bytes.
  [[nodiscard]] StanzaPtr with_addresses(std::optional<Jid> from, std::optional<Jid> to) const;
  [[nodiscard]] StanzaPtr with_from(Jid from) const;
  [[nodiscard]] StanzaPtr with_to(Jid to) const;
  // The same with xml:lang set where it has none (RFC 6120 section 8.1.5).
  [[nodiscard]] StanzaPtr with_lang(std::string_view lang) const;
  // The same without the children `remove` names, and with `append` (well-formed, jabber:client scope) behind the rest.
  [[nodiscard]] StanzaPtr amended(const std::function<bool(const xml::Element&)>& remove, std::string_view append) const;

  // Appends the stanza as it goes on a stream whose default namespace is jabber:client (or jabber:server): the start
  // tag with this stanza's addresses, then the rest as it came, or written anew where it could not be copied. `to`
  // overrides the to address without a copy of the stanza: the fan-out path.
  void write(std::string& out, const Jid* to = nullptr) const;
  [[nodiscard]] std::string to_xml() const;
  // Bytes of the serialised form, approximately (exact within the start tag); for queue accounting.
  [[nodiscard]] std::size_t size() const;

 private:
  Stanza() = default;
  StanzaKind kind_ = StanzaKind::message;
  StanzaType type_ = StanzaType::normal;
  bool has_id_ = false;
  std::optional<Jid> to_;
  std::optional<Jid> from_;
  std::string_view id_;  // into document_, or into owned_header_
  std::string_view lang_;
  std::string owned_lang_;
  std::shared_ptr<const xml::Document> document_;
};

// The error answer to a stanza (RFC 6120 section 8.3.1): addresses swapped, id kept, type error, the condition. Null for a
// stanza that must not be answered: an error, or an iq result.
[[nodiscard]] StanzaPtr make_error(const Stanza& offender, const StanzaError& error);
// An iq result for a request, addresses swapped, around `payload` (well-formed, may be empty).
[[nodiscard]] StanzaPtr make_result(const Stanza& request, std::string_view payload = {});

}  // namespace aldis
