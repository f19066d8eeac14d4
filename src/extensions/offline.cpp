// XEP-0160 (1.0.1) offline messages, with XEP-0203 delay: messages that no session took are kept and handed to the first
// session that comes online with a priority that is not negative, before anything live. Not here: XEP-0013 retrieval.
#include "base/log.h"
#include "core/account.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/session.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "xmpp/delay.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

struct OfflineConfig {
  std::uint32_t max_messages = 1000;
  Bytes max_bytes = 10 * MiB;
};
constexpr auto options = std::tuple{
    Option{"max_messages", &OfflineConfig::max_messages, Range{1, 1'000'000}, "Messages kept for one account."},
    Option{"max_bytes", &OfflineConfig::max_bytes, Range{64 * KiB, 10 * GiB}, "Bytes of messages kept for one account."}};

// Section 3: chat and normal messages; not those that only say that somebody is typing.
bool is_kept(const Stanza& message) {
  if (message.type() != StanzaType::chat && message.type() != StanzaType::normal) {
    return false;
  }
  if (message.child({"no-store", ns::hints})) {  // XEP-0334 section 4.2
    return false;
  }
  if (message.child({"body", ns::client})) {
    return true;
  }
  bool has_other_content = false;
  for (const xml::Element child : message.element().children()) {
    has_other_content = has_other_content || (child.ns() != ns::chat_states && !child.is({"thread", ns::client}) &&
                                              child.ns() != ns::stanza_ids && child.ns() != ns::hints);
  }
  return has_other_content;
}

Task<Verdict> keep(Home& home, BareJid owner, StanzaPtr message, OfflineLimits limits) {
  OfflineMessage kept{.received = home.world().clock.wall(), .stanza = message->to_xml()};
  const Result<void> stored = co_await home.world().stores.offline.append(owner, std::move(kept), limits);
  if (stored) {
    co_return Consume{};
  }
  if (stored.error().kind == ErrorKind::full || stored.error().kind == ErrorKind::not_found) {
    co_return Reject{StanzaError(StanzaCondition::service_unavailable)};  // section 2: the recipient's storage is full
  }
  log::warning("offline-not-stored", {{"account", owner.str()}, {"cause", stored.error().what}});
  co_return Reject{StanzaError(StanzaCondition::resource_constraint)};
}

// A client that reads slowly gets what was kept at its own pace: no more than this waits in its queue.
constexpr std::size_t ahead_bytes = 32 * 1024;
constexpr std::chrono::milliseconds longest_wait{50};

// Hands over what was kept, and removes it from the store only after it has been queued to the session.
Task<void> hand_over(Account::Pin account, SessionId id) {
  Home& home = account->home();
  const Result<std::vector<OfflineMessage>> kept = co_await home.world().stores.offline.load(account->jid());
  if (!kept) {
    log::warning("offline-not-loaded", {{"account", account->jid().str()}, {"cause", kept.error().what}});
  }
  std::uint64_t last = 0;
  if (kept) {
    for (const OfflineMessage& message : *kept) {
      Session* session = home.find_session(id);
      for (std::chrono::milliseconds wait{1}; session != nullptr && session->unsent_bytes() > ahead_bytes;
           wait = std::min(wait * 2, longest_wait)) {
        const Completion<bool> waited;
        home.shard().after(wait, [waited] { waited.complete(true); });
        co_await waited;
        session = home.find_session(id);
      }
      if (session == nullptr) {
        break;
      }
      std::string delay;
      Delay{.stamp = message.received, .from = Jid(account->host().jid()), .reason = "Offline Storage"}.write(delay);
      const auto keep_all = [](const xml::Element&) { return false; };
      account->deliver_kept(*session, Stanza::make(message.stanza)->amended(keep_all, delay));
      last = message.id;
    }
  }
  if (Session* session = home.find_session(id)) {
    session->release_held();
  }
  if (last != 0) {
    const Result<void> removed = co_await home.world().stores.offline.remove_through(account->jid(), last);
    if (!removed) {
      log::warning("offline-not-removed", {{"account", account->jid().str()}, {"cause", removed.error().what}});
    }
  }
  account->is_handing_over = false;
}

}  // namespace

const OptionTable& offline_options() { return option_table<OfflineConfig>(options); }

void install_offline(Extension& self) {
  self.advertise(ns::offline_feature);
  const auto& config = self.config<OfflineConfig>();
  const OfflineLimits limits{config.max_messages, config.max_bytes.size()};
  self.on_undelivered([limits](const HookCall& call) -> Step {
    if (!is_kept(call.stanza()) || call.account.is_ephemeral()) {
      // A chat state for nobody is no loss; anything else goes back to its sender.
      const bool is_noise = call.stanza().type() == StanzaType::chat && !call.stanza().child({"body", ns::client}) &&
                            !call.account.is_ephemeral() && !call.stanza().child({"no-store", ns::hints});
      return is_noise ? Verdict(Consume{}) : Verdict(Pass{});
    }
    return keep(call.account.home(), call.account.jid(), call.envelope.stanza, limits);
  });
  self.on_available([](Session& session) {
    // One session at a time gets them: a second one that comes online meanwhile must not get them again.
    Account& account = session.account();
    if (session.priority() >= 0 && !account.is_ephemeral() && !account.is_handing_over) {
      account.is_handing_over = true;
      session.hold_back();
      spawn(hand_over(Account::Pin(account), session.id()));
    }
  });
}

}  // namespace aldis::ext
