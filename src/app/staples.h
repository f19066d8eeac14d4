// StapleKeeper: the OCSP responses that our own certificates are shown with (RFC 6066 section 8): from files the operator renews, or
// fetched from the responder that the certificate names, well before they end. A thread of its own waits for responders. What was
// fetched is kept in a folder, so that a restart shows it at once. A response is shown only if it says "good", now.
#pragma once
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "app/config.h"
#include "core/listener_tls.h"
#include "net/revocation_fetch.h"

namespace aldis::app {

class StapleKeeper {
 public:
  // `folder` is made when something is kept. The clock outlives it.
  StapleKeeper(std::filesystem::path folder, const Clock& clock, net::RevocationFetchOptions options = {.allow_private = true});
  ~StapleKeeper();
  StapleKeeper(const StapleKeeper&) = delete;
  StapleKeeper& operator=(const StapleKeeper&) = delete;

  // Gives each certificate its staple, filled with what files and folder have, and looks after these and no others from now on. A
  // certificate that was there before keeps its staple.
  void watch(const Config& config, DomainCertificates& certificates);
  // One round: files that have changed are read, what has ended is taken away, and what is to be renewed is fetched. Waits for responders.
  void look();
  // look() now and then, on its own thread.
  void start();

 private:
  struct Kept {
    tls::Certificate certificate;
    std::string file;                        // empty: it is fetched
    std::filesystem::file_time_type written{};
    bool is_fetched = false;
    WallTime renew{};                        // not before
  };
  void run();
  void read(Kept& kept);
  void fetch(Kept& kept);
  [[nodiscard]] std::filesystem::path path_of(const tls::Certificate& certificate) const;

  const std::filesystem::path folder_;
  const Clock& clock_;
  const net::RevocationFetchOptions options_;
  std::mutex looking_;                       // held through a round; of kept_
  std::vector<Kept> kept_;
  std::mutex mutex_;                         // of what follows
  std::condition_variable wake_;
  bool is_woken_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

// The response about a certificate, if it is one that may be shown now; denied: why not. The issuer is next in its chain.
[[nodiscard]] Result<WallTime> check_staple(std::string_view response, const tls::Certificate& certificate, WallTime now);
// Where StapleKeeper has what it fetched.
[[nodiscard]] std::filesystem::path staple_folder(const Config& config);
[[nodiscard]] std::filesystem::path staple_path(const std::filesystem::path& folder, const tls::Certificate& certificate);

}  // namespace aldis::app
