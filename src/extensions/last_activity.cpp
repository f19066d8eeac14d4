// XEP-0012 (2.0) Last Activity: how long a user has been away, for those who may see its presence, and how long the server has
// been up. Idle time of a client is asked of the client itself.
#include "core/account.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/session.h"
#include "extensions/extensions.h"
#include "base/log.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

StanzaPtr answer(const Iq& request, std::chrono::seconds age, std::string_view status = {}) {
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::last).attribute("seconds", std::to_string(std::max<std::int64_t>(0, age.count())));
  writer.text(status).end();
  return request.result(payload);
}

Task<StanzaPtr> load(Iq request) {
  const Result<std::optional<LastActivity>> stored = co_await request.home().world().stores.last_activity.load(request.owner());
  if (!stored) {
    co_return request.failure(stored.error());
  }
  if (!*stored) {
    co_return request.error(StanzaCondition::service_unavailable);  // never been here
  }
  const auto age = request.home().world().clock.wall() - (*stored)->when;
  co_return answer(request, std::chrono::duration_cast<std::chrono::seconds>(age), (*stored)->status);
}

// The status message of the last unavailable presence (section 4); a longer one is cut at a character.
std::string status_of(const Stanza& presence) {
  constexpr std::size_t longest = 1024;
  const auto element = presence.child({"status", ns::client});
  std::string text = element ? element->text() : std::string();
  if (text.size() > longest) {
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      --end;
    }
    text.resize(end);
  }
  return text;
}

Task<void> remember(Account::Pin account, LastActivity activity) {
  const Result<void> stored = co_await account->home().world().stores.last_activity.store(account->jid(), std::move(activity));
  if (!stored) {
    log::warning("last-activity-not-stored", {{"account", account->jid().str()}, {"cause", stored.error().what}});
  }
}

}  // namespace

void install_last_activity(Extension& self) {
  constexpr XmlName query{"query", ns::last};
  self.advertise(ns::last);
  self.advertise_account(ns::last);
  self.on_iq_get(query, {Recipient::server}, [started = self.world().clock.now()](const Iq& request) -> IqReply {
    return answer(request, std::chrono::duration_cast<std::chrono::seconds>(request.home().now() - started));  // section 3.2
  });
  self.on_iq_get(query, {Recipient::own_account, Recipient::other_account}, [](const Iq& request) -> IqReply {
    const Account* account = request.account();
    if (account == nullptr || !request.sender_sees_presence()) {
      return request.error(StanzaCondition::forbidden);  // section 6: presence subscribers only
    }
    if (account->has_available_session()) {
      return answer(request, std::chrono::seconds(0));
    }
    return load(request);
  });
  self.on_unavailable([](Session& session, const Stanza& presence) {
    Account& account = session.account();
    const bool is_last = std::none_of(account.sessions().begin(), account.sessions().end(), [&](const auto& other) {
      return other.get() != &session && other->is_available();
    });
    if (is_last && !session.principal()->is_anonymous) {
      spawn(remember(Account::Pin(account), LastActivity{account.home().world().clock.wall(), status_of(presence)}));
    }
  });
}

}  // namespace aldis::ext
