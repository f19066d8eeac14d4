// Acceptance: the token by which the server knows that it is done with a stanza somebody counts (XEP-0198 section 4:
// what an <a/> may count). It travels in the Envelope: whoever still has work to do for the stanza holds a copy of the
// Envelope, a coroutine that waits for a store and a session that waits for its client alike; when the last copy goes,
// the stanza is settled and the sender's session is told on its own shard. An error sent back carries the token of what
// it answers, so it is always written before the stanza is counted.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "runtime/executor.h"

namespace aldis {

// What was settled, on its way to the home of the sessions that count. Filled from any thread; handed over on the
// home's executor in one post, however many came together.
class Settlements : public std::enable_shared_from_this<Settlements> {
 public:
  using Receiver = std::function<void(SessionId session, std::uint64_t number)>;
  // `done` is called when what came together has been handed over.
  Settlements(Executor& executor, Receiver receiver, std::function<void()> done)
      : executor_(&executor), receiver_(std::move(receiver)), done_(std::move(done)) {}

  // From any thread.
  void add(SessionId session, std::uint64_t number);
  // On the executor: hands over what is there, at once. What is settled meanwhile comes too.
  void hand_over();
  // On the executor, by the home that goes away: nobody is told any more.
  void close();

 private:
  struct Settled {
    SessionId session;
    std::uint64_t number;
  };
  std::mutex mutex_;
  std::vector<Settled> waiting_;  // guarded by mutex_
  Executor* executor_;            // guarded by mutex_; null after close()
  bool is_posted_ = false;        // guarded by mutex_
  Receiver receiver_;
  std::function<void()> done_;
};

class AcceptancePtr;

class Acceptance {
 public:
  // The stanza that the session counts as its `number`-th.
  [[nodiscard]] static AcceptancePtr make(std::shared_ptr<Settlements> settlements, SessionId session,
                                          std::uint64_t number);
  Acceptance(const Acceptance&) = delete;
  Acceptance& operator=(const Acceptance&) = delete;

 private:
  friend class AcceptancePtr;
  Acceptance(std::shared_ptr<Settlements> settlements, SessionId session, std::uint64_t number)
      : settlements_(std::move(settlements)), session_(session), number_(number) {}
  ~Acceptance() { settlements_->add(session_, number_); }

  std::shared_ptr<Settlements> settlements_;
  SessionId session_;
  std::uint64_t number_;
  std::atomic<std::uint32_t> holders_{1};
};

// A holder of the token; null when nobody counts the stanza, and then it costs nothing.
class AcceptancePtr {
 public:
  AcceptancePtr() = default;
  AcceptancePtr(const AcceptancePtr& other) noexcept : token_(other.token_) {
    if (token_ != nullptr) {
      token_->holders_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  AcceptancePtr(AcceptancePtr&& other) noexcept : token_(std::exchange(other.token_, nullptr)) {}
  AcceptancePtr& operator=(AcceptancePtr other) noexcept {
    std::swap(token_, other.token_);
    return *this;
  }
  ~AcceptancePtr() { reset(); }

  // This holder is done with the stanza.
  void reset() {
    Acceptance* token = std::exchange(token_, nullptr);
    if (token != nullptr && token->holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete token;
    }
  }
  explicit operator bool() const { return token_ != nullptr; }

 private:
  friend class Acceptance;
  explicit AcceptancePtr(Acceptance* token) : token_(token) {}
  Acceptance* token_ = nullptr;
};

}  // namespace aldis
