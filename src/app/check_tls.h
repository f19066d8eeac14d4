// `aldis check --tls`: what each listener, and each call to another server, would really speak with this configuration, its certificates
// and this OpenSSL: tried and read off handshakes (tls/offer.h), never copied from the file.
#pragma once
#include <string>
#include <vector>

#include "app/config.h"
#include "base/clock.h"
#include "tls/offer.h"

namespace aldis::app {

struct ShownCertificateInfo {
  std::string key;             // "ECDSA P-256"
  std::string fingerprint;     // SHA-256
  std::int64_t days_left = 0;
  bool must_staple = false;
  bool has_staple = false;     // one that may be shown now
};

// One listener or one kind of call, and one domain.
struct SpokenTls {
  std::string where;           // "listener 127.0.0.1 port 5222", "calls", "calls to *.mil.example"
  std::string who;             // "clients", "servers"
  std::string tls;             // "starttls", "direct"; calls: empty, both
  std::string domain;
  std::string profile;
  tls::TlsOffer offer;
  std::vector<ShownCertificateInfo> certificates;
};

// An error where the server would not start for it. Listeners without TLS are left out.
[[nodiscard]] Result<std::vector<SpokenTls>> spoken_tls(const Config& config, const Clock& clock);
// For people, several lines.
[[nodiscard]] std::string to_text(const SpokenTls& spoken);

}  // namespace aldis::app
