// Notifications on their way, and their answers.
#include "extensions/push/publisher.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "core/client_state.h"
#include "core/home.h"
#include "extensions/push/notification.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

metrics::Counter published{"aldis_push_notifications_total", "Notifications published to app servers."};
metrics::Counter disabled{"aldis_push_disabled_total", "Push registrations that ended because their app server answered with an error."};

// What a user wants to be woken for: words, from somebody else or from somewhere else.
bool is_worth_waking(const Envelope& envelope) {
  const Stanza& stanza = *envelope.stanza;
  return stanza.is_message() && !stanza.is_error() && !envelope.is_copy && has_words(stanza.element());
}

// Clients are known by their user-agent id where they have told it (XEP-0388), else by their resource.
bool is_of(const Session& session, const PushRegistration& registration) {
  const std::string& client = session.principal()->client;
  return client.empty() || registration.client.empty() ? session.jid().resource() == registration.resource
                                                       : client == registration.client;
}

bool is_connected(const Account& account, const PushRegistration& registration) {
  return std::ranges::any_of(account.sessions(), [&](const auto& session) {
    return !session->is_detached() && !session->is_ending() && is_of(*session, registration);
  });
}

}  // namespace

PushPublisher::OwnerPtr PushPublisher::find(const BareJid& owner) {
  const std::lock_guard held(mutex_);
  const auto found = owners_.find(owner.str());
  return found == owners_.end() ? nullptr : found->second;
}

PushPublisher::OwnerPtr PushPublisher::require(const BareJid& owner) {
  const std::lock_guard held(mutex_);
  OwnerPtr& found = owners_[owner.str()];
  if (found == nullptr) {
    found = std::make_shared<Owner>();
  }
  return found;
}

void PushPublisher::drop_if_unused(const BareJid& owner) {
  const std::lock_guard held(mutex_);
  const auto found = owners_.find(owner.str());
  if (found != owners_.end() && !found->second->is_looking && found->second->trackers.empty()) {
    owners_.erase(found);
  }
}

void PushPublisher::on_waiting(Account& account, const Envelope& envelope) {
  if (account.is_ephemeral() || !is_worth_waking(envelope)) {
    return;
  }
  const OwnerPtr owner = require(account.jid());
  owner->waiting.push_back({envelope.archive_id, envelope.stanza});
  if (owner->is_looking) {
    return;
  }
  owner->is_looking = true;
  // In a turn of its own: the session that lost its connection is still counting what it has, and what follows may be
  // for that same session.
  account.home().shard().post([self = shared_from_this(), &home = account.home(), jid = account.jid(), owner] {
    if (Account* there = home.find_account(jid)) {
      spawn(look(self, Account::Pin(*there), owner));
    } else {
      owner->is_looking = false;
    }
  });
}

Task<void> PushPublisher::look(std::shared_ptr<PushPublisher> self, Account::Pin account, OwnerPtr owner) {
  const BareJid jid = account->jid();
  const Result<std::vector<PushRegistration>> registrations = co_await self->world_.stores.push.load(jid);
  owner->is_looking = false;
  const std::vector<Waiting> waiting = std::exchange(owner->waiting, {});
  if (!registrations) {
    log::warning("push-not-announced", {{"account", jid.str()}, {"cause", registrations.error().what}});
    self->drop_if_unused(jid);
    co_return;
  }
  std::vector<std::shared_ptr<Tracker>> due;
  std::map<Key, std::shared_ptr<Tracker>> trackers;   // those of registrations there still are
  for (const PushRegistration& registration : *registrations) {
    if (registration.service == jid) {   // his own nodes are no app server: contacts may be shown what is published there
      disabled.add();
      spawn(disable(self, jid, registration));
      continue;
    }
    const Key key(registration.service, registration.node);
    const auto found = owner->trackers.find(key);
    std::shared_ptr<Tracker> tracker = found == owner->trackers.end() ? std::make_shared<Tracker>(registration) : found->second;
    tracker->registration = registration;
    if (!is_connected(*account, registration)) {
      note(*tracker, waiting);
      if (tracker->is_due && tracker->outstanding.empty()) {
        due.push_back(tracker);
      }
    }
    if (tracker->messages != 0 || !tracker->outstanding.empty()) {
      trackers.emplace(key, std::move(tracker));
    }
  }
  owner->trackers = std::move(trackers);
  for (const auto& tracker : due) {
    if (tracker->is_due) {  // an answer that came at once may have changed that
      self->publish(account->home(), jid, tracker);
    }
  }
  self->drop_if_unused(jid);
}

