// `aldis check`: looks at the world a configuration speaks of, without changing it: certificates, their dates, names and
// keys' modes, ports, the data folder, the store, and optionally DNS. Each finding says what is wrong and how to mend it.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/clock.h"

namespace aldis::app {

enum class Severity : std::uint8_t { ok, warning, error };
[[nodiscard]] std::string_view to_string(Severity severity);

struct Finding {
  Severity severity = Severity::ok;
  std::string what;
  std::string mend;   // empty when all is well
};

// A service record's target (RFC 2782), or none.
struct SrvTarget {
  std::string host;
  std::uint16_t port = 0;
};
// unavailable: could not be learnt; an empty list: there is no such record.
[[nodiscard]] Result<std::vector<SrvTarget>> look_up_srv(const std::string& name);   // waits 5 s at most
using SrvLookup = std::function<Result<std::vector<SrvTarget>>(const std::string& name)>;

[[nodiscard]] std::vector<Finding> check_certificates(const Config& config, const Clock& clock);
// Listeners that accept suites without encryption, and whether OpenSSL has such suites.
[[nodiscard]] std::vector<Finding> check_suites(const Config& config);
// Components: secrets that can be read, certificates that name them, doors that are open to other machines.
[[nodiscard]] std::vector<Finding> check_components(const Config& config, const Clock& clock);
// A port held by the server that listens on the configuration's own control socket is ours.
// What people log in with: anchors that can be read, and doors that fit them.
[[nodiscard]] std::vector<Finding> check_client_certificates(const Config& config);
// Directories: files that can be read; and the block list of passwords. Nobody is connected to (aldis directory check does that).
[[nodiscard]] std::vector<Finding> check_people(const Config& config, const Clock& clock);
// Files of the authorities that servers' certificates must come from.
[[nodiscard]] std::vector<Finding> check_peer_anchors(const Config& config);
// The first of them that cannot be used: without it a peer could never be believed, so nothing is served.
[[nodiscard]] Result<void> require_peer_anchors(const Config& config);
// Listeners and calls that lack what they need for it: certificates that do not fit a profile, staples.
[[nodiscard]] std::vector<Finding> check_tls(const Config& config, const Clock& clock);
[[nodiscard]] std::vector<Finding> check_ports(const Config& config);
[[nodiscard]] std::vector<Finding> check_store(const Config& config);
[[nodiscard]] std::vector<Finding> check_dns(const Config& config, const SrvLookup& lookup);

}  // namespace aldis::app
