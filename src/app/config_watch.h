// ConfigWatch: whether the directory that the configuration comes from says something new, looked at by a thread of its own. When it does,
// the main thread is asked to reload, and takes all of it or nothing (reload.h); what it took is kept on disk.
//
// An administrator changes several entries one after another. None of it counts until the base's serial changes, too.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/config_directory.h"
#include "app/config_source.h"
#include "app/reload.h"
#include "base/metrics.h"

namespace aldis::app {

class ConfigWatch {
 public:
  // `loaded` is in force. `ask_reload` is called by any thread; clock outlives it.
  ConfigWatch(std::unique_ptr<ConfigDirectory> directory, LoadedConfig loaded, ConfigSchema schema, const Clock& clock, std::function<void()> ask_reload);
  ~ConfigWatch();
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

  // Keeps what is in force, and begins to look.
  void start();
  // Main thread: what a reload reads. Waits for the directory, not for long; while it does not answer, what it said last counts.
  [[nodiscard]] Result<ConfigReloader::Loaded, ConfigProblems> load();
  // What load() gave last is in force.
  void taken();
  // Whether there is something new; its own thread does it again and again.
  void look();

  // For `aldis status`; any thread.
  [[nodiscard]] std::string description() const;

 private:
  struct Question {
    bool is_answered = false;
    Result<std::vector<ldap::Entry>> entries = fail(ErrorKind::cancelled, "");
  };
  void run();
  void answer(const std::shared_ptr<Question>& question);
  [[nodiscard]] Result<std::vector<ldap::Entry>> ask();
  void heard(bool is_answering, const std::string& why);
  void update_gauges();   // with mutex_ held
  void keep();

  const std::unique_ptr<ConfigDirectory> directory_;   // asked by thread_ alone
  const DirectoryPlace place_;
  const std::string path_;
  const std::string cache_path_;
  const std::chrono::seconds refresh_;
  const ConfigSchema schema_;
  const Clock& clock_;
  const std::function<void()> ask_reload_;
  std::optional<ConfigCopy> fresh_;   // main thread: what load() gave

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  ConfigCopy in_force_;
  bool is_from_cache_;
  bool is_answering_;
  std::string why_;           // it is from the cache, or does not answer
  std::string tried_;         // a serial that a reload was asked for
  WallTime answered_{};       // last
  std::shared_ptr<Question> question_;
  bool is_stopping_ = false;

  metrics::Gauge from_cache_{"aldis_configuration_from_cache", "1 while the configuration is the copy of what the directory said last."};
  metrics::Gauge silence_{"aldis_configuration_directory_silent_seconds", "Since the directory with the configuration has answered last."};
  std::thread thread_;        // last: it uses all of the above
};

}  // namespace aldis::app
