// XEP-0280 (1.0.1) Message Carbons: a user's clients see both sides of every conversation. A copy is a message from the user's
// bare address around the message as it was delivered; it passes policy like the message itself, and where it cannot be
// delivered it is dropped: nobody hears of it (section 9.3).
#include "core/account.h"
#include "core/extension.h"
#include "core/session.h"
#include "extensions/carbon_rules.h"
#include "extensions/extensions.h"
#include "xml/writer.h"
#include "xmpp/forwarded.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

bool somebody_wants(const Account& account) {
  for (const auto& session : account.sessions()) {
    if (session->wants_carbons) {
      return true;
    }
  }
  return false;
}

// Written once for all sessions; each gets its own `to`.
StanzaPtr wrap(const Account& account, const Stanza& message, std::string_view direction) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("message").attribute("from", account.jid().str());
  if (message.type() != StanzaType::normal) {
    writer.attribute("type", to_string(message.type()));  // sections 7, 8: the same type
  }
  std::string forwarded;
  write_forwarded(forwarded, message);
  writer.start(direction, ns::carbons).raw(forwarded).end().end();
  return Stanza::make(std::move(xml));
}

// To every session with carbons for which `gets_it_anyway` is false.
template <class GetsItAnyway>
void copy(const HookCall& call, std::string_view direction, GetsItAnyway gets_it_anyway) {
  StanzaPtr wrapped;
  Account& account = call.account;
  const std::size_t count = account.sessions().size();
  for (std::size_t i = 0; i < count && i < account.sessions().size(); ++i) {
    Session& session = *account.sessions()[i];
    if (!session.wants_carbons || session.is_ending() || session.id() == call.envelope.origin || gets_it_anyway(session)) {
      continue;
    }
    if (wrapped == nullptr) {
      wrapped = wrap(account, call.stanza(), direction);
    }
    account.deliver_copy(session, wrapped->with_to(session.jid()), call.envelope);
  }
}

// Section 8.
Step on_sent(const HookCall& call) {
  const Stanza& message = call.stanza();
  if (!somebody_wants(call.account) || !message.to() || !is_eligible_for_carbons(message, Direction::sent)) {
    return Verdict(Pass{});
  }
  if (message.to()->bare_str() == call.account.jid().str()) {
    return Verdict(Pass{});  // to oneself: every client gets it by being its recipient, or a copy as one that was received
  }
  if (!message.id().empty()) {
    if (call.account.copied_messages == nullptr) {
      call.account.copied_messages = std::make_unique<RecentIds>();
    }
    call.account.copied_messages->add(message.to()->bare_str(), message.id());
  }
  copy(call, "sent", [](const Session&) { return false; });
  return Verdict(Pass{});
}

// Section 7. Who gets the message itself: RFC 6121 sections 8.5.2 and 8.5.3.
Step on_received(const HookCall& call) {
  const Stanza& message = call.stanza();
  if (!somebody_wants(call.account)) {
    return Verdict(Pass{});
  }
  const bool is_answering_error = message.is_error() && call.account.copied_messages != nullptr &&
                                  call.account.copied_messages->contains(message.from()->bare_str(), message.id());
  if (!is_answering_error && !is_eligible_for_carbons(message, Direction::received)) {
    return Verdict(Pass{});
  }
  if (message.to()->is_full()) {
    if (const Session* addressed = call.account.find_session(message.to()->resource())) {
      copy(call, "received", [&](const Session& session) { return &session == addressed; });
      return Verdict(Pass{});
    }
    if (message.type() != StanzaType::chat) {
      return Verdict(Pass{});  // it goes back to its sender, or nowhere
    }
  }
  copy(call, "received", [](const Session& session) { return session.is_available() && session.priority() >= 0; });
  return Verdict(Pass{});
}

IqReply set(const Iq& request, bool wanted) {
  Session* session = request.session();
  if (session == nullptr) {
    return request.error(StanzaCondition::not_allowed);
  }
  session->wants_carbons = wanted;
  return request.result();
}

}  // namespace

void install_carbons(Extension& self) {
  self.advertise(ns::carbons);
  self.advertise(ns::carbons_rules);
  // Section 4: as often as a client likes. Section 4.1: not for clients of others.
  self.on_iq_set({"enable", ns::carbons}, {Recipient::own_account}, [](const Iq& request) { return set(request, true); });
  self.on_iq_set({"disable", ns::carbons}, {Recipient::own_account}, [](const Iq& request) { return set(request, false); });
  const auto refuse = [](const Iq& request) -> IqReply { return request.error(StanzaCondition::not_allowed); };
  self.on_iq_set({"enable", ns::carbons}, {Recipient::other_account}, refuse);
  self.on_iq_set({"disable", ns::carbons}, {Recipient::other_account}, refuse);
  // XEP-0386 section 3.2: with the binding; it needs no answer.
  self.on_bind_inline({"enable", ns::carbons}, [](Session& session, const xml::Element&) {
    session.wants_carbons = true;
    return std::string();
  });
  self.on_outgoing(Phase::copy, StanzaKinds::message, on_sent);
  self.on_incoming(Phase::copy, StanzaKinds::message, on_received);
}

}  // namespace aldis::ext
