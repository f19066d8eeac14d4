// One epoll descriptor, edge-triggered, for every connection of this process. After each turn the connections that were
// written to are flushed once: what a client says in one turn leaves in one system call.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace aldis::load {

using Clock = std::chrono::steady_clock;

class EventHandler {
 public:
  virtual ~EventHandler() = default;
  virtual void on_event(std::uint32_t epoll_events) = 0;
  virtual void flush() = 0;
};

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void add(int descriptor, EventHandler& handler);
  /// The handler's flush() is called at the end of the turn. It must live until then.
  void flush_later(EventHandler& handler) { written_.push_back(&handler); }
  /// Waits until `wake` at the latest, serves what is ready, flushes.
  void turn(Clock::time_point wake);
  /// Turns until done() or the deadline; done() is asked after every turn, at least every 10 ms. False: deadline.
  bool run(const std::function<bool()>& done, Clock::time_point deadline);
  /// Turns for a while.
  void run_for(std::chrono::milliseconds time);
  void flush();

 private:
  int epoll_;
  std::vector<EventHandler*> written_;
};

}  // namespace aldis::load
