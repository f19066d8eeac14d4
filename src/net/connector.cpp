// Races between the addresses of one server after the other.
#include "net/connector.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/ensure.h"

namespace aldis::net {

// The addresses of one target. Lives in connect()'s frame.
class Connector::Race {
 public:
  Race(Shard& shard, const ConnectorOptions& options, std::vector<PeerAddress> addresses, LookupReport& report)
      : shard_(shard), options_(options), addresses_(std::move(addresses)), report_(report) {}
  ~Race() { stop(); }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  void start() { start_next(); }
  [[nodiscard]] Completion<bool>& done() { return done_; }
  [[nodiscard]] Result<std::unique_ptr<Transport>>& outcome() { return outcome_; }
  void cancel() { finish(fail(ErrorKind::cancelled, "given up")); }

 private:
  struct Attempt final : Watcher {
    Attempt(Race& whose, PeerAddress to) : race(whose), address(to) {}
    void on_ready(bool /*readable*/, bool /*writable*/, bool /*hung_up*/) override {
      if (transport == nullptr) {
        return;
      }
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(transport->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
      sockaddr_storage peer{};
      socklen_t length = sizeof peer;
      if (error == 0 && ::getpeername(transport->fd(), reinterpret_cast<sockaddr*>(&peer), &length) != 0) {
        if (errno == ENOTCONN) {
          return;  // still on its way
        }
        error = errno;
      }
      race.ended(*this, error == 0 ? std::optional<Error>()
                                   : Error{error == ETIMEDOUT ? ErrorKind::timeout : ErrorKind::unavailable, std::strerror(error)});
    }
    Race& race;
    PeerAddress address;
    std::unique_ptr<TcpTransport> transport;   // null: over
    TimerId deadline = TimerId::none;
  };

  void start_next() {
    shard_.cancel(std::exchange(head_start_, TimerId::none));
    while (next_ < addresses_.size() && !is_done_) {
      const PeerAddress to = addresses_[next_++];
      Result<std::unique_ptr<TcpTransport>> transport = TcpTransport::connect(to);
      attempts_.push_back(std::make_unique<Attempt>(*this, to));
      Attempt& attempt = *attempts_.back();
      if (!transport || !(*transport)->attach(shard_, attempt)) {
        lose(transport ? Error{ErrorKind::unavailable, to.str() + ": the kernel watches no more sockets"} : transport.error());
        continue;
      }
      attempt.transport = std::move(*transport);
      ++running_;
      attempt.deadline = shard_.after(options_.attempt_deadline, [this, &attempt] {
        attempt.deadline = TimerId::none;
        ended(attempt, Error{ErrorKind::timeout, "no answer"});
      });
      if (next_ < addresses_.size()) {
        head_start_ = shard_.after(options_.head_start, [this] {
          head_start_ = TimerId::none;
          start_next();
        });
      }
      return;
    }
    if (running_ == 0 && !is_done_) {
      finish(fail(last_error_));
    }
  }

  void ended(Attempt& attempt, std::optional<Error> error) {
    shard_.cancel(std::exchange(attempt.deadline, TimerId::none));
    --running_;
    std::unique_ptr<TcpTransport> transport = std::move(attempt.transport);
    transport->detach();
    if (error) {
      lose({error->kind, attempt.address.str() + ": " + error->what});
      start_next();  // RFC 8305 section 5: at once, without waiting for the delay
      return;
    }
    report_.good("connected to " + attempt.address.str());
    finish(Result<std::unique_ptr<Transport>>(std::move(transport)));
  }

  void lose(Error error) {
    report_.bad(error.what);
    last_error_ = std::move(error);
  }

  void finish(Result<std::unique_ptr<Transport>> outcome) {
    if (!std::exchange(is_done_, true)) {
      outcome_ = std::move(outcome);
      stop();
      done_.complete(true);
    }
  }

  // Closes what is still on its way.
  void stop() {
    shard_.cancel(std::exchange(head_start_, TimerId::none));
    for (const std::unique_ptr<Attempt>& attempt : attempts_) {
      shard_.cancel(std::exchange(attempt->deadline, TimerId::none));
      attempt->transport.reset();
    }
    running_ = 0;
  }

  Shard& shard_;
  const ConnectorOptions& options_;
  std::vector<PeerAddress> addresses_;
  LookupReport& report_;
  std::vector<std::unique_ptr<Attempt>> attempts_;   // kept until the end: the shard may still be telling one of them
  Completion<bool> done_;
  Result<std::unique_ptr<Transport>> outcome_ = fail(ErrorKind::cancelled, "given up");
  Error last_error_{ErrorKind::not_found, "no address"};
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  TimerId head_start_ = TimerId::none;
  bool is_done_ = false;
};

Connector::Connector(Shard& shard, ServerLookup& lookup, ConnectorOptions options)
    : shard_(shard), lookup_(lookup), options_(options) {}

Connector::~Connector() { ensure(!is_running_, "a connector outlives its connect()"); }

void Connector::cancel() {
  is_cancelled_ = is_running_;
  if (race_ != nullptr) {
    race_->cancel();
  }
}

Task<Result<Connected>> Connector::connect(std::vector<ServerTarget> targets, LookupReport& report, std::size_t first) {
  ensure(!is_running_, "one connect() at a time");
  is_running_ = true;
  is_cancelled_ = false;
  Result<Connected> outcome = fail(ErrorKind::not_found, "no server to try");
  for (std::size_t i = first; i < targets.size() && !outcome; ++i) {
    ServerTarget& target = targets[i];
    const Result<void> resolved = co_await lookup_.resolve(target, report);
    if (is_cancelled_) {
      break;
    }
    if (!resolved) {
      outcome = fail(resolved.error());
      continue;
    }
    report.good("trying " + target.str());
    Race race(shard_, options_, target.addresses, report);
    race_ = &race;
    race.start();
    const bool done = co_await race.done();
    static_cast<void>(done);
    race_ = nullptr;
    if (race.outcome()) {
      outcome = Connected{.transport = std::move(*race.outcome()), .target = std::move(target), .index = i};
    } else {
      outcome = fail(race.outcome().error());
    }
    if (is_cancelled_) {
      break;
    }
  }
  is_running_ = false;
  if (is_cancelled_) {
    co_return fail(ErrorKind::cancelled, "given up");
  }
  co_return outcome;
}

}  // namespace aldis::net
