// Looking for a new serial, and reading what goes with it.
#include "app/config_watch.h"

#include <ctime>
#include <utility>

#include "base/log.h"

namespace aldis::app {
namespace {

constexpr auto patience = std::chrono::seconds(12);   // of a reload; the directory's own times are shorter but for very many entries

std::string time_text(WallTime time) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  std::string text(24, '\0');
  gmtime_r(&seconds, &parts);
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text;
}

}  // namespace

ConfigWatch::ConfigWatch(std::unique_ptr<ConfigDirectory> directory, LoadedConfig loaded, ConfigSchema schema, const Clock& clock, std::function<void()> ask_reload)
    : directory_(std::move(directory)),
      place_(loaded.copy->place),
      path_(loaded.config.path),
      cache_path_(loaded.config.cache_path()),
      refresh_(loaded.config.section<ConfigurationOptions>("configuration").refresh),
      schema_(std::move(schema)),
      clock_(clock),
      ask_reload_(std::move(ask_reload)),
      in_force_(std::move(*loaded.copy)),
      is_from_cache_(loaded.is_from_cache),
      is_answering_(!loaded.is_from_cache),
      why_(std::move(loaded.why)),
      answered_(in_force_.taken) {}

ConfigWatch::~ConfigWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void ConfigWatch::start() {
  {
    const std::lock_guard lock(mutex_);
    if (is_from_cache_) {
      log::error("audit-configuration-from-cache", {{"serial", in_force_.serial}, {"taken", time_text(in_force_.taken)}, {"why", why_}});
    } else {
      log::info("audit-configuration", {{"serial", in_force_.serial}, {"digest", in_force_.digest}});
    }
    update_gauges();
  }
  keep();
  thread_ = std::thread([this] { run(); });
}

// On disk is what is in force.
void ConfigWatch::keep() {
  std::optional<ConfigCopy> copy;
  {
    const std::lock_guard lock(mutex_);
    if (!is_from_cache_) {
      copy = in_force_;
    }
  }
  if (!copy) {
    return;
  }
  if (const auto saved = save_copy(cache_path_, *copy); !saved) {
    log::error("configuration-not-kept", {{"why", saved.error().what}});
  }
}

void ConfigWatch::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    changed_.wait_for(lock, refresh_, [&] { return is_stopping_ || question_ != nullptr; });
    if (is_stopping_) {
      return;
    }
    const std::shared_ptr<Question> question = std::exchange(question_, nullptr);
    lock.unlock();
    question != nullptr ? answer(question) : look();
    lock.lock();
  }
}

void ConfigWatch::look() {
  const auto serial = directory_->serial();
  heard(serial.has_value(), serial ? std::string() : serial.error().what);
  bool is_news = false;
  if (serial) {
    const std::lock_guard lock(mutex_);
    is_news = (*serial != in_force_.serial || is_from_cache_) && *serial != tried_;
    tried_ = is_news ? *serial : tried_;
  }
  if (is_news) {
    log::info("configuration-has-changed", {{"serial", *serial}});
    ask_reload_();
  }
}

void ConfigWatch::answer(const std::shared_ptr<Question>& question) {
  auto entries = directory_->read();
  heard(entries.has_value(), entries ? std::string() : entries.error().what);
  {
    const std::lock_guard lock(mutex_);
    question->entries = std::move(entries);
    question->is_answered = true;
  }
  changed_.notify_all();
}

void ConfigWatch::heard(bool is_answering, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (is_answering != is_answering_) {
    is_answering ? log::info("configuration-directory-back") : log::warning("configuration-directory-away", {{"why", why}});
    is_answering_ = is_answering;
  }
  if (is_answering) {
    answered_ = clock_.wall();
  } else if (!is_from_cache_) {
    why_ = why;
  }
  update_gauges();
}

void ConfigWatch::update_gauges() {
  from_cache_.set(is_from_cache_ ? 1 : 0);
  silence_.set(is_answering_ ? 0 : std::chrono::duration_cast<std::chrono::seconds>(clock_.wall() - answered_).count());
}

Result<std::vector<ldap::Entry>> ConfigWatch::ask() {
  const auto question = std::make_shared<Question>();
  std::unique_lock lock(mutex_);
  question_ = question;
  changed_.notify_all();
  if (!changed_.wait_for(lock, patience, [&] { return question->is_answered; })) {
    return fail(ErrorKind::timeout, "the directory has not given everything after " + std::to_string(patience.count()) + " seconds");
  }
  return std::move(question->entries);
}

Result<ConfigReloader::Loaded, ConfigProblems> ConfigWatch::load() {
  fresh_.reset();
  const auto file = read_config_file(path_, schema_);
  if (!file) {
    return fail(file.error());
  }
  ConfigCopy before;
  {
    const std::lock_guard lock(mutex_);
    before = in_force_;
  }
  // Another place is another server's configuration: what [configuration] says now is for the next start.
  if (!(file->place() == place_)) {
    return Unexpected<ConfigProblems>{{{0, 0, "[configuration] names another base or another server: that needs a restart"}}};
  }
  ConfigReloader::Loaded loaded;
  const auto with_before = [&]() -> Result<ConfigReloader::Loaded, ConfigProblems> {
    ConfigCopy same;
    auto config = put_together(*file, before.entries, schema_, same);
    if (!config) {
      return fail(config.error());
    }
    loaded.config = std::move(*config);
    return std::move(loaded);
  };
  auto entries = ask();
  if (!entries) {
    loaded.notes.push_back("the directory could not be asked (" + entries.error().what + "): what it said with serial " + before.serial + " stays");
    {   // to be tried again when it answers
      const std::lock_guard lock(mutex_);
      tried_.clear();
    }
    return with_before();
  }
  ConfigCopy copy;
  auto config = put_together(*file, *entries, schema_, copy);
  if (!config) {
    return fail(config.error());
  }
  copy.taken = clock_.wall();
  if (copy.serial == before.serial && copy.digest != before.digest) {
    log::warning("configuration-change-not-complete", {{"serial", before.serial}});
    loaded.notes.push_back("the entries have changed and " + std::string(serial_attribute) + " is still " + before.serial +
                           ": they are taken when it changes too");
    return with_before();
  }
  loaded.config = std::move(*config);
  fresh_ = std::move(copy);
  return loaded;
}

void ConfigWatch::taken() {
  if (!fresh_) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    log::info("audit-configuration", {{"serial", fresh_->serial}, {"digest", fresh_->digest}});
    in_force_ = std::move(*fresh_);
    is_from_cache_ = false;
    why_.clear();
    update_gauges();
  }
  fresh_.reset();
  keep();
}

std::string ConfigWatch::description() const {
  const std::lock_guard lock(mutex_);
  std::string text = "serial " + in_force_.serial + " of " + in_force_.place.base;
  if (is_from_cache_) {
    return text + ", from the copy of " + time_text(in_force_.taken) + ": " + why_;
  }
  return is_answering_ ? text : text + "; the directory does not answer: " + why_;
}

}  // namespace aldis::app
