// StanzaError: RFC 6120 section 8.3, the conditions with their recommended types, and an optional text and
// application-specific condition.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xml/element.h"
#include "xml/writer.h"

namespace aldis {

enum class ErrorType : std::uint8_t { auth, cancel, continue_, modify, wait };

enum class StanzaCondition : std::uint8_t {
  bad_request, conflict, feature_not_implemented, forbidden, gone, internal_server_error, item_not_found,
  jid_malformed, not_acceptable, not_allowed, not_authorized, policy_violation, recipient_unavailable, redirect,
  registration_required, remote_server_not_found, remote_server_timeout, resource_constraint, service_unavailable,
  subscription_required, undefined_condition, unexpected_request,
};

[[nodiscard]] std::string_view to_string(ErrorType type);
[[nodiscard]] std::string_view to_string(StanzaCondition condition);
// The type RFC 6120 section 8.3.3 gives the condition.
[[nodiscard]] ErrorType default_type(StanzaCondition condition);

struct StanzaError {
  StanzaCondition condition = StanzaCondition::undefined_condition;
  ErrorType type = ErrorType::cancel;
  std::string text{};             // for people; fixed strings, nothing about our insides
  std::string redirect{};         // the address for gone and redirect
  std::string application{};      // serialised application-specific condition element, or empty

  StanzaError() = default;
  explicit StanzaError(StanzaCondition c, std::string t = {}) : condition(c), type(default_type(c)), text(std::move(t)) {}

  [[nodiscard]] StanzaError with_type(ErrorType t) && { type = t; return std::move(*this); }
  [[nodiscard]] StanzaError with_application(std::string xml) && { application = std::move(xml); return std::move(*this); }

  // The error of a stanza of type error that a peer sent, with undefined-condition for a condition RFC 6120 does not know
  // (section 8.3.2) and the condition's own type for an unknown type; nothing without an error child. `application` is
  // not read. The second form is for an error child that is not in its parent's namespace (XEP-0220 section 2.5).
  [[nodiscard]] static std::optional<StanzaError> read(const xml::Element& stanza) { return read(stanza, stanza.ns()); }
  [[nodiscard]] static std::optional<StanzaError> read(const xml::Element& parent, std::string_view error_ns);

  // <error type='...'><condition xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>...</error>
  void write(xml::Writer& writer) const;
};

}  // namespace aldis
