// What aldis.toml says about other servers: [federation] and the [[peer]] tables, as they are written. peer_rules.h has what is
// made of them.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "auth/certificate/revocation_check.h"
#include "base/bytes.h"
#include "base/options.h"
#include "policy/position_options.h"
#include "tls/profile.h"

namespace aldis::policy {

// What holds for a server that no [[peer]] names.
enum class Profile : std::uint8_t { strict, open };
constexpr auto option_names(Profile) {
  return std::array{OptionName{"strict", Profile::strict}, OptionName{"open", Profile::open}};
}

struct FederationOptions {
  Profile profile = Profile::strict;
  std::string anchors = "/etc/ssl/certs/ca-certificates.crt";
  std::string dns_server;
  std::string dns_trust_anchor;
  bool allow_private_addresses = false;
  RevocationCheck revocation = RevocationCheck::soft;
  std::chrono::seconds certificate_check{20};
  std::chrono::seconds revocation_refresh{600};
  std::chrono::seconds idle_time{600};
  std::chrono::seconds inbound_idle_time{1800};
  std::chrono::seconds negotiation_timeout{60};
  std::chrono::seconds queue_time{3600};
  std::uint32_t queue_stanzas = 10'000;
  Bytes queue_bytes = 64 * MiB;
};

inline constexpr auto federation_options = std::tuple{
    Option{"profile", &FederationOptions::profile,
           "Servers that no [[peer]] names: \"strict\": there are none. \"open\": any that proves its name by a certificate.",
           Reload::live},
    Option{"anchors", &FederationOptions::anchors, Range{1, 4000}, "PEM file of the authorities believed where a [[peer]] names none."},
    Option{"dns_server", &FederationOptions::dns_server, Range{0, 100},
           "Ask this DNS server only, \"192.0.2.1@53\"; empty: as the system is configured (/etc/resolv.conf)."},
    Option{"dns_trust_anchor", &FederationOptions::dns_trust_anchor, Range{0, 4000},
           "File with DNSSEC's trust anchor; empty: Debian's (package dns-root-data), where it is installed."},
    Option{"allow_private_addresses", &FederationOptions::allow_private_addresses,
           "Whether DNS may lead to loopback, link-local and private addresses, and the addresses of OCSP responders and CRLs in servers' "
           "certificates too: for networks that have no others."},
    Option{"revocation", &FederationOptions::revocation,
           "Servers' certificates where a [[peer]] does not say: \"soft\": who is known to be revoked, by a CRL or by OCSP, is refused. "
           "\"hard\": only who is known not to be is believed. \"off\": nobody asks. See certificates.md.",
           Reload::live},
    Option{"certificate_check", &FederationOptions::certificate_check, Range{std::chrono::seconds(1), std::chrono::seconds(60)},
           "How often the certificates of servers with an open stream are judged again: expired, revoked, no longer believed.", Reload::live},
    Option{"revocation_refresh", &FederationOptions::revocation_refresh, Range{std::chrono::seconds(60), std::chrono::seconds(7 * 86400)},
           "How long after it was asked an authority is asked again about a server with an open stream, although what it said then still "
           "holds.",
           Reload::live},
    Option{"idle_time", &FederationOptions::idle_time, Range{std::chrono::seconds(10), std::chrono::seconds(86400)},
           "How long a stream that this server opened stays open unused.", Reload::live},
    Option{"inbound_idle_time", &FederationOptions::inbound_idle_time, Range{std::chrono::seconds(0), std::chrono::seconds(7 * 86400)},
           "How long a stream that another server opened may be silent before it is closed; other servers are told (XEP-0478). 0: for ever.",
           Reload::live},
    Option{"negotiation_timeout", &FederationOptions::negotiation_timeout, Range{std::chrono::seconds(5), std::chrono::seconds(600)},
           "Time from the connection to the open stream, either way.", Reload::live},
    Option{"queue_time", &FederationOptions::queue_time, Range{std::chrono::seconds(0), std::chrono::seconds(30 * 86400)},
           "How long stanzas wait for a server that cannot be reached; then their senders are told (remote-server-timeout). A restart "
           "does not shorten it. 0: they do not wait.",
           Reload::live},
    Option{"queue_stanzas", &FederationOptions::queue_stanzas, Range{0, 1'000'000}, "Stanzas that wait for one domain at most.", Reload::live},
    Option{"queue_bytes", &FederationOptions::queue_bytes, Range{Bytes{0}, 10 * GiB}, "The same, in bytes.", Reload::live}};

enum class PeerAction : std::uint8_t { allow, reject };
constexpr auto option_names(PeerAction) {
  return std::array{OptionName{"allow", PeerAction::allow}, OptionName{"reject", PeerAction::reject}};
}
enum class PeerDirection : std::uint8_t { both, in, out };
constexpr auto option_names(PeerDirection) {
  return std::array{OptionName{"both", PeerDirection::both}, OptionName{"in", PeerDirection::in}, OptionName{"out", PeerDirection::out}};
}
enum class PeerDns : std::uint8_t { automatic, always, never };
constexpr auto option_names(PeerDns) {
  return std::array{OptionName{"auto", PeerDns::automatic}, OptionName{"always", PeerDns::always}, OptionName{"never", PeerDns::never}};
}
enum class PeerTls : std::uint8_t { required, direct };
constexpr auto option_names(PeerTls) {
  return std::array{OptionName{"required", PeerTls::required}, OptionName{"direct", PeerTls::direct}};
}
enum class PeerRevocation : std::uint8_t { server, off, soft, hard };
constexpr auto option_names(PeerRevocation) {
  return std::array{OptionName{"server", PeerRevocation::server}, OptionName{"off", PeerRevocation::off},
                    OptionName{"soft", PeerRevocation::soft}, OptionName{"hard", PeerRevocation::hard}};
}
enum class PeerAuthentication : std::uint8_t { external, external_or_dialback, dialback };
constexpr auto option_names(PeerAuthentication) {
  return std::array{OptionName{"external", PeerAuthentication::external},
                    OptionName{"external-or-dialback", PeerAuthentication::external_or_dialback},
                    OptionName{"dialback", PeerAuthentication::dialback}};
}
enum class PeerPresence : std::uint8_t { passed, stripped };
constexpr auto option_names(PeerPresence) {
  return std::array{OptionName{"passed", PeerPresence::passed}, OptionName{"stripped", PeerPresence::stripped}};
}

struct PeerOptions {
  std::string domain;
  std::string name;
  PeerAction action = PeerAction::allow;
  PeerDirection direction = PeerDirection::both;
  std::vector<std::string> next_hops;
  PeerDns dns = PeerDns::automatic;
  std::string via;
  PeerTls tls = PeerTls::required;
  tls::OwnProfile tls_profile = tls::OwnProfile::server;
  std::string anchors;
  PeerRevocation revocation = PeerRevocation::server;
  std::vector<std::string> pinned_keys;
  PeerAuthentication authentication = PeerAuthentication::external;
  std::vector<std::string> may_speak_for;
  std::vector<std::string> relay_to;
  std::vector<std::string> accept_stanzas{"message", "presence", "iq"};
  std::vector<std::string> send_stanzas{"message", "presence", "iq"};
  std::vector<std::string> accept_namespaces;
  std::vector<std::string> send_namespaces;
  PeerPresence presence = PeerPresence::passed;
  Positions positions = Positions::shown;
  std::uint32_t position_grid = 0;
  std::chrono::seconds position_delay{0};
  Bytes max_stanza = 512 * KiB;
  Bytes rate = 1 * MiB;
  Bytes rate_burst = 8 * MiB;
  bool allow_integrity_only = false;
  std::vector<std::string> integrity_only_networks;
};

inline constexpr auto peer_options = std::tuple{
    Option{"domain", &PeerOptions::domain, Range{1, 1023},
           "Whom the rule is for: a domain, \"*.example.org\" (all below example.org, not itself), or \"default\". The most specific "
           "rule counts, and nothing of the others.",
           Reload::live},
    Option{"name", &PeerOptions::name, Range{0, 64}, "How the log calls this rule; empty: by its domain.", Reload::live},
    Option{"action", &PeerOptions::action, "Whether there is a link at all. A rejected server is, to those here, one that does not exist.",
           Reload::live},
    Option{"direction", &PeerOptions::direction, "\"in\": it sends to us. \"out\": we send to it. \"both\".", Reload::live},
    Option{"next_hops", &PeerOptions::next_hops, Range{0, 16},
           "Where it is reached: \"host:port\", tried in the order of priorities and then as written, such as [\"gw1.example.org:5269\", "
           "\"192.0.2.7:5270 priority=10 direct\"]. Without a priority it is 0; \"direct\": TLS from the first byte.",
           Reload::live},
    Option{"dns", &PeerOptions::dns, "Whether DNS is asked where it is: \"auto\": when there are no next_hops; \"always\": after them; \"never\".",
           Reload::live},
    Option{"via", &PeerOptions::via, Range{0, 1023},
           "The neighbour that takes what is for this domain (a trunk); it has a [[peer]] of its own, which says how it is reached.",
           Reload::live},
    Option{"tls", &PeerOptions::tls, "\"required\": STARTTLS or direct. \"direct\": from the first byte only (XEP-0368).", Reload::live},
    Option{"tls_profile", &PeerOptions::tls_profile,
           "What TLS a link to it speaks, and one from it must have agreed on: \"server\", as [tls] and the listener say, or \"modern\", "
           "\"nist\", \"cnsa\".",
           Reload::live},
    Option{"anchors", &PeerOptions::anchors, Range{0, 4000}, "PEM file of the authorities believed for this peer; empty: the server's.",
           Reload::live},
    Option{"revocation", &PeerOptions::revocation,
           "How sure one must be that its certificate was not revoked: as [federation] says (\"server\"), \"off\", \"soft\" or \"hard\".",
           Reload::live},
    Option{"pinned_keys", &PeerOptions::pinned_keys, Range{0, 16},
           "SHA-256 of its public keys (SubjectPublicKeyInfo), hexadecimal: its certificate must have one of them. Empty: any.", Reload::live},
    Option{"authentication", &PeerOptions::authentication,
           "How it proves its name: by certificate (SASL EXTERNAL), by certificate or else by dialback (XEP-0220), by dialback.", Reload::live},
    Option{"may_speak_for", &PeerOptions::may_speak_for, Range{0, 1000},
           "Domains, or \"*.example.org\", whose stanzas it may deliver beside its own (a trunk).", Reload::live},
    Option{"relay_to", &PeerOptions::relay_to, Range{0, 1000},
           "Domains, or \"*.example.org\", to which what it sends is passed on although they are not served here: this server is then a "
           "trunk between them. Empty: none.",
           Reload::live},
    Option{"accept_stanzas", &PeerOptions::accept_stanzas, Range{0, 3}, "Kinds of stanzas it may send: message, presence, iq.", Reload::live},
    Option{"send_stanzas", &PeerOptions::send_stanzas, Range{0, 3}, "Kinds of stanzas that are sent to it.", Reload::live},
    Option{"accept_namespaces", &PeerOptions::accept_namespaces, Range{0, 1000},
           "Namespaces of payloads it may send; a stanza with another is refused. Empty: any.", Reload::live},
    Option{"send_namespaces", &PeerOptions::send_namespaces, Range{0, 1000}, "Namespaces of payloads that are sent to it. Empty: any.",
           Reload::live},
    Option{"presence", &PeerOptions::presence,
           "\"stripped\": who is available is told to nobody over this link, either way, nor can it be asked for.", Reload::live},
    Option{"positions", &PeerOptions::positions, "Whether its users are shown positions (XEP-0080) of those here at all. See positions.md.",
           Reload::live},
    Option{"position_grid", &PeerOptions::position_grid, Range{0U, largest_position_grid},
           "Its users are shown the centre of a cell of so many kilometres instead of a position. 0: exactly.", Reload::live},
    Option{"position_delay", &PeerOptions::position_delay, Range{std::chrono::seconds(0), longest_position_delay},
           "Its users are shown positions when these are so old. 0: at once.", Reload::live},
    Option{"max_stanza", &PeerOptions::max_stanza, Range{Bytes{10'000}, 16 * MiB},
           "Bytes of one stanza it may send; a larger one ends the stream.", Reload::live},
    Option{"rate", &PeerOptions::rate, Range{Bytes{0}, 1 * GiB}, "Bytes a second it may send for long; 0: no limit.", Reload::live},
    Option{"rate_burst", &PeerOptions::rate_burst, Range{Bytes{64 * 1024}, 1 * GiB}, "Bytes it may send at once before the rate holds it back.",
           Reload::live},
    Option{"allow_integrity_only", &PeerOptions::allow_integrity_only,
           "Accept, as the last choice, TLS suites that do not encrypt, from and to addresses in integrity_only_networks.", Reload::live},
    Option{"integrity_only_networks", &PeerOptions::integrity_only_networks, Range{0, 64},
           "Networks, \"192.0.2.0/24\" or \"2001:db8::/32\", where a link may be left unencrypted.", Reload::live}};

}  // namespace aldis::policy
