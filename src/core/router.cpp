// Step 4, and the way in from abroad.
#include "core/router.h"

#include "base/log.h"
#include "base/metrics.h"
#include "core/abroad.h"
#include "core/home.h"
#include "core/hops.h"
#include "core/virtual_host.h"
#include "core/world.h"
#include "policy/peer_rules.h"

namespace aldis {
namespace {
metrics::Counter routed{"aldis_stanzas_total", "Stanzas that passed a step of their way through the server.",
                        {{"step", "router_route"}}};
metrics::Counter bounced{"aldis_stanzas_bounced_total", "Stanzas answered with an error."};
metrics::Counter from_abroad{"aldis_stanzas_from_abroad_total", "Stanzas that other servers sent and that were let in."};
metrics::Counter to_abroad{"aldis_stanzas_to_abroad_total", "Stanzas for domains that are not served here."};

metrics::Counter refused_abroad{"aldis_stanzas_refused_abroad_total", "Stanzas to and from other servers that the peers' rules refused."};

Unexpected<StreamError> refuse(const Envelope& envelope, StreamCondition condition, std::string_view text) {
  const Stanza& stanza = *envelope.stanza;
  log::warning("audit-stanza-from-abroad-refused", {{"peer", envelope.sender->identity.str()},
                                                    {"from", stanza.from() ? stanza.from()->str() : std::string()},
                                                    {"to", stanza.to() ? stanza.to()->str() : std::string()},
                                                    {"condition", to_string(condition)}});
  return fail(StreamError{.condition = condition, .text = std::string(text)});
}

// The rule goes to the log, and nowhere else.
void log_refusal(std::string_view event, const Stanza& stanza, const policy::PeerDecision& decision) {
  refused_abroad.add();
  log::info(event, {{"from", stanza.from()->str()},
                    {"to", stanza.to()->str()},
                    {"rule", decision.rule != nullptr ? decision.rule->name : std::string()},
                    {"reason", to_string(decision.decision.reason())}});
}
// A stanza that goes on to a third server is counted; one that is for us loses its count.
std::optional<StanzaError> count_hop(Envelope& envelope, bool goes_on) {
  const std::uint32_t hops = hops_of(*envelope.stanza);
  if (!goes_on && hops == 0) [[likely]] {
    return std::nullopt;
  }
  StanzaPtr counted = hops < most_hops || !goes_on ? with_hops(*envelope.stanza, goes_on ? hops + 1 : 0) : nullptr;
  if (counted == nullptr) {
    log::warning("audit-trunk-loop", {{"peer", envelope.sender->identity.str()},
                                      {"from", envelope.stanza->from()->str()},
                                      {"to", envelope.stanza->to()->str()},
                                      {"hops", hops}});
    return StanzaError(StanzaCondition::remote_server_not_found);
  }
  envelope.stanza = std::move(counted);
  return std::nullopt;
}
}  // namespace

void Router::route(Home& here, Envelope envelope) const {
  routed.add();
  ensure(envelope.stanza->to().has_value() && envelope.stanza->from().has_value(), "what is routed has both addresses");
  const Jid& to = *envelope.stanza->to();
  const VirtualHost* host = world_.find_host(to.domain());
  if (host == nullptr) {
    send_abroad(here, std::move(envelope));
    return;
  }
  if (!to.has_local()) {
    host->deliver(here, envelope);
    return;
  }
  Home& home = world_.home_of(to.bare_str());
  if (&home == &here) {
    home.deliver(std::move(envelope));
    return;
  }
  home.shard().post([&home, moved = std::move(envelope)]() mutable { home.deliver(std::move(moved)); });
}

void Router::send_abroad(Home& here, Envelope envelope) const {
  const Stanza& stanza = *envelope.stanza;
  if (world_.abroad == nullptr) {
    bounce(here, envelope, StanzaError(StanzaCondition::remote_server_not_found));
    return;
  }
  const policy::PeerDecision decision = world_.policy.decide(policy::PeerQuestion{
      .action = policy::Action::send_abroad, .peer = stanza.to()->domain(), .stanza = &stanza, .sender = envelope.sender.get()});
  if (!decision.is_granted()) {
    log_refusal("stanza-not-sent-abroad", stanza, decision);
    bounce(here, envelope, StanzaError(policy::condition_abroad(decision.decision.reason())));
    return;
  }
  if (stanza.is_request()) {
    if (Session* session = here.find_session(envelope.origin); session != nullptr && !session->note_asked(stanza)) {
      bounce(here, envelope, StanzaError(StanzaCondition::resource_constraint));
      return;
    }
  }
  if (decision.decision.positions() != nullptr && !show_positions(here, envelope, decision.decision.positions())) [[unlikely]] {
    return;
  }
  to_abroad.add();
  world_.abroad->send(here, std::move(envelope));
}

// False: nothing of it may be seen there, or not yet.
bool Router::show_positions(Home& here, Envelope& envelope, const policy::PositionRulePtr& rule) const {
  const std::chrono::milliseconds wait = rule->is_withheld ? std::chrono::milliseconds(0) : here.position_forms().wait(*envelope.stanza, *rule);
  if (wait.count() > 0 && is_pubsub_event(*envelope.stanza)) {
    here.late_positions().hold(envelope.stanza->to()->str(), envelope, wait, world_.clock.wall(),
                               [this, &here](Envelope later) { route(here, std::move(later)); });
    return false;
  }
  envelope.stanza = here.position_forms().of(envelope.stanza, rule, envelope.stanza->to()->bare());
  return envelope.stanza != nullptr;
}

Result<void, StreamError> Router::receive(Envelope envelope) const {
  const Stanza& stanza = *envelope.stanza;
  ensure(envelope.sender != nullptr && envelope.sender->is_peer, "what comes from abroad has the server that sent it");
  if (!stanza.from() || !stanza.to()) {  // RFC 6120 sections 8.1.1.2 and 8.1.2.2
    return refuse(envelope, StreamCondition::improper_addressing, "stanzas between servers have a from and a to");
  }
  const bool is_component = envelope.sender->is_component;
  const std::string_view from = stanza.from()->domain();
  // Whatever it has proved, and whatever its rule says; a component speaks for its own domain alone.
  if (world_.find_host(from) != nullptr || (world_.is_component(from) && !(is_component && from == envelope.sender->identity.domain()))) {
    return refuse(envelope, StreamCondition::invalid_from, "from is of a domain served here");
  }
  const bool is_for_us = is_component || world_.is_ours(stanza.to()->domain());
  const policy::PeerDecision decision = world_.policy.decide(policy::PeerQuestion{
      .action = is_for_us ? policy::Action::receive_from_abroad : policy::Action::pass_on,
      .peer = envelope.sender->identity.domain(),
      .stanza = &stanza,
      .sender = envelope.sender.get()});
  switch (decision.decision.reason()) {
    case policy::Reason::no_trunk:
      return refuse(envelope, StreamCondition::host_unknown, "to is not of a domain served here");
    case policy::Reason::not_its_domain:
      return refuse(envelope, StreamCondition::invalid_from, "from is not of the domain that was proved");
    case policy::Reason::peer_rejected:
    case policy::Reason::peer_direction:  // its rule has changed
      log_refusal("audit-stanza-from-abroad-refused", stanza, decision);
      return fail(StreamError{.condition = StreamCondition::policy_violation});
    default: break;
  }
  from_abroad.add();
  // Of what travels with it nothing but the server's own knowledge: it has no session here, and no archive knows it yet.
  Envelope entering{.stanza = std::move(envelope.stanza), .sender = std::move(envelope.sender), .trace = envelope.trace,
                    .acceptance = std::move(envelope.acceptance)};
  std::optional<StanzaError> refusal;
  if (!decision.is_granted()) {
    log_refusal("stanza-from-abroad-refused", *entering.stanza, decision);
    refusal = StanzaError(policy::condition_abroad(decision.decision.reason()));
  } else {
    refusal = count_hop(entering, !is_for_us);
  }
  const Jid& to = *entering.stanza->to();
  // What is for a domain itself is answered where its sender's stanzas meet.
  Home& home = world_.home_of(to.has_local() ? to.bare_str() : entering.stanza->from()->bare_str());
  home.shard().post([this, &home, moved = std::move(entering), refusal = std::move(refusal)]() mutable {
    if (moved.trace == TraceId::none) {
      moved.trace = home.next_trace();
    }
    if (refusal) {
      bounce(home, moved, *refusal);
    } else {
      route(home, std::move(moved));
    }
  });
  return {};
}

void Router::give_back(Envelope envelope, StanzaError error) const {
  Home& home = world_.home_of(envelope.stanza->from()->bare_str());
  home.shard().post([this, &home, moved = std::move(envelope), error = std::move(error)] {
    const Stanza& stanza = *moved.stanza;
    Session* session = stanza.is_request() ? home.find_session(moved.origin) : nullptr;
    if (session != nullptr && !session->take_asked(*stanza.to(), stanza.id())) {
      return;
    }
    bounce(home, moved, error);
  });
}

void Router::bounce(Home& here, const Envelope& envelope, const StanzaError& error) const {
  const Stanza& stanza = *envelope.stanza;
  // Presence that fails is not answered, but for the subscription verbs and what was sent directly from a session here.
  if (stanza.is_presence() && (stanza.type() == StanzaType::probe || envelope.origin == SessionId::none)) {
    return;
  }
  StanzaPtr answer = envelope.is_elsewhere ? nullptr : make_error(stanza, error);   // nobody has sent it here
  if (answer == nullptr) {
    return;
  }
  bounced.add();
  log::debug("stanza-bounced", {{"from", stanza.from()->str()},
                                {"to", stanza.to() ? stanza.to()->str() : std::string()},
                                {"condition", to_string(error.condition)}});
  if (Session* session = here.find_session(envelope.origin)) {
    Account& account = session->account();
    if (stanza.is_message() && answer->from() && account.copied_messages != nullptr &&
        account.copied_messages->contains(answer->from()->bare_str(), answer->id())) {
      // Its other clients saw the message: they see this too.
      account.deliver(Envelope{.stanza = std::move(answer), .trace = envelope.trace, .acceptance = envelope.acceptance});
      return;
    }
    session->send_own(answer);
    return;
  }
  if (!answer->from()) {
    return;  // it was for the sender's own account, and the session it came from has ended
  }
  route(here, Envelope{std::move(answer), nullptr, SessionId::none, envelope.trace, envelope.acceptance});
}

}  // namespace aldis
