// See event_loop.h.
#include "event_loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace aldis::load {

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
EventLoop::~EventLoop() {
  close(epoll_);
}

void EventLoop::add(int descriptor, EventHandler& handler) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &handler;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
}

void EventLoop::turn(Clock::time_point wake) {
  flush();
  const auto left =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(wake - Clock::now()).count());
  timespec timeout{};
  timeout.tv_sec = left / 1'000'000'000;
  timeout.tv_nsec = left % 1'000'000'000;
  std::array<epoll_event, 256> events;
  const int ready = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int i = 0; i < ready; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    static_cast<EventHandler*>(event.data.ptr)->on_event(event.events);
    // Independent clients do not wait for each other: each one's answers leave before the next one reads.
    flush();
  }
}

void EventLoop::flush() {
  // A flush may end a connection and so write to another.
  for (std::size_t i = 0; i < written_.size(); ++i) {
    written_[i]->flush();
  }
  written_.clear();
}

bool EventLoop::run(const std::function<bool()>& done, Clock::time_point deadline) {
  while (!done()) {
    const auto now = Clock::now();
    if (now >= deadline) {
      return false;
    }
    turn(std::min(deadline, now + std::chrono::milliseconds(10)));
  }
  return true;
}

void EventLoop::run_for(std::chrono::milliseconds time) {
  run([] { return false; }, Clock::now() + time);
}

}  // namespace aldis::load