void PushPublisher::note(Tracker& tracker, const std::vector<Waiting>& waiting) {
  for (const Waiting& each : waiting) {
    if (each.id != 0 && each.id <= tracker.last) {
      continue;   // it waits in more than one place
    }
    tracker.last = std::max(tracker.last, each.id);
    tracker.latest = each.stanza;
    tracker.is_due = true;
    ++tracker.messages;
  }
}

void PushPublisher::publish(Home& home, const BareJid& owner, const std::shared_ptr<Tracker>& tracker) {
  PushSummary summary{.messages = tracker->messages};
  if (config_.include_sender && tracker->latest != nullptr) {
    summary.sender = tracker->latest->from();
  }
  if (config_.include_body && tracker->latest != nullptr) {
    if (const auto body = tracker->latest->child({"body", ns::client})) {
      summary.body = body->text();
    }
  }
  tracker->is_due = false;
  tracker->outstanding = random_token(world_.random);
  home.shard().after(config_.answer_time,
                     [self = shared_from_this(), &home, owner, key = Key(tracker->registration.service, tracker->registration.node),
                      id = tracker->outstanding] { self->no_answer(home, owner, key, id); });
  published.add();
  StanzaPtr notification = make_notification(owner, tracker->registration, tracker->outstanding, summary);
  home.router().route(home, Envelope{std::move(notification), nullptr, SessionId::none, home.next_trace()});
}

bool PushPublisher::take_answer(Account& account, const Stanza& answer) {
  const OwnerPtr owner = find(account.jid());
  if (owner == nullptr || !answer.from() || answer.id().empty()) {
    return false;
  }
  const auto found = std::ranges::find_if(owner->trackers, [&](const auto& entry) {
    return entry.second->outstanding == answer.id() && entry.first.first == *answer.from();
  });
  if (found == owner->trackers.end()) {
    return false;
  }
  const std::shared_ptr<Tracker> tracker = found->second;
  tracker->outstanding.clear();
  if (answer.is_error()) {
    const std::optional<StanzaError> error = StanzaError::read(answer.element());
    const std::string_view condition = error ? to_string(error->condition) : std::string_view("none");
    if (!error || error->type != ErrorType::wait) {
      owner->trackers.erase(found);
      disabled.add();
      log::info("push-disabled", {{"account", account.jid().str()}, {"service", answer.from()->str()}, {"condition", condition}});
      spawn(disable(shared_from_this(), account.jid(), tracker->registration));
      drop_if_unused(account.jid());
      return true;
    }
    log::info("push-refused", {{"account", account.jid().str()}, {"service", answer.from()->str()}, {"condition", condition}});
  }
  if (tracker->is_due) {
    publish(account.home(), account.jid(), tracker);
  }
  return true;
}

void PushPublisher::no_answer(Home& home, const BareJid& owner, const Key& key, const std::string& id) {
  const OwnerPtr known = find(owner);
  const auto found = known == nullptr ? decltype(known->trackers.end()){} : known->trackers.find(key);
  if (known == nullptr || found == known->trackers.end() || found->second->outstanding != id) {
    return;
  }
  log::info("push-unanswered", {{"account", owner.str()}, {"service", key.first.str()}});
  const std::shared_ptr<Tracker> tracker = found->second;
  tracker->outstanding.clear();
  if (tracker->is_due) {
    publish(home, owner, tracker);
  } else if (tracker->messages == 0) {
    known->trackers.erase(found);
    drop_if_unused(owner);
  }
}

Task<void> PushPublisher::disable(std::shared_ptr<PushPublisher> self, BareJid owner, PushRegistration registration) {
  const Result<void> removed =
      co_await self->world_.stores.push.remove(owner, registration.service, registration.node);
  if (!removed) {  // the next notification gets the same answer
    log::warning("push-not-disabled", {{"account", owner.str()}, {"cause", removed.error().what}});
  }
}

void PushPublisher::on_client_here(const Session& session) {
  const BareJid jid = session.jid().bare();
  const OwnerPtr owner = find(jid);
  if (owner == nullptr) {
    return;
  }
  std::erase_if(owner->trackers, [&](const auto& entry) {
    Tracker& tracker = *entry.second;
    if (is_of(session, tracker.registration)) {
      tracker.messages = 0;
      tracker.is_due = false;
      tracker.latest = nullptr;
    }
    return tracker.messages == 0 && tracker.outstanding.empty();
  });
  drop_if_unused(jid);
}

void PushPublisher::forget(const BareJid& owner, const Jid& service, const std::optional<std::string>& node) {
  if (const OwnerPtr known = find(owner)) {
    std::erase_if(known->trackers, [&](const auto& entry) {
      return entry.first.first == service && (!node || entry.first.second == *node);
    });
    drop_if_unused(owner);
  }
}

}  // namespace aldis::ext
