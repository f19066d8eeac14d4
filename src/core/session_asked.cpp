// What a session's client has asked other servers, until they answer: nobody else answers for them, and who does not in time is answered
// for (RFC 6120 section 8.1.2.1, security P06).
#include <algorithm>

#include "base/metrics.h"
#include "core/account.h"
#include "core/home.h"
#include "core/session.h"

namespace aldis {
namespace {

metrics::Counter answers_for_abroad{"aldis_requests_answered_for_abroad_total",
                                    "Requests the server answered in place of another server that did not."};
// An Aldis elsewhere answers for its silent clients after the same time: its answer is the better one.
constexpr std::chrono::seconds grace_abroad{15};

}  // namespace

bool Session::note_asked(const Stanza& request) {
  const auto config = account_.home().world().config();
  if (rare().asked.size() >= config->pending_requests) {
    return false;
  }
  rare_->asked.push_back({*request.to(), std::string(request.id()), account_.home().now() + config->request_timeout + grace_abroad});
  expire_asked();
  return true;
}

bool Session::take_asked(const Jid& from, std::string_view id) {
  if (rare_ == nullptr) {
    return false;
  }
  auto& asked = rare_->asked;
  const auto found = std::find_if(asked.begin(), asked.end(),
                                  [&](const AskedRequest& a) { return a.to == from && a.id == id; });
  if (found == asked.end()) {
    return false;
  }
  asked.erase(found);
  return true;
}

void Session::expire_asked() {
  Rare& rare = *rare_;
  const Monotonic now = account_.home().now();
  while (!rare.asked.empty() && rare.asked.front().deadline <= now) {
    const AskedRequest unanswered = std::move(rare.asked.front());
    rare.asked.erase(rare.asked.begin());
    send_timeout(unanswered);
  }
  if (!rare.asked.empty() && rare.asked_timer == TimerId::none) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(rare.asked.front().deadline - now);
    rare.asked_timer = account_.home().shard().after(wait, [&home = account_.home(), id = id_] {
      if (Session* session = home.find_session(id)) {
        session->rare_->asked_timer = TimerId::none;
        session->expire_asked();
      }
    });
  }
}

void Session::answer_asked() {
  if (rare_ == nullptr) {
    return;
  }
  for (const AskedRequest& each : std::exchange(rare_->asked, {})) {
    send_timeout(each);
  }
}

void Session::send_timeout(const AskedRequest& asked) {
  answers_for_abroad.add();
  std::string xml;
  xml::Writer writer(xml);
  writer.start("iq").attribute("type", "error").attribute("id", asked.id).attribute("to", jid_.str()).attribute("from", asked.to.str());
  StanzaError(StanzaCondition::remote_server_timeout).write(writer);
  writer.end();
  send_own(Stanza::make(std::move(xml)));
}

}  // namespace aldis
