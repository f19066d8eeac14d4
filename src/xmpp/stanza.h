// Stanza: message, presence or iq (RFC 6120 section 8, RFC 6121), immutable once made, reference-counted, safe to share
// between threads. It keeps the bytes it came in; forwarding rewrites the start tag and copies the rest. A change makes a
// new Stanza. It does not look into payloads and decides nothing about routing.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
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
  // Why an element of a stream is no stanza we can admit. With `stanza_error` set, `offender` carries what could be read of
  // the header and make_error(*offender, *stanza_error) is the answer (null for an offender that must not be answered);
  // `stream` is then what fits where a peer's fault ends the stream. Without it the stream ends with `stream`.
  struct Refusal {
    std::optional<StanzaError> stanza_error;
    StreamError stream;
    StanzaPtr offender;
  };

  // Reads a complete first-level element. Refused: another namespace or name (unsupported-stanza-type), wrong type value
  // or missing id on an iq (bad-request), iq get/set without exactly one child (bad-request), malformed to or from
  // (jid-malformed). An id longer than 1023 bytes is bad-request. The stanza's namespace must be scope.default_ns, which is
  // jabber:client or jabber:server. Bytes that lean on the stream header's prefixes or hold CDATA are rewritten once, so
  // that they stand alone; header prefixes in use may have 1024 bytes of URIs.
  [[nodiscard]] static Result<StanzaPtr, Refusal> parse(std::string bytes, const xml::Scope& scope,
                                                        const xml::Limits& limits = {});
  // The same for a stream between servers, or a component's (jabber:component:accept): what its default namespace covers is read as
  // jabber:client, in which stanzas are everywhere inside (RFC 6120 section 4.8.3), so that what we see of a stanza is what its
  // recipients will.
  [[nodiscard]] static Result<StanzaPtr, Refusal> parse_from_server(std::string bytes, const xml::Scope& scope,
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
  // xml:lang of its own (or set by with_lang), or empty.
  [[nodiscard]] std::string_view lang() const { return owned_lang_.empty() ? lang_ : std::string_view(owned_lang_); }

  // The element as it came: its to and from are not those that with_addresses set.
  [[nodiscard]] xml::Element element() const { return document_->root(); }
  // The first element child: the payload of an iq request.
  [[nodiscard]] std::optional<xml::Element> payload() const { return element().first_child(); }
  // The first child of that name; jabber:client stands for the stanza's own namespace, which is jabber:server on a stream
  // between servers.
  [[nodiscard]] std::optional<xml::Element> child(XmlName name) const;

  // The same stanza with other addresses; shares the parsed document and its bytes.
  [[nodiscard]] StanzaPtr with_addresses(std::optional<Jid> from, std::optional<Jid> to) const;
  [[nodiscard]] StanzaPtr with_from(Jid from) const;
  [[nodiscard]] StanzaPtr with_to(Jid to) const;
  // The same with xml:lang set where it has none (RFC 6120 section 8.1.5).
  [[nodiscard]] StanzaPtr with_lang(std::string_view lang) const;
  // The same without the children `remove` picks, and with `append` (well-formed in the stanza's own namespace) behind the
  // rest.
  [[nodiscard]] StanzaPtr amended(const std::function<bool(const xml::Element&)>& remove, std::string_view append) const;

  // The same with elements of it in other words: each `where` is an Element::outer_bytes() of element(), in document order and apart
  // from each other, each `instead` well-formed there, or empty.
  struct Replacement {
    std::string_view where;
    std::string instead;
  };
  [[nodiscard]] StanzaPtr replaced(const std::vector<Replacement>& replacements) const;

  // Whether somebody's position (XEP-0080) may be in it, at whatever depth: its namespace is.
  [[nodiscard]] bool names_geoloc() const { return names_geoloc_; }
  // When the server came to know the newest position in it; nothing: only now, with this stanza (core/positions.h).
  [[nodiscard]] std::optional<WallTime> positions_since() const { return positions_since_; }
  [[nodiscard]] StanzaPtr with_positions_since(WallTime since) const;

  // Appends the stanza as it goes on a stream whose default namespace is jabber:client (or jabber:server): the start
  // tag with this stanza's addresses, then the rest as it came, or written anew where it could not be copied. `to`
  // overrides the to address without a copy of the stanza: the fan-out path.
  void write(std::string& out, const Jid* to = nullptr) const;
  [[nodiscard]] std::string to_xml() const;
  // Bytes of the serialised form, approximately (exact within the start tag); for queue accounting.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Key {};

 public:
  explicit Stanza(Key) {}  // for make_shared within this class
  Stanza(Key, const Stanza& other) : Stanza(other) {}
  Stanza& operator=(const Stanza&) = delete;

 private:
  Stanza(const Stanza&) = default;
  // Reads the root's start tag; the first fault found, after reading all that can be read.
  std::optional<Refusal> read_header();
  std::optional<Refusal> read_start_tag();
  [[nodiscard]] StanzaPtr read_again(std::string bytes) const;
  void write_start_tag(std::string& out, const Jid* to) const;  // up to the last attribute, without its end
  static std::shared_ptr<Stanza> around(std::unique_ptr<const xml::Document> document);

  // A part of the start tag as it came, white space before it included; an offset into the root's bytes.
  struct Piece {
    std::uint32_t offset;
    std::uint32_t size;
  };

  StanzaKind kind_ = StanzaKind::message;
  StanzaType type_ = StanzaType::normal;
  bool has_id_ = false;
  bool has_lang_ = false;
  bool names_geoloc_ = false;
  // The attributes and declarations other than to, from and xmlns: three taken out leave four pieces at most.
  std::uint8_t piece_count_ = 0;
  std::array<Piece, 4> pieces_{};
  std::optional<Jid> to_;
  std::optional<Jid> from_;
  std::string_view id_;  // this and the next two into document_
  std::string_view lang_;
  std::string_view raw_;    // the root, start tag to end tag
  std::string_view inner_;  // what is between its tags
  std::string owned_lang_;
  std::optional<WallTime> positions_since_;
  std::shared_ptr<const xml::Document> document_;
};

// The error answer to a stanza (RFC 6120 section 8.3.1): addresses swapped, id kept, type error, the condition. Null for a
// stanza that must not be answered: an error, or an iq result.
[[nodiscard]] StanzaPtr make_error(const Stanza& offender, const StanzaError& error);
// An iq result for a request, addresses swapped, around `payload` (well-formed, may be empty).
[[nodiscard]] StanzaPtr make_result(const Stanza& request, std::string_view payload = {});

}  // namespace aldis
