// Sessions that wait for their clients, and clients that come back (XEP-0198 section 5).
#include "base/log.h"
#include "base/metrics.h"
#include "core/account.h"
#include "core/home.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Counter refused_resumptions{"aldis_resumptions_refused_total", "Streams that could not be resumed (XEP-0198)."};

// A stanza that the former stream received and that is still being stored would be sent again, and stored twice: its count waits
// for the store, however slow it is. What waits for a recipient's client instead is given a second.
constexpr std::chrono::milliseconds settle_wait{10};
constexpr std::uint32_t settle_tries = 100;

Task<void> ask_again(Home& home, ResumptionRequest request) {
  ++request.tries;
  // A read comes behind all writes of this account's, and so about when the recipients' are done.
  static_cast<void>(co_await home.world().stores.archive.summary(request.principal->identity));
  home.shard().after(settle_wait, [&home, waiting = std::move(request)]() mutable { home.resume(std::move(waiting)); });
}
}  // namespace

void Home::resume(ResumptionRequest request) {
  Account* account = find_account(request.principal->identity);
  if (account == nullptr) {  // it has no session then
    refuse_resumption(std::move(request));
    return;
  }
  account->resume(std::move(request));
}

void Home::refuse_resumption(ResumptionRequest request) {
  settlements_->hand_over();
  const stream::HandledCount* ended = ended_streams_.find(request.request.previd, request.principal->identity);
  if (ended != nullptr && !ended->is_settled() && request.tries < settle_tries) {
    spawn(ask_again(*this, std::move(request)));
    return;
  }
  refused_resumptions.add();
  request.refuse({.h = ended != nullptr ? std::optional(ended->h()) : std::nullopt});
}

void Account::resume(ResumptionRequest request) {
  if (state_ == State::loading || inbox_ != nullptr || is_busy_) {
    if (inbox_ == nullptr) {
      inbox_ = std::make_unique<std::deque<InboxItem>>();
    }
    inbox_->push_back({.resumption = std::move(request)});
    return;
  }
  resume_now(std::move(request));
}

void Account::resume_now(ResumptionRequest request) {
  if (!trusts(*request.principal) || request.principal->must_change_password) {   // an earlier session may do everything
    refused_resumptions.add();
    request.refuse({.condition = StanzaCondition::not_authorized});
    return;
  }
  const std::string& previd = request.request.previd;
  // Only among the authenticated user's own sessions: another's id is unknown here (section 9).
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& session) {
    return !previd.empty() && session->management_id() == previd && !session->is_ending();
  });
  if (found == sessions_.end()) {
    home_.refuse_resumption(std::move(request));
    return;
  }
  Session& session = **found;
  if (std::optional<StreamError> error = session.check_acknowledgement(request.request.h)) {
    refused_resumptions.add();
    log::info("resumption-refused", {{"jid", session.jid().str()}, {"reason", "acknowledged more than it was sent"}});
    request.refuse({.condition = StanzaCondition::bad_request, .h = {}, .stream_error = std::move(error)});
    return;
  }
  home_.settlements()->hand_over();
  if (!session.is_settled() && request.tries < settle_tries) {
    spawn(ask_again(home_, std::move(request)));
    return;
  }
  const SessionId id = session.id();
  session.resume_on(std::move(request));
  for (const auto& observer : host_.observers.resumed) {
    if (Session* resumed = home_.find_session(id)) {
      observer(*resumed);
    }
  }
}

Session* Account::oldest_detached() const {
  Session* oldest = nullptr;
  for (const auto& session : sessions_) {
    if (session->is_detached() && (oldest == nullptr || session->detached_until() < oldest->detached_until())) {
      oldest = session.get();
    }
  }
  return oldest;
}

void Account::on_session_detached(const Session& session) {
  const auto count = std::count_if(sessions_.begin(), sessions_.end(), [](const auto& each) { return each->is_detached(); });
  if (static_cast<std::size_t>(count) > home_.world().config()->detached_sessions) {
    if (Session* oldest = oldest_detached(); oldest != &session) {
      oldest->end(nullptr, "too many sessions wait for their clients");
    }
  }
}

}  // namespace aldis
