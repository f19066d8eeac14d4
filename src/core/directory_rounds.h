// DirectoryRounds: what a directory is asked again and again of one domain, on the lobby's shard: one round, a pause, the next. A directory
// that does not answer is missed once in the log, and found again once. What a round asks is its heir's (DirectoryWatch, GroupWatch).
#pragma once
#include <string>
#include <string_view>

#include "auth/people_directory.h"
#include "base/metrics.h"
#include "runtime/shard.h"

namespace aldis {

class DirectoryRounds {
 public:
  // Goes when it is quiet and its directory has stopped.
  virtual ~DirectoryRounds();
  DirectoryRounds(const DirectoryRounds&) = delete;
  DirectoryRounds& operator=(const DirectoryRounds&) = delete;

  // No round begins, and the one under way ends; on the shard. is_quiet: it waits for the directory at most, and will touch nothing.
  virtual void stop();
  [[nodiscard]] bool is_quiet() const { return !is_running_ || is_asking_; }

 protected:
  struct Words {
    std::string_view missed;   // events of the log
    std::string_view found;
    metrics::Counter& done;    // rounds
    metrics::Counter& failed;
  };
  // All outlive it.
  DirectoryRounds(Shard& lobby, PeopleDirectory& directory, std::string domain, Words words);

  // The first round begins at once.
  void begin() { arm(std::chrono::milliseconds(0)); }
  [[nodiscard]] bool is_stopped() const { return is_stopped_; }
  // A question to the directory. After the answer is_stopped() is looked at before anything is touched.
  template <class T>
  [[nodiscard]] Task<T> ask(Task<T> question) {
    is_asking_ = true;
    T answer = co_await std::move(question);
    is_asking_ = false;
    co_return answer;
  }

  Shard& lobby_;
  PeopleDirectory& directory_;
  const std::string domain_;

 private:
  [[nodiscard]] virtual Task<Result<void>> round() = 0;
  [[nodiscard]] virtual std::chrono::milliseconds pause() const = 0;
  // A round is over, and not by stop().
  virtual void round_is_over() {}
  void arm(std::chrono::milliseconds delay);
  [[nodiscard]] Task<void> run();

  Words words_;
  TimerId timer_ = TimerId::none;
  bool is_failing_ = false;
  bool is_running_ = false;
  bool is_asking_ = false;
  bool is_stopped_ = false;
};

}  // namespace aldis
