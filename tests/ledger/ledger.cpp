// The clients of the ledger: --senders accounts (user0 …) write to --receivers accounts (the next ones) for as long as
// they are not told to finish, whatever becomes of the server; everything they see stands in the book. Told to finish
// ("finish" on standard input, or its end), they wait until everything sent is acknowledged and nothing more arrives,
// then read the archives and end. Four times a second one line of standard output says how far they are: JSON. Exit
// status: 0 when all that could be read was read, 1 when an archive could not be read or the server broke XEP-0198.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>

#include "fleet.h"
#include "ledger_options.h"
#include "process_stats.h"
#include "receiver.h"
#include "sender.h"

namespace aldis::ledger {
namespace {

class Ledger {
 public:
  explicit Ledger(const LedgerOptions& options)
      : options_(options),
        book_(options.book),
        random_(options.seed),
        company_{loop_, options_.load, book_, counters_, random_, options.verbose} {
    for (int i = 0; i < options.senders; ++i) {
      senders_.push_back(std::make_unique<Sender>(company_, i, options.senders, options.receivers, options.window));
      members_.push_back(senders_.back().get());
    }
    for (int i = 0; i < options.receivers; ++i) {
      receivers_.push_back(std::make_unique<Receiver>(company_, options.senders + i));
      members_.push_back(receivers_.back().get());
    }
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  }

  int run() {
    begin_ = Clock::now();
    while (!is_told_to_finish()) {
      send_new();
      cut_some();
      turn();
    }
    const bool all_acknowledged = drain();
    const bool all_read = read_archives();
    phase_ = all_acknowledged ? "over" : "over, not all acknowledged";
    say_how_far();
    return all_read && counters_.bad == 0 ? 0 : 1;
  }

 private:
  bool is_told_to_finish() {
    char text[64];
    const auto got = read(STDIN_FILENO, text, sizeof text);
    return got == 0 ||
           (got > 0 && std::string_view(text, static_cast<std::size_t>(got)).find("finish") != std::string_view::npos);
  }

  void turn() {
    const auto now = Clock::now();
    for (Member* member : members_) {
      member->tick(now);
    }
    if (now >= ask_at_) {
      ask_at_ = now + std::chrono::milliseconds(500);
      for (const auto& sender : senders_) {
        sender->ask();
      }
    }
    if (now >= say_at_) {
      say_at_ = now + std::chrono::milliseconds(250);
      say_how_far();
    }
    loop_.turn(Clock::now() + std::chrono::milliseconds(2));
  }

  void say_how_far() {
    book_.flush();
    const auto ready = std::count_if(members_.begin(), members_.end(), [](const Member* m) { return m->is_ready(); });
    std::printf(
        "{\"phase\": \"%s\", \"seconds\": %.2f, \"ready\": %td, \"sent\": %ju, \"acked\": %ju, \"delivered\": %ju, "
        "\"refused\": %ju, \"resumed\": %ju, \"renewed\": %ju, \"cuts\": %ju, \"stalled\": %ju, \"bad\": %ju}\n",
        phase_, std::chrono::duration<double>(Clock::now() - begin_).count(), ready, std::uintmax_t{counters_.sent},
        std::uintmax_t{counters_.acknowledged}, std::uintmax_t{counters_.delivered}, std::uintmax_t{counters_.refused},
        std::uintmax_t{counters_.resumed}, std::uintmax_t{counters_.renewed}, std::uintmax_t{counters_.cuts},
        std::uintmax_t{counters_.stalled}, std::uintmax_t{counters_.bad});
    std::fflush(stdout);
  }

  /// Everybody in turn, one message at a time, so that no sender gets ahead.
  void send_new() {
    const double elapsed = std::chrono::duration<double>(Clock::now() - begin_).count();
    const auto allowed = options_.rate > 0 ? static_cast<std::uint64_t>(options_.rate * elapsed) : UINT64_MAX;
    const auto limit = std::min(allowed, options_.messages > 0 ? options_.messages : UINT64_MAX);
    std::size_t refused = 0;
    while (counters_.sent < limit && refused < senders_.size()) {
      refused = senders_[next_++ % senders_.size()]->send_new() ? 0 : refused + 1;
    }
  }

  void cut_some() {
    const auto due = options_.cuts * std::chrono::duration<double>(Clock::now() - begin_).count();
    while (static_cast<double>(counters_.cuts) + 1 <= due) {
      Member& member = *members_[std::uniform_int_distribution<std::size_t>(0, members_.size() - 1)(random_)];
      ++counters_.cuts;
      if (member.is_ready()) {
        member.cut();
      }
    }
  }

  /// Until everybody is there, all is acknowledged and nothing came for a while. False: past the limit.
  bool drain() {
    phase_ = "draining";
    auto delivered = counters_.delivered;
    auto quiet_since = Clock::now();
    for (const auto deadline = Clock::now() + limit(); Clock::now() < deadline;) {
      turn();
      const bool all =
          std::all_of(senders_.begin(), senders_.end(), [](const auto& s) { return s->unacknowledged() == 0; }) &&
          std::all_of(members_.begin(), members_.end(), [](const Member* m) { return m->is_ready(); });
      if (!all || delivered != counters_.delivered) {
        quiet_since = Clock::now();
        delivered = counters_.delivered;
      } else if (std::chrono::duration<double>(Clock::now() - quiet_since).count() > options_.quiet) {
        return true;
      }
    }
    std::fprintf(stderr, "ledger: not everything was acknowledged in time\n");
    return false;
  }

  bool read_archives() {
    phase_ = "reading archives";
    for (const auto& receiver : receivers_) {
      receiver->read_archive('M');
    }
    for (const auto& sender : senders_) {
      if (options_.own) {
        sender->read_archive('O');
      }
    }
    const auto all = [this](bool (Member::*is_so)() const) {
      return std::all_of(members_.begin(), members_.end(), [is_so](const Member* m) { return (m->*is_so)(); });
    };
    for (const auto deadline = Clock::now() + limit();
         Clock::now() < deadline && !all(&Member::has_done_with_archive);) {
      turn();
    }
    if (all(&Member::has_read_archive)) {
      return true;
    }
    std::fprintf(stderr, "ledger: not all archives could be read\n");
    return false;
  }

  std::chrono::milliseconds limit() const {
    return std::chrono::milliseconds(static_cast<std::int64_t>(options_.limit * 1000));
  }

  const LedgerOptions& options_;
  load::EventLoop loop_;
  Book book_;
  Counters counters_;
  std::mt19937_64 random_;
  const Company company_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  std::vector<Member*> members_;
  std::size_t next_ = 0;
  const char* phase_ = "sending";
  Clock::time_point begin_{}, ask_at_{}, say_at_{};
};

}  // namespace
}  // namespace aldis::ledger

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  aldis::load::raise_descriptor_limit();
  const auto options = aldis::ledger::parse_ledger_options(argc, argv);
  aldis::ledger::Ledger ledger(options);
  return ledger.run();
}
