// Reading, fetching and keeping them.
#include "app/staples.h"

#include <pthread.h>

#include <fstream>
#include <sstream>

#include "base/log.h"
#include "base/random.h"
#include "tls/revocation.h"

namespace aldis::app {
namespace {

constexpr std::chrono::seconds between_looks{60};
constexpr std::chrono::minutes after_failure{5};
constexpr std::chrono::hours longest_wait{24};
constexpr std::uintmax_t largest_response = 64 * 1024;

std::string contents(const std::filesystem::path& path) {
  std::error_code error;
  if (const auto size = std::filesystem::file_size(path, error); error || size > largest_response) {
    return {};
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

// Whole or not at all.
bool write(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path half = path.string() + ".new";
  {
    std::ofstream out(half, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) {
      return false;
    }
  }
  std::error_code error;
  std::filesystem::rename(half, path, error);
  return !error;
}

// Half of the time it holds, and a day at most: a responder may be away for as long again.
WallTime renewal(WallTime now, WallTime until) {
  return now + std::min<WallTime::duration>((until - now) / 2, std::chrono::duration_cast<WallTime::duration>(longest_wait));
}

}  // namespace

Result<WallTime> check_staple(std::string_view response, const tls::Certificate& certificate, WallTime now) {
  if (certificate.chain().size() < 2) {
    return fail(ErrorKind::denied, "the certificate's file has no issuer's certificate, by which the response could be checked");
  }
  const tls::RevocationAnswer answer = tls::ask_ocsp(response, certificate.leaf(), certificate.chain()[1].get(), now);
  if (answer.state != tls::RevocationState::good) {
    return fail(ErrorKind::denied, answer.detail);
  }
  return answer.until;
}

std::filesystem::path staple_folder(const Config& config) { return std::filesystem::path(config.data_dir()) / "staples"; }

std::filesystem::path staple_path(const std::filesystem::path& folder, const tls::Certificate& certificate) {
  std::string digits = certificate.fingerprint_sha256();
  std::erase(digits, ':');
  return folder / (digits + ".ocsp");
}

StapleKeeper::StapleKeeper(std::filesystem::path folder, const Clock& clock, net::RevocationFetchOptions options)
    : folder_(std::move(folder)), clock_(clock), options_(options) {}

StapleKeeper::~StapleKeeper() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::filesystem::path StapleKeeper::path_of(const tls::Certificate& certificate) const { return staple_path(folder_, certificate); }

void StapleKeeper::watch(const Config& config, DomainCertificates& certificates) {
  const bool may_fetch = config.section<TlsOptions>("tls").fetch_staples;
  {
    const std::lock_guard alone(looking_);
    std::vector<Kept> fresh;
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      const DomainOptions& options = config.domains[i].get();
      for (std::size_t k = 0; k < certificates[i].second.size(); ++k) {
        tls::Certificate& certificate = certificates[i].second[k];
        Kept kept{.certificate = certificate};
        kept.file = k < options.staples.size() && !options.staples[k].empty() ? config.resolve(options.staples[k]) : std::string();
        kept.is_fetched = kept.file.empty() && may_fetch;
        if (kept.file.empty() && !kept.is_fetched) {
          continue;
        }
        const auto known = std::ranges::find(kept_, certificate.fingerprint_sha256(), [](const Kept& each) { return each.certificate.fingerprint_sha256(); });
        certificate.set_staple(known != kept_.end() ? known->certificate.staple() : std::make_shared<tls::Staple>());
        kept.certificate = certificate;
        kept.renew = known != kept_.end() && kept.is_fetched ? known->renew : WallTime{};
        if (certificate.staple()->response()->empty() || !kept.is_fetched) {
          read(kept);
        }
        fresh.push_back(std::move(kept));
      }
    }
    kept_ = std::move(fresh);
  }
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  wake_.notify_all();
}

// The file, the operator's or ours.
void StapleKeeper::read(Kept& kept) {
  const std::filesystem::path path = kept.is_fetched ? path_of(kept.certificate) : std::filesystem::path(kept.file);
  std::error_code error;
  kept.written = std::filesystem::last_write_time(path, error);
  std::string response = contents(path);
  if (response.empty() && kept.is_fetched) {
    return;   // nothing was fetched yet
  }
  const WallTime now = clock_.wall();
  const Result<WallTime> until = response.empty() ? Result<WallTime>(fail(ErrorKind::not_found, "cannot be read")) : check_staple(response, kept.certificate, now);
  if (!until) {
    log::warning("staple-not-read", {{"file", path.string()}, {"cause", until.error().what}});
    return;   // one that was read before holds until it ends
  }
  kept.certificate.staple()->replace(std::move(response), *until);
  kept.renew = renewal(now, *until);
}

void StapleKeeper::fetch(Kept& kept) {
  SystemRandom random;
  const WallTime now = clock_.wall();
  net::RevocationFetchOptions options = options_;
  options.ahead = std::chrono::hours(24 * 365 * 20);   // when it is time, this says
  const Result<void> done = net::refresh_staple(*kept.certificate.staple(), kept.certificate, now, random, options);
  if (done) {
    const WallTime until = kept.certificate.staple()->until();
    kept.renew = renewal(now, until);
    std::error_code error;
    std::filesystem::create_directory(folder_, error);
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, error);
    if (!write(path_of(kept.certificate), *kept.certificate.staple()->response())) {
      log::warning("staple-not-kept", {{"folder", folder_.string()}});
    }
    log::info("staple-renewed", {{"fingerprint", kept.certificate.fingerprint_sha256()}});
    return;
  }
  if (done.error().kind == ErrorKind::not_found) {   // it names no responder
    kept.renew = WallTime::max();
    if (kept.certificate.must_staple()) {
      log::warning("staple-not-renewed", {{"fingerprint", kept.certificate.fingerprint_sha256()}, {"cause", done.error().what}});
    }
    return;
  }
  kept.renew = now + after_failure;
  log::warning("staple-not-renewed", {{"fingerprint", kept.certificate.fingerprint_sha256()}, {"cause", done.error().what}});
}

void StapleKeeper::look() {
  const std::lock_guard alone(looking_);
  for (Kept& kept : kept_) {
    const WallTime now = clock_.wall();
    tls::Staple& staple = *kept.certificate.staple();
    if (!staple.response()->empty() && staple.until() <= now) {
      staple.replace({}, {});
    }
    if (kept.is_fetched) {
      if (now >= kept.renew) {
        fetch(kept);
      }
      continue;
    }
    std::error_code error;
    if (const auto written = std::filesystem::last_write_time(kept.file, error); !error && written != kept.written) {
      read(kept);
    }
  }
}

void StapleKeeper::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "staples");
    run();
  });
}

void StapleKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    is_woken_ = false;
    lock.unlock();
    look();
    lock.lock();
    wake_.wait_for(lock, between_looks, [this] { return is_woken_ || is_stopping_; });
  }
}

}  // namespace aldis::app
