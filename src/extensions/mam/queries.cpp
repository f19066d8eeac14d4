// Queries of the own archive, answered: the messages of a page at the client's pace, then what page it was (XEP-0313
// section 3.2). Another's archive is forbidden (section 7.1, security L04).
#include "base/log.h"
#include "core/account.h"
#include "core/archived.h"
#include "core/home.h"
#include "extensions/mam/answer.h"
#include "extensions/mam/mam.h"
#include "extensions/pacing.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

// Section 5.1.1: a client that reads its archive before it comes online has what waits for it, and does not get it
// again.
Task<void> no_longer_waiting(Account::Pin account, std::vector<ArchiveId> ids) {
  const Result<void> removed =
      co_await account->home().world().stores.archive.remove_pending(account->jid(), std::move(ids));
  if (!removed) {  // they come twice
    log::warning("offline-not-removed", {{"account", account->jid().str()}, {"cause", removed.error().what}});
  }
}

Task<StanzaPtr> answer(Iq request, MamQuery query) {
  Account* owner = request.account();
  if (owner == nullptr || request.session() == nullptr) {
    co_return request.error(StanzaCondition::internal_server_error);
  }
  const Account::Pin account(*owner);
  Home& home = request.home();
  const SessionId asking = request.envelope().origin;
  const bool is_online = request.session()->is_available();
  if (account->is_ephemeral()) {
    co_return request.result(mam_fin({}, home.world().archive_form));
  }
  Result<ArchivePage> page = co_await home.world().stores.archive.find(account->jid(), query.archive);
  if (!page) {
    co_return page.error().kind == ErrorKind::not_found ? request.error(StanzaCondition::item_not_found)
                                                        : request.failure(page.error());
  }
  std::vector<ArchiveId> sent;
  for (std::size_t i = 0; i < page->messages.size(); ++i) {
    const ArchivedMessage& message = page->messages[query.is_flipped ? page->messages.size() - 1 - i : i];
    Session* session = co_await when_read(home, asking);
    if (session == nullptr) {
      break;
    }
    const StanzaPtr result = mam_result(account->jid(), session->jid(), query, message.id,
                                        *as_stored(message, account->jid()), home.world().archive_form);
    if (account->decide(policy::Action::deliver, *result, *result->from()).is_granted()) {
      session->send_own(result);
      sent.push_back(message.id);
    }
  }
  if (!is_online && !sent.empty()) {
    co_await no_longer_waiting(account, std::move(sent));
  }
  co_return request.result(mam_fin(*page, home.world().archive_form));
}

// Section 4.
Task<StanzaPtr> metadata(Iq request) {
  const Result<ArchiveSummary> summary = co_await request.home().world().stores.archive.summary(request.owner());
  if (!summary) {
    co_return request.failure(summary.error());
  }
  co_return request.result(mam_metadata(*summary, request.home().world().archive_form));
}

// XEP-0386 section 3.2. A client that is told nothing asks.
Task<std::string> bound_metadata(Account& account) {
  const World& world = account.home().world();
  const Result<ArchiveSummary> summary = co_await world.stores.archive.summary(account.jid());
  if (!summary) {
    log::warning("archive-not-described", {{"account", account.jid().str()}, {"cause", summary.error().what}});
  }
  co_return summary ? mam_metadata(*summary, world.archive_form) : std::string();
}

}  // namespace

void install_queries(Extension& self) {
  constexpr XmlName query{"query", ns::mam};
  constexpr XmlName about{"metadata", ns::mam};
  const std::uint32_t most = self.config<MamConfig>().page;
  self.on_iq_get(query, {Recipient::own_account},
                 [](const Iq& request) -> IqReply { return request.result(mam_query_form()); });
  self.on_iq_set(query, {Recipient::own_account}, [most](const Iq& request) -> IqReply {
    Result<MamQuery, StanzaError> asked = parse_mam_query(request.payload(), request.home().world().archive_form, most);
    if (!asked) {
      return request.error(asked.error());
    }
    return answer(request, std::move(*asked));
  });
  self.on_iq_get(about, {Recipient::own_account}, [](const Iq& request) -> IqReply { return metadata(request); });
  self.on_bound_metadata(bound_metadata);
  const auto forbid = [](const Iq& request) -> IqReply { return request.error(StanzaCondition::forbidden); };
  self.on_iq_get(query, {Recipient::other_account}, forbid);
  self.on_iq_set(query, {Recipient::other_account}, forbid);
  self.on_iq_get(about, {Recipient::other_account}, forbid);
}

}  // namespace aldis::ext
