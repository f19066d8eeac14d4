// Stanza errors on the wire, RFC 6120 section 8.3: names, recommended types, serialisation.
#include "xmpp/stanza_error.h"

#include <array>

#include "base/ensure.h"
#include "xmpp/namespaces.h"

namespace aldis {
namespace {

struct ConditionRow {
  StanzaCondition condition;
  std::string_view name;
  ErrorType type;
};

// RFC 6120 sections 8.3.3.1 to 8.3.3.22; where a clause allows two types, the first it names. In the order of the enum.
constexpr std::array<ConditionRow, 22> conditions{{
    {StanzaCondition::bad_request, "bad-request", ErrorType::modify},
    {StanzaCondition::conflict, "conflict", ErrorType::cancel},
    {StanzaCondition::feature_not_implemented, "feature-not-implemented", ErrorType::cancel},
    {StanzaCondition::forbidden, "forbidden", ErrorType::auth},
    {StanzaCondition::gone, "gone", ErrorType::cancel},
    {StanzaCondition::internal_server_error, "internal-server-error", ErrorType::cancel},
    {StanzaCondition::item_not_found, "item-not-found", ErrorType::cancel},
    {StanzaCondition::jid_malformed, "jid-malformed", ErrorType::modify},
    {StanzaCondition::not_acceptable, "not-acceptable", ErrorType::modify},
    {StanzaCondition::not_allowed, "not-allowed", ErrorType::cancel},
    {StanzaCondition::not_authorized, "not-authorized", ErrorType::auth},
    {StanzaCondition::policy_violation, "policy-violation", ErrorType::modify},
    {StanzaCondition::recipient_unavailable, "recipient-unavailable", ErrorType::wait},
    {StanzaCondition::redirect, "redirect", ErrorType::modify},
    {StanzaCondition::registration_required, "registration-required", ErrorType::auth},
    {StanzaCondition::remote_server_not_found, "remote-server-not-found", ErrorType::cancel},
    {StanzaCondition::remote_server_timeout, "remote-server-timeout", ErrorType::wait},
    {StanzaCondition::resource_constraint, "resource-constraint", ErrorType::wait},
    {StanzaCondition::service_unavailable, "service-unavailable", ErrorType::cancel},
    {StanzaCondition::subscription_required, "subscription-required", ErrorType::auth},
    {StanzaCondition::undefined_condition, "undefined-condition", ErrorType::cancel},
    {StanzaCondition::unexpected_request, "unexpected-request", ErrorType::wait},
}};

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (static_cast<std::size_t>(conditions[i].condition) != i) return false;
  }
  return true;
}
static_assert(in_enum_order());

const ConditionRow& row(StanzaCondition condition) {
  const auto index = static_cast<std::size_t>(condition);
  ensure(index < conditions.size(), "a stanza error condition of RFC 6120");
  return conditions[index];
}

constexpr std::array<std::pair<std::string_view, ErrorType>, 5> types{{{"auth", ErrorType::auth},
                                                                       {"cancel", ErrorType::cancel},
                                                                       {"continue", ErrorType::continue_},
                                                                       {"modify", ErrorType::modify},
                                                                       {"wait", ErrorType::wait}}};

}  // namespace

std::string_view to_string(ErrorType type) {
  for (const auto& [name, value] : types) {
    if (value == type) return name;
  }
  ensure(false, "a stanza error type of RFC 6120");
  return {};
}

std::string_view to_string(StanzaCondition condition) { return row(condition).name; }

ErrorType default_type(StanzaCondition condition) { return row(condition).type; }

void StanzaError::write(xml::Writer& writer) const {
  writer.start("error").attribute("type", to_string(type));
  writer.element(to_string(condition), redirect, ns::stanza_errors);
  if (!text.empty()) {
    writer.start("text", ns::stanza_errors).attribute("xml:lang", "en").text(text).end();
  }
  if (!application.empty()) {
    writer.raw(application);
  }
  writer.end();
}

std::optional<StanzaError> StanzaError::read(const xml::Element& parent, std::string_view error_ns) {
  const std::optional<xml::Element> error = parent.child({"error", error_ns});
  if (!error) return std::nullopt;
  StanzaError read;
  for (const xml::Element child : error->children()) {
    if (child.ns() != ns::stanza_errors) continue;
    if (child.local() == "text") {
      read.text = child.text();
      continue;
    }
    for (const ConditionRow& known : conditions) {
      if (known.name == child.local()) {
        read.condition = known.condition;
        if (known.condition == StanzaCondition::gone || known.condition == StanzaCondition::redirect) {
          read.redirect = child.text();
        }
      }
    }
  }
  read.type = default_type(read.condition);
  const std::optional<std::string_view> type_name = error->attribute("type");
  for (const auto& [name, value] : types) {
    if (type_name && name == *type_name) read.type = value;
  }
  return read;
}

}  // namespace aldis
