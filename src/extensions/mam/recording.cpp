// What passes an account is recorded: on its way out for its sender, on its way in for its recipient. The write is
// under way while the message is delivered; a copy of the Envelope is held until it is on disk, so that nobody's stanza
// counts as accepted before (core/acceptance.h). What cannot be kept is refused, where that is known, before it is
// delivered.
#include "base/log.h"
#include "base/metrics.h"
#include "core/account.h"
#include "core/archived.h"
#include "core/home.h"
#include "core/session.h"
#include "extensions/keeping.h"
#include "extensions/mam/mam.h"
#include "extensions/mam/preferences.h"

namespace aldis::ext {
namespace {

metrics::Counter recorded{"aldis_archive_entries_total", "Messages written into archives, once for each owner."};
metrics::Counter refused{"aldis_archive_refused_total", "Messages refused because the store took no writes."};
metrics::Counter slowed{"aldis_archive_pauses_total", "Times a sender was read more slowly because the store had much to write."};
metrics::Counter failed{"aldis_archive_failures_total",
                        "Messages that were delivered and could not be written into an archive."};

Task<void> write(Account::Pin account, Envelope envelope, ArchiveEntry entry) {
  const Result<void> stored = co_await account->home().world().stores.archive.append(account->jid(), std::move(entry));
  if (stored) {
    recorded.add();
    co_return;
  }
  failed.add();
  log::warning("archive-not-stored", {{"account", account->jid().str()}, {"cause", stored.error().what}});
  account->home().router().bounce(account->home(), envelope, StanzaError(StanzaCondition::resource_constraint));
}

// Delivery does not wait for the disk, so clients that answer each other could be faster than it is, until its queue is full.
// Whoever sends is not read for as long as writes wait: so many senders send no more than the store takes, whatever it takes
// and however many they are, and the queue stays short.
void keep_pace(const HookCall& call) {
  constexpr std::chrono::milliseconds patience{250};
  constexpr std::chrono::milliseconds longest_pause{5000};
  const std::chrono::milliseconds delay = call.account.home().world().stores.archive.write_delay();
  if (delay < patience) [[likely]] {
    return;
  }
  if (Session* sender = call.account.home().find_session(call.envelope.origin)) {
    slowed.add();
    sender->pause_for(std::min(delay, longest_pause));
  }
}

Verdict record(const HookCall& call, ArchiveEntry entry) {
  if (call.account.home().world().stores.archive.refuses_writes()) {
    refused.add();
    return Reject{StanzaError(StanzaCondition::resource_constraint)};
  }
  keep_pace(call);
  spawn(write(Account::Pin(call.account), call.envelope, std::move(entry)));
  return Pass{};
}

bool is_recorded(const HookCall& call, const Jid& other, ArchiveDefault otherwise) {
  return !call.account.is_ephemeral() && keeping_of(call.stanza()) == Keeping::archive &&
         wants_archived(call.account.archive_preferences(), other, call.account.roster(), otherwise);
}

}  // namespace

void install_recording(Extension& self) {
  const ArchiveDefault otherwise = self.config<MamConfig>().archives;
  self.on_outgoing(Phase::record, StanzaKinds::message, [otherwise](const HookCall& call) -> Step {
    const auto& to = call.stanza().to();
    // Section 5.1.1: once in an archive. What somebody sends to himself is recorded when it comes in.
    if (!to || to->bare_str() == call.account.jid().str() || !is_recorded(call, *to, otherwise)) {
      return Verdict(Pass{});
    }
    const ArchiveId id = call.account.home().next_archive_id();
    call.envelope.message_id = id;
    return record(call, {.id = id, .message = id, .stanza = call.envelope.stanza, .contact = *to});
  });
  self.on_incoming(Phase::amend, StanzaKinds::message, [otherwise](const HookCall& call) -> Step {
    if (!is_recorded(call, *call.stanza().from(), otherwise)) {
      return Verdict(Pass{});
    }
    Home& home = call.account.home();
    const ArchiveId id = home.next_archive_id();
    call.envelope.archive_id = id;
    const auto keep_all = [](const xml::Element&) { return false; };
    StanzaPtr stamped = call.stanza().amended(keep_all, stanza_id(id, call.account.jid(), home.world().archive_form));
    return Verdict(Replace{std::move(stamped), true});  // section 2.4
  });
  self.on_incoming(Phase::record, StanzaKinds::message, [](const HookCall& call) -> Step {
    const ArchiveId id = call.envelope.archive_id;
    if (id == 0) {
      return Verdict(Pass{});
    }
    const ArchiveId message = call.envelope.message_id != 0 ? call.envelope.message_id : id;
    return record(call,
                  {.id = id, .message = message, .stanza = call.envelope.stanza, .contact = *call.stanza().from()});
  });
}

}  // namespace aldis::ext
