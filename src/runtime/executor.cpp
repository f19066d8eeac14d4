// Which executor runs on this thread.
#include "runtime/executor.h"

namespace aldis {
namespace {
thread_local Executor* running = nullptr;
}

Executor* Executor::current() {
  return running;
}

Executor::Running::Running(Executor* executor) : previous_(std::exchange(running, executor)) {}
Executor::Running::~Running() {
  running = previous_;
}

}  // namespace aldis
