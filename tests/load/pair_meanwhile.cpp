// See pair_meanwhile.h.
#include "pair_meanwhile.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <new>

namespace aldis::load {

/// Between the two processes: the pair's results, and how far the rest is.
struct PairMeanwhile::Shared {
  enum class Phase { beginning, before, during, over };
  std::atomic<Phase> phase{Phase::beginning};
  std::atomic<bool> is_ready{false};
  Latency before, during;
  std::uint64_t sent = 0, lost = 0, duplicated = 0, reordered = 0;
};

void PairMeanwhile::be_the_pair(const Options& options, int first, double rate, Shared& shared) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the other gives up
  sched_param priority{};
  priority.sched_priority = 1;
  if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) {
    setpriority(PRIO_PROCESS, 0, -20);
  }
  EventLoop loop;
  Conversation pair(loop, options, first, 1);
  pair.log_in();
  shared.is_ready = true;
  pair.start_open(rate);
  const auto deadline = Clock::now() + 3 * options.limit;
  const auto until = [&](Shared::Phase phase) { pair.run(deadline, [&] { return shared.phase.load() >= phase; }); };
  until(Shared::Phase::before);
  pair.latency().clear();
  until(Shared::Phase::during);
  shared.before = pair.latency();
  pair.latency().clear();
  until(Shared::Phase::over);
  pair.drain(std::chrono::milliseconds(10000));
  shared.during = pair.latency();
  shared.sent = pair.tally().sent;
  shared.lost = pair.lost();
  shared.duplicated = pair.tally().duplicated;
  shared.reordered = pair.tally().reordered;
  _exit(0);
}

PairMeanwhile::PairMeanwhile(const Options& options, int first, double rate) {
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    give_up("no shared memory");
  }
  shared_ = new (memory) Shared;
  child_ = fork();
  if (child_ == 0) {
    be_the_pair(options, first, rate, *shared_);
  }
}

PairMeanwhile::~PairMeanwhile() {
  if (!has_ended_) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  munmap(shared_, sizeof(Shared));
}

bool PairMeanwhile::wait_until_ready(EventLoop& loop) {
  loop.run([this] {
    has_ended_ = has_ended_ || waitpid(child_, nullptr, WNOHANG) == child_;
    return shared_->is_ready.load() || has_ended_;
  }, Clock::now() + std::chrono::seconds(30));
  return shared_->is_ready && !has_ended_;
}

void PairMeanwhile::measure_before() { shared_->phase = Shared::Phase::before; }
void PairMeanwhile::measure_during() { shared_->phase = Shared::Phase::during; }

bool PairMeanwhile::end(EventLoop& loop) {
  shared_->phase = Shared::Phase::over;
  loop.run([this] {
    has_ended_ = has_ended_ || waitpid(child_, nullptr, WNOHANG) == child_;
    return has_ended_;
  }, Clock::now() + std::chrono::seconds(20));
  return has_ended_;
}

const Latency& PairMeanwhile::before() const { return shared_->before; }
const Latency& PairMeanwhile::during() const { return shared_->during; }
std::uint64_t PairMeanwhile::sent() const { return shared_->sent; }
std::uint64_t PairMeanwhile::lost() const { return shared_->lost; }
std::uint64_t PairMeanwhile::duplicated() const { return shared_->duplicated; }
std::uint64_t PairMeanwhile::reordered() const { return shared_->reordered; }

}  // namespace aldis::load
