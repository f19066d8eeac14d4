// Stanzas that a session shares with others (core/resident.h): one for all of them, without a to. A client that reads slowly gets
// them at its own pace: they wait here, each a reference, and not in its queue as bytes.
#include "base/metrics.h"
#include "core/account.h"
#include "core/home.h"
#include "core/session.h"
#include "core/virtual_host.h"

namespace aldis {
namespace {
metrics::Counter overflows{"aldis_backlog_overflows_total", "Sessions ended because too much of rooms waited for them."};

// More bytes than these do not wait in the connection's queue: what is joined may say a thousand things at once.
constexpr std::size_t shared_ahead = 128 * 1024;
}  // namespace

Envelope Session::addressed(const Envelope& envelope) const {
  if (!envelope.is_shared) {
    return envelope;
  }
  Envelope own = envelope.with(envelope.stanza->with_to(jid_));
  own.is_shared = false;
  return own;
}

void Session::add_to_backlog(const Envelope& envelope) {
  auto& backlog = rare().backlog;
  backlog.push_back(envelope);
  if (backlog.size() == account_.home().world().config()->backlog_stanzas + std::size_t{1}) {
    overflows.add();
    account_.home().shard().post([&home = account_.home(), id = id_] {   // whoever sends is going through its sessions
      if (Session* session = home.find_session(id)) {
        const StreamError error{.condition = StreamCondition::resource_constraint, .text = "Too much waited to be read."};
        session->end(&error, "too much waited to be read");
      }
    });
  }
  if (connection_ != nullptr && !connection_->is_blocked()) {
    account_.home().look_after_flush(*this);
  }
}

// What a resident says to this session alone does not overtake what it has said to all (RFC 6120 section 10.1).
bool Session::waits_behind_backlog(const Envelope& envelope) {
  if (rare_ == nullptr || rare_->backlog.empty() || rare_->is_catching_up) [[likely]] {
    return false;
  }
  const auto& from = envelope.stanza->from();
  const VirtualHost* host = from ? account_.home().world().find_host(from->domain()) : nullptr;
  if (host == nullptr || !host->residents) {
    return false;
  }
  add_to_backlog(envelope);
  return true;
}

void Session::send_shared(const Granted& granted) {
  if (is_ending_ && !granted.stanza().is_message()) {  // the state of a moment, for nobody
    return;
  }
  const bool waits = (rare_ != nullptr && !rare_->backlog.empty()) || (!is_detached() && !keeps_up(shared_ahead));
  if (!waits || is_ending_) [[likely]] {
    send(granted);
    return;
  }
  add_to_backlog(granted.envelope());
}

void Session::send_backlog() {
  if (rare_ == nullptr || rare_->backlog.empty()) [[likely]] {
    return;
  }
  rare_->is_catching_up = true;
  while (!rare_->backlog.empty() && (is_detached() || keeps_up(shared_ahead))) {
    const Envelope next = std::move(rare_->backlog.front());
    rare_->backlog.pop_front();
    account_.deliver_again(*this, next);
    if (is_ending_) {
      return;
    }
  }
  rare_->is_catching_up = false;
  if (rare_->backlog.empty()) {
    std::deque<Envelope>().swap(rare_->backlog);
  } else if (connection_ != nullptr && !connection_->is_blocked() && unsent_bytes() > 0) {
    account_.home().look_after_flush(*this);   // else the client's acknowledgement is awaited
  }
}

}  // namespace aldis
