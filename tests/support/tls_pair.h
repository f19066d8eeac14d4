// Certificates and TLS engines for tests: made once a process, valid around ManualClock's start as well as now.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/manual_clock.h"
#include "tls/context.h"
#include "tls/engine.h"

namespace aldis::test {

// A clock that stands still a day before both the ManualClock's start and today cannot exist; certificates are made
// valid for 30 years from 2026-01-01.
inline const tls::SelfSigned& self_signed(const std::string& domain, tls::KeyKind kind = tls::KeyKind::p256) {
  static std::map<std::pair<std::string, tls::KeyKind>, tls::SelfSigned> made;
  auto found = made.find({domain, kind});
  if (found == made.end()) {
    const ManualClock clock;
    found = made.emplace(std::pair(domain, kind),
                         *tls::make_self_signed({domain}, clock, std::chrono::days(30 * 365), kind))
                .first;
  }
  return found->second;
}

inline tls::Certificate certificate(const std::string& domain, tls::KeyKind kind = tls::KeyKind::p256) {
  const ManualClock clock;
  const tls::SelfSigned& pair = self_signed(domain, kind);
  return *tls::Certificate::parse(pair.chain_pem, pair.key_pem, clock);
}

inline std::shared_ptr<const tls::TlsContext> server_context(const tls::TlsPolicy& policy = {},
                                                             const std::string& domain = "capulet.example") {
  return *tls::TlsContext::server(policy, {{domain, {certificate(domain)}}});
}

inline std::shared_ptr<const tls::TlsContext> client_context(tls::ClientPolicy policy = {.verify = false}) {
  return *tls::TlsContext::client(policy);
}

// Two engines and the bytes between them.
struct TlsPair {
  explicit TlsPair(std::shared_ptr<const tls::TlsContext> server_side = server_context(),
                   std::shared_ptr<const tls::TlsContext> client_side = client_context(),
                   const std::string& host = "capulet.example")
      : server(tls::TlsEngine::server(std::move(server_side))),
        client(tls::TlsEngine::client(std::move(client_side), host)) {}

  tls::TlsEngine server;
  tls::TlsEngine client;
  std::string to_server;
  std::string to_client;
  std::string server_got;  // plaintext
  std::string client_got;
  std::string server_error;
  std::string client_error;

  static std::span<const std::uint8_t> octets(std::string_view bytes) {
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  }
  void feed_server(std::string_view bytes) {
    const auto done = server.receive(octets(bytes), server_got, to_client);
    if (!done && server_error.empty()) {
      server_error = done.error().text;
    }
  }
  void feed_client(std::string_view bytes) {
    const auto done = client.receive(octets(bytes), client_got, to_server);
    if (!done && client_error.empty()) {
      client_error = done.error().text;
    }
  }
  // Carries bytes, at most `step` at a time, until nothing moves or a side fails. False on failure.
  bool run(std::size_t step = SIZE_MAX) {
    while ((!to_server.empty() || !to_client.empty()) && server_error.empty() && client_error.empty()) {
      const std::string forth = to_server.substr(0, step);
      to_server.erase(0, forth.size());
      if (!forth.empty()) {
        feed_server(forth);
      }
      const std::string back = to_client.substr(0, step);
      to_client.erase(0, back.size());
      if (!back.empty()) {
        feed_client(back);
      }
    }
    // The refused side's alert still travels, as it does from a Connection.
    if (!server_error.empty() && !to_client.empty()) {
      feed_client(std::exchange(to_client, {}));
    }
    return server_error.empty() && client_error.empty();
  }
  bool handshake(std::size_t step = SIZE_MAX) {
    const auto started = client.start(to_server);
    return started && run(step) && server.is_established() && client.is_established();
  }
};

}  // namespace aldis::test
