// Making a first installation, step by step.
#include "app/init.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/config.h"
#include "app/generated_docs.h"
#include "app/offline_store.h"
#include "base/random.h"
#include "tls/certificate.h"
#include "xmpp/jid.h"

namespace aldis::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* data_name = "aldis-data";
constexpr const char* certificate_name = "aldis-data/certificate.pem";
constexpr const char* key_name = "aldis-data/key.pem";

Unexpected<Error> system_failure(const std::string& path) {
  return fail(ErrorKind::unavailable, path + ": " + std::strerror(errno));
}

Result<void> make_data_folder(const fs::path& path, InitReport& report) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    report.made.push_back(path.string());
    return {};
  }
  if (errno != EEXIST) {
    return system_failure(path.string());
  }
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return fail(ErrorKind::denied, path.string() + " is there and is no folder");
  }
  return {};
}

Result<void> make_certificate(const fs::path& folder, const std::string& domain, InitReport& report) {
  const fs::path chain = folder / certificate_name;
  const fs::path key = folder / key_name;
  if (fs::exists(chain) && fs::exists(key)) {
    return {};
  }
  const SystemClock clock;
  const auto pair = tls::make_self_signed({domain}, clock);
  if (!pair) {
    return fail(pair.error());
  }
  auto written = tls::write_key_pair(*pair, chain, key);
  if (written) {
    report.made.push_back(chain.string());
    report.made.push_back(key.string());
  }
  return written;
}

std::string example_for(const ConfigSchema& schema, const std::string& domain) {
  using List = std::vector<std::string>;
  return config_example(
      schema, {{"server", {{"data_dir", std::string(data_name)}}},
               {"listener", {{"address", std::string("127.0.0.1")}, {"port", std::int64_t{5222}}, {"tls", std::string("starttls")}}},
               {"listener", {{"address", std::string("127.0.0.1")}, {"port", std::int64_t{5223}}, {"tls", std::string("direct")}}},
               {"domain", {{"name", domain}, {"certificates", List{certificate_name}}, {"keys", List{key_name}}}}});
}

// Appears whole or not at all, and never replaces a file.
Result<void> write_new_file(const std::string& path, std::string_view text) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return system_failure(draft);
  }
  bool is_written = true;
  for (std::string_view rest = text; is_written && !rest.empty();) {
    const ssize_t n = ::write(fd, rest.data(), rest.size());
    is_written = n > 0;
    rest.remove_prefix(is_written ? static_cast<std::size_t>(n) : 0);
  }
  is_written = is_written && ::fsync(fd) == 0;
  is_written = ::close(fd) == 0 && is_written;
  if (is_written && ::link(draft.c_str(), path.c_str()) == 0) {
    ::unlink(draft.c_str());
    return {};
  }
  const auto failure = system_failure(path);
  ::unlink(draft.c_str());
  return failure;
}

Task<Result<void>> add_or_set(admin::AdminTarget& target, BareJid jid, std::string password) {
  Result<void> done = co_await target.create_account(jid, SecretBytes(std::string_view(password)));
  if (!done && done.error().kind == ErrorKind::already_exists) {
    done = co_await target.set_password(jid, SecretBytes(std::string_view(password)), SessionId::none);
  }
  co_return done;
}

Result<void> make_store(const Config& config, const InitOptions& options, InitReport& report) {
  Result<void> made;
  SystemRandom random;
  std::vector<DemoAccount> accounts;
  if (options.is_demo) {
    for (const char* name : {"juliet", "romeo"}) {
      accounts.push_back({std::string(name) + "@" + config.domains.front().get().name, random_token(random, 80)});
    }
  }
  const auto add_all = [&](admin::AdminTarget& target) -> Task<void> {
    for (const DemoAccount& account : accounts) {
      const auto jid = BareJid::parse(account.address);
      Result<void> done = co_await add_or_set(target, *jid, account.password);
      if (!done) {
        made = std::move(done);
        co_return;
      }
    }
  };
  if (auto opened = on_offline_store(config, add_all); !opened) {
    return opened;
  }
  if (made) {
    report.made.push_back(config.database_path());
    report.accounts = std::move(accounts);
  }
  return made;
}

}  // namespace

Result<InitReport> initialise(const InitOptions& options, const ConfigSchema& schema) {
  InitReport report;
  std::error_code error;
  if (fs::exists(fs::symlink_status(options.config_path, error))) {
    if (options.if_missing) {
      report.was_there = true;
      return report;
    }
    return fail(ErrorKind::already_exists, options.config_path + " is there already; it was not touched");
  }
  const auto domain = prepare_domain(options.domain);
  if (!domain) {
    return fail(ErrorKind::invalid, options.domain + " is no domain: " + std::string(to_string(domain.error())));
  }
  const std::string text = example_for(schema, *domain);
  const auto config = parse_config(text, options.config_path, schema);
  ensure(config.has_value(), "the example is a configuration");
  const fs::path folder = fs::path(options.config_path).parent_path();
  if (auto made = make_data_folder(config->data_dir(), report); !made) {
    return fail(made.error());
  }
  if (auto made = make_certificate(folder, *domain, report); !made) {
    return fail(made.error());
  }
  if (auto made = make_store(*config, options, report); !made) {
    return fail(made.error());
  }
  if (auto made = write_new_file(options.config_path, text); !made) {
    return fail(made.error());
  }
  report.made.push_back(options.config_path);
  return report;
}

}  // namespace aldis::app
