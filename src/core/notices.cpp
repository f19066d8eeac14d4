// Headlines and notices.
#include "core/notices.h"

#include "base/log.h"
#include "core/home.h"

namespace aldis {

StanzaPtr make_headline(Home& here, const BareJid& from, const Session& to, std::string_view subject,
                        std::string_view text) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("message").attribute("type", "headline").attribute("id", random_token(here.world().random));
  writer.attribute("from", from.str()).attribute("to", to.jid().str());
  if (!subject.empty()) {
    writer.element("subject", subject);
  }
  writer.element("body", text).end();
  return Stanza::make(std::move(xml));
}

Task<void> deliver_notices(Account::Pin account, SessionId to) {
  Home& home = account->home();
  const BareJid owner = account->jid();
  NoticeStore& store = home.world().stores.notices;
  const Result<std::vector<Notice>> due = co_await store.due(owner);
  if (!due) {  // at the next login
    log::warning("notices-not-loaded", {{"account", owner.str()}, {"cause", due.error().what}});
    co_return;
  }
  for (const Notice& notice : *due) {
    Session* session = home.find_session(to);
    if (session == nullptr || !session->is_available()) {
      co_return;
    }
    session->send_own(make_headline(home, BareJid::parse(owner.domain()).value(), *session, {}, notice.text));
    if (session->principal()->is_anonymous) {
      continue;  // the address is nobody's tomorrow
    }
    const Result<void> marked = co_await store.mark({owner}, notice.kind, notice.id);
    if (!marked) {
      log::warning("notice-not-marked", {{"account", owner.str()}, {"cause", marked.error().what}});
    }
  }
}

}  // namespace aldis
