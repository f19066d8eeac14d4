// XEP-0160 (1.0.1) offline messages, with XEP-0203 delay: messages that no session took wait in the store and are handed to
// the first session that comes online with a priority that is not negative, before anything live. They wait until a client
// has them, not until they were sent. The archive's messages wait where they are (mam/mam.cpp); others wait on their own. Not
// here: XEP-0013 retrieval.
#include "base/log.h"
#include "core/account.h"
#include "core/archived.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/session.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/keeping.h"
#include "extensions/pacing.h"
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

// `id`: in the recipient's archive, or one of its own for what is in none.
Task<Verdict> keep(Account::Pin account, Envelope envelope, ArchiveId id, PendingLimits limits) {
  const BareJid& owner = account->jid();
  ArchiveEntry entry{.id = id,
                     .message = envelope.message_id != 0 ? envelope.message_id : id,
                     .stanza = envelope.stanza,
                     .contact = *envelope.stanza->from()};
  account->has_waiting_messages = true;
  const Result<void> stored = co_await account->home().world().stores.archive.hold(owner, std::move(entry), limits);
  if (stored) {
    co_return Consume{};
  }
  if (stored.error().kind == ErrorKind::full) {
    co_return Reject{StanzaError(StanzaCondition::service_unavailable)};  // section 2: the recipient's storage is full
  }
  log::warning("offline-not-stored", {{"account", owner.str()}, {"cause", stored.error().what}});
  co_return Reject{StanzaError(StanzaCondition::resource_constraint)};
}

Task<void> forget(Account::Pin account, std::vector<ArchiveId> ids) {
  const Result<void> removed = co_await account->home().world().stores.archive.remove_pending(account->jid(), std::move(ids));
  if (!removed) {
    log::warning("offline-not-removed", {{"account", account->jid().str()}, {"cause", removed.error().what}});
  }
}

// To one session; what it gets is removed when its client has it (on_delivered).
Task<void> hand_over(Account::Pin account, SessionId id) {
  constexpr std::size_t page = 100;
  constexpr std::size_t page_bytes = 1024 * 1024;
  Home& home = account->home();
  Session* session = home.find_session(id);
  ArchiveId after = account->handed_over;
  for (bool is_more = true; is_more && session != nullptr;) {
    const bool is_first = after == 0;
    account->has_waiting_messages = account->has_waiting_messages && !is_first;  // until there is one, in the store or on its way
    const Result<std::vector<ArchivedMessage>> kept =
        co_await home.world().stores.archive.load_pending(account->jid(), after, page, page_bytes);
    account->has_waiting_messages = account->has_waiting_messages || !kept || !kept->empty();
    if (!kept) {
      log::warning("offline-not-loaded", {{"account", account->jid().str()}, {"cause", kept.error().what}});
      break;
    }
    is_more = !kept->empty();
    for (const ArchivedMessage& message : *kept) {
      session = co_await when_read(home, id);
      if (session == nullptr) {
        break;
      }
      const StanzaPtr stanza = as_delivered_late(message, account->jid(), account->host().jid(), home.world().archive_form);
      after = account->handed_over = message.id;
      if (account->decide(policy::Action::deliver, *stanza, *stanza->from()).is_granted()) {
        account->deliver_kept(*session, stanza, message.id);
      } else {  // blocked since
        spawn(forget(account, {message.id}));
      }
    }
  }
  session = home.find_session(id);
  if (session != nullptr) {
    session->release_held();
  }
  account->is_handing_over = false;
}

}  // namespace

const OptionTable& offline_options() { return option_table<OfflineConfig>(options); }

void install_offline(Extension& self) {
  self.advertise(ns::offline_feature);
  const auto& config = self.config<OfflineConfig>();
  const PendingLimits limits{config.max_messages, config.max_bytes.size()};
  self.on_undelivered([limits](const HookCall& call) -> Step {
    if (call.envelope.is_kept) {
      return Verdict(Consume{});  // it still waits in the store
    }
    const Keeping keeping = keeping_of(call.stanza());
    if (keeping == Keeping::nothing || call.account.is_ephemeral()) {
      // A chat state for nobody is no loss; anything else goes back to its sender.
      const bool is_noise = call.stanza().type() == StanzaType::chat && !call.stanza().child({"body", ns::client}) &&
                            !call.account.is_ephemeral() && !call.stanza().child({"no-store", ns::hints});
      return is_noise ? Verdict(Consume{}) : Verdict(Pass{});
    }
    Home& home = call.account.home();
    const ArchiveId id = call.envelope.archive_id != 0 ? call.envelope.archive_id : home.next_archive_id();
    return keep(Account::Pin(call.account), call.envelope, id, limits);
  });
  self.on_available([](Session& session) {
    // One session at a time gets them: a second one that comes online meanwhile must not get them again.
    Account& account = session.account();
    if (session.priority() >= 0 && !account.is_ephemeral() && account.has_waiting_messages && !account.is_handing_over) {
      account.is_handing_over = true;
      session.hold_back();
      spawn(hand_over(Account::Pin(account), session.id()));
    }
  });
  self.on_delivered([](Session& session, const Envelope& envelope) {
    if (envelope.is_kept && envelope.archive_id != 0) {
      spawn(forget(Account::Pin(session.account()), {envelope.archive_id}));
    }
  });
  // What it had not got is handed over again.
  self.on_ended([](Session& session) { session.account().handed_over = 0; });
}

}  // namespace aldis::ext
