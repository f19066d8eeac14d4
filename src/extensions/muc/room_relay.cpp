// Requests (iq) between occupants, XEP-0045 (1.35.5) section 17.4: passed on without either's real address (security M05), and
// answered once, by who was asked (P06). A ping of one's own occupant is answered by the room (XEP-0410 1.1.0, section 3.3).
#include <chrono>

#include "extensions/muc/room.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {
namespace {

constexpr std::chrono::seconds longest_wait{150};

// The iq's start tag, around bytes that stand alone in jabber:client.
StanzaPtr iq(std::string_view type, const Jid& from, const Jid& to, std::string_view id, std::string_view payload) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("iq").attribute("type", type).attribute("id", id).attribute("from", from.str()).attribute("to", to.str());
  writer.raw(payload).end();
  return Stanza::make(std::move(xml));
}

// With the declarations it needs by itself.
std::string alone(const xml::Element& element) {
  std::string out;
  xml::Writer(out).element(element);
  return out;
}

// What a vCard says of addresses is not passed on where addresses are hidden: the element is the server's to know.
std::string without_address(const xml::Element& payload) {
  std::string out;
  xml::Writer writer(out);
  writer.start(payload.local(), payload.ns());
  for (const xml::Element child : payload.children()) {
    if (!child.is({"JABBERID", ns::vcard})) {
      writer.element(child);
    }
  }
  writer.end();
  return out;
}

}  // namespace

void Room::relay(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  const Occupant* asker = occupant_of(*stanza.from());
  const XmlName payload = stanza.payload()->name();
  if (asker == nullptr) {  // XEP-0410 section 3.2; for service discovery section 6.6
    const bool is_discovery = payload.ns == ns::disco_info || payload.ns == ns::disco_items;
    refuse(envelope, is_discovery ? StanzaCondition::bad_request : StanzaCondition::not_acceptable);
    return;
  }
  Occupant* asked = occupant_called(stanza.to()->resource());
  if (asked == nullptr) {
    refuse(envelope, StanzaCondition::item_not_found);
    return;
  }
  if (asked == asker && payload == XmlName{"ping", ns::ping} && stanza.type() == StanzaType::get) {
    answer(envelope, make_result(stanza));
    return;
  }
  if (!spends(asker->user, asker->affiliation, stanza.size())) {
    refuse(envelope, StanzaError(StanzaCondition::policy_violation, "You say too much in this room.").with_type(ErrorType::wait));
    return;
  }
  // A vCard is the account's, which answers for all clients (XEP-0054 section 3.3).
  const bool is_of_account = payload == XmlName{"vCard", ns::vcard} && stanza.type() == StanzaType::get;
  const Jid to = is_of_account ? Jid(asked->user) : asked->shown().recipient.jid;
  std::string id = random_token(home_.world().random);
  const Relayed::Request request{*stanza.from(), std::string(stanza.id()), asked->address, to, home_.now() + longest_wait};
  if (!relayed_.add(id, request, home_.now())) {
    refuse(envelope, StanzaCondition::resource_constraint);
    return;
  }
  const StanzaPtr passed = iq(to_string(stanza.type()), asker->address, to, id, alone(*stanza.payload()));
  fan_out_.then([this, passed, envelope] {
    home_.router().route(home_, Envelope{.stanza = passed, .sender = envelope.sender, .trace = envelope.trace, .acceptance = envelope.acceptance});
  });
}

void Room::relay_answer(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  const std::optional<Relayed::Request> request = relayed_.take(stanza.id(), *stanza.from());
  if (!request || occupant_of(request->asker) == nullptr) {
    return;
  }
  std::string payload;
  if (stanza.type() == StanzaType::error) {  // its condition only: texts and others' names may tell where it comes from
    StanzaError error(StanzaCondition::undefined_condition);
    if (const auto read = StanzaError::read(stanza.element())) {
      error = StanzaError(read->condition).with_type(read->type);
    }
    xml::Writer writer(payload);
    error.write(writer);
  } else if (const auto element = stanza.payload()) {
    payload = config_.is_non_anonymous || element->ns() != ns::vcard ? alone(*element) : without_address(*element);
  }
  const StanzaPtr passed = iq(to_string(stanza.type()), request->asked_as, request->asker, request->id, payload);
  fan_out_.then([this, passed, envelope] {
    home_.router().route(home_, Envelope{.stanza = passed, .sender = envelope.sender, .trace = envelope.trace, .acceptance = envelope.acceptance});
  });
}

}  // namespace aldis::muc
