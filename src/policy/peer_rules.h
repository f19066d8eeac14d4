// PeerRules: what holds for each other server (docs/federation.md has the table) and for each component of this one
// (docs/components.md). One rule answers for a domain: that of the exact domain, else of the longest subtree, else the default;
// nothing is inherited from another. A rule is checked before DNS is asked. Immutable, shared by all threads; a reload replaces
// them as a whole.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/component_options.h"
#include "policy/domain_pattern.h"
#include "policy/network.h"
#include "policy/peer_options.h"
#include "policy/position_rules.h"
#include "xmpp/stanza.h"

namespace aldis::policy {

struct NextHop {
  std::string host;   // a name or an address, without brackets
  std::uint16_t port = 0;
  std::uint16_t priority = 0;
  bool is_direct_tls = false;

  [[nodiscard]] static std::optional<NextHop> parse(std::string_view text);
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

using KeyFingerprint = std::array<std::uint8_t, 32>;   // SHA-256 of a SubjectPublicKeyInfo

// What may pass one way.
struct PassingStanzas {
  std::uint8_t kinds = 7;                // bits by StanzaKind
  std::vector<std::string> namespaces;   // sorted; empty: any
  friend bool operator==(const PassingStanzas&, const PassingStanzas&) = default;
};

struct PeerRule {
  std::string name;     // for the log and the operator, never for strangers
  bool is_allowed = false;
  bool is_explicit = false;   // written for a domain or a subtree
  bool is_component = false;  // XEP-0114: of this server, and so no other server
  bool goes_abroad = true;    // a component: whether it and other servers may speak with each other
  PeerDirection direction = PeerDirection::both;
  std::vector<NextHop> next_hops;   // in the order in which they are tried
  PeerDns dns = PeerDns::automatic;
  std::string via;                  // not empty: the neighbour's domain
  PeerTls tls = PeerTls::required;
  std::optional<tls::TlsProfile> tls_profile{};   // nothing: the server's
  std::string anchors;              // a file, as it is written; empty: the server's
  PeerRevocation revocation = PeerRevocation::server;
  std::vector<KeyFingerprint> pinned_keys;
  PeerAuthentication authentication = PeerAuthentication::external;
  std::vector<DomainPattern> may_speak_for;
  std::vector<DomainPattern> relay_to;
  PassingStanzas accepts;
  PassingStanzas sends;
  PeerPresence presence = PeerPresence::passed;
  PositionRule positions;           // what its users are shown of positions
  std::size_t max_stanza = 0;
  std::uint64_t rate = 0;           // bytes a second; 0: no limit
  std::uint64_t rate_burst = 0;
  std::vector<Network> integrity_only_networks;   // empty: TLS always encrypts

  [[nodiscard]] bool may_send_to_us() const { return is_allowed && direction != PeerDirection::out; }
  [[nodiscard]] bool may_be_sent_to() const { return is_allowed && direction != PeerDirection::in; }
  [[nodiscard]] bool asks_dns() const { return dns == PeerDns::always || (dns == PeerDns::automatic && next_hops.empty()); }
  [[nodiscard]] bool allows_dialback() const { return authentication != PeerAuthentication::external; }
  [[nodiscard]] bool allows_external() const { return authentication != PeerAuthentication::dialback; }
  // Domains besides its own.
  [[nodiscard]] bool speaks_for(std::string_view domain) const;
  // Whether what it sends may go on to that domain.
  [[nodiscard]] bool relays_to(std::string_view domain) const;
  // Whether a link with this address (net::PeerAddress::ip) may have a suite that does not encrypt.
  [[nodiscard]] bool may_be_read(const std::array<std::uint8_t, 16>& ip) const;

  friend bool operator==(const PeerRule&, const PeerRule&) = default;
};
using PeerRulePtr = std::shared_ptr<const PeerRule>;

// What is wrong with one table: the option, and the words.
struct PeerProblem {
  std::size_t table = 0;       // which of those given
  std::string option;
  std::string text;
  bool is_component = false;   // of the components' tables
};

// A component, for service discovery.
struct ComponentEntry {
  std::string domain;                   // prepared
  std::string name;
  std::vector<std::string> listed_by;   // domains served here
};

class PeerRules {
 public:
  // The rule one table makes.
  [[nodiscard]] static Result<std::pair<std::optional<DomainPattern>, PeerRule>, PeerProblem> read(const PeerOptions& options);
  // All problems, or the rules. `served`: the domains served here, which are no peers and no components.
  [[nodiscard]] static Result<std::shared_ptr<const PeerRules>, std::vector<PeerProblem>> make(
      Profile profile, const std::vector<PeerOptions>& tables, const std::vector<std::string>& served = {},
      const std::vector<ComponentOptions>& components = {});

  // Whether some rule lets a link with this address have a suite that does not encrypt.
  [[nodiscard]] bool any_may_be_read(const std::array<std::uint8_t, 16>& ip) const;
  // Always one. `domain` is prepared.
  [[nodiscard]] const PeerRulePtr& of(std::string_view domain) const;
  // What users of a domain elsewhere are shown of positions; null: all. A component, and a domain served here, sees all.
  [[nodiscard]] PositionRulePtr positions_of(std::string_view domain) const;
  // In the order in which they are written.
  [[nodiscard]] const std::vector<ComponentEntry>& components() const { return components_; }

 private:
  void add_component(std::size_t table, const ComponentOptions& options, const std::vector<std::string>& served, std::vector<PeerProblem>& problems);

  std::map<std::string, PeerRulePtr, std::less<>> exact_;
  std::map<std::string, PeerRulePtr, std::less<>> subtrees_;
  PeerRulePtr default_;
  std::vector<ComponentEntry> components_;
  std::vector<std::string> served_;
};
using PeerRulesPtr = std::shared_ptr<const PeerRules>;

}  // namespace aldis::policy
