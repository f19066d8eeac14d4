// VirtualHost: one served domain: what its extensions registered, its administrators, its options. Not changed after start,
// shared by all shards.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/ad_hoc_command.h"
#include "core/chain.h"
#include "core/extension.h"
#include "core/iq.h"
#include "xml/writer.h"

namespace aldis {

class Home;
class Session;

class VirtualHost {
 public:
  explicit VirtualHost(BareJid domain) : jid_(std::move(domain)) {}

  [[nodiscard]] const BareJid& jid() const { return jid_; }
  [[nodiscard]] std::string_view domain() const { return jid_.domain(); }
  [[nodiscard]] bool is_administrator(const Jid& jid) const { return administrators_.contains(jid.bare()); }
  void add_administrator(BareJid jid) { administrators_.insert(std::move(jid)); }

  // Installs a feature; `config` is its options as the domain's configuration fills them.
  void install(const ExtensionEntry& entry, World& world, OptionObject config);
  [[nodiscard]] bool has_extension(std::string_view name) const { return extensions_.contains(name); }

  // Step 5 for what is addressed to the domain itself.
  void deliver(Home& here, const Envelope& envelope) const;

  // ---- what extensions registered
  // A node of the domain's service discovery: writes the children of <query/>, or says why not.
  struct DiscoveryNode {
    std::function<std::optional<StanzaError>(const Iq&, xml::Writer&)> info;
    std::function<std::optional<StanzaError>(const Iq&, xml::Writer&)> items;
  };
  struct DiscoveryItem {
    Jid jid;
    std::string name;
  };
  struct Discovery {
    std::set<std::string, std::less<>> server_features;
    std::set<std::string, std::less<>> account_features;
    std::vector<std::function<void(xml::Writer&)>> server_forms;  // XEP-0128 extended information, whole <x/> elements
    std::vector<DiscoveryItem> items;
    std::map<std::string, DiscoveryNode, std::less<>> nodes;
  };
  struct Observers {
    std::vector<std::function<void(Session&)>> bound, available, unavailable, ended;
    std::vector<std::function<void(Session&, const Envelope&)>> delivered;
  };
  Chain outgoing;
  Chain incoming;
  Chain undelivered;
  IqTable requests;
  Discovery discovery;
  Observers observers;
  std::map<std::string, AdHocCommand, std::less<>> commands;  // by node
  // Answers jabber:iq:register requests of strangers (XEP-0077 section 3.1); empty: registration is not offered. Runs in
  // the lobby; the second argument is the stranger's source.
  std::function<Task<StanzaPtr>(StanzaPtr, std::string)> registration;
  std::string see_other_host;                 // not empty: clients of this domain are sent there (RFC 6120 4.9.3.19)
  std::vector<std::string> stream_features;  // after authentication, each one serialised element

 private:
  BareJid jid_;
  std::set<BareJid, std::less<>> administrators_;
  std::set<std::string, std::less<>> extensions_;
};

}  // namespace aldis
