// VirtualHost: one served domain: what its extensions registered, its administrators, its options. Shared by all shards and not
// changed after start, but for its administrators, whom a reload swaps as a whole.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <typeindex>
#include <vector>

#include "core/ad_hoc_command.h"
#include "core/chain.h"
#include "core/extension.h"
#include "core/iq.h"
#include "core/resident.h"
#include "core/room_administration.h"
#include "core/shared_groups.h"
#include "xml/writer.h"

namespace aldis {

class Home;
class Session;
struct World;

class VirtualHost {
 public:
  explicit VirtualHost(BareJid domain);

  [[nodiscard]] const BareJid& jid() const { return jid_; }
  [[nodiscard]] std::string_view domain() const { return jid_.domain(); }
  using Administrators = std::set<BareJid, std::less<>>;
  // By name, or by a group as it is at this moment.
  [[nodiscard]] bool is_administrator(const Jid& jid) const;
  // From any thread.
  void set_administrators(Administrators all, std::vector<GroupName> groups = {}) {
    std::atomic_store(&administrators_, std::make_shared<const AllAdministrators>(AllAdministrators{std::move(all), std::move(groups)}));
  }
  [[nodiscard]] std::vector<GroupName> administrator_groups() const { return std::atomic_load(&administrators_)->groups; }
  // Now, of people served here. False also where nothing is known of the group.
  [[nodiscard]] bool is_in_group(const Jid& user, const GroupName& group) const;

  // What somebody outside has of this domain's people in groups, for rules: as it is now, from any thread. Null: not known, and nobody is in
  // any. Rosters have them from their Home.
  [[nodiscard]] SharedGroupsPtr groups() const { return std::atomic_load(&groups_); }
  void set_groups(SharedGroupsPtr groups) { std::atomic_store(&groups_, std::move(groups)); }
  bool expects_groups = false;   // there will be some soon after the start

  // Installs a feature; `config` is its options as the domain's configuration fills them.
  void install(const ExtensionEntry& entry, World& world, OptionObject config);
  [[nodiscard]] bool has_extension(std::string_view name) const { return extensions_.contains(name); }

  // What extensions of this domain share, one object of a type: made when first asked for, which is while they are installed.
  template <class Part>
  [[nodiscard]] Part& shared() {
    std::shared_ptr<void>& part = shared_[std::type_index(typeid(Part))];
    if (part == nullptr) {
      part = std::make_shared<Part>();
    }
    return *static_cast<Part*>(part.get());
  }
  template <class Part>
  [[nodiscard]] const Part* find_shared() const {   // null: nobody has
    const auto found = shared_.find(std::type_index(typeid(Part)));
    return found == shared_.end() ? nullptr : static_cast<const Part*>(found->second.get());
  }

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
  struct DiscoveryIdentity {
    std::string category = "server";
    std::string type = "im";
    std::string name = "Aldis";
  };
  struct Discovery {
    DiscoveryIdentity identity;
    std::vector<DiscoveryIdentity> other_identities;   // of the domain besides
    std::function<IqReply(const Iq&)> list_items;   // of the domain, in place of `items`; null: those
    std::set<std::string, std::less<>> server_features;
    std::set<std::string, std::less<>> account_features;
    std::vector<DiscoveryIdentity> account_identities;          // beside that of the account
    std::function<IqReply(const Iq&, bool is_info)> nodes_of_account;   // asks about a node of an account; null: there are none
    std::function<IqReply(const Iq&, bool is_info)> nodes_of_domain;    // about a node of the domain that is none of `nodes`; the same
    std::vector<std::function<void(xml::Writer&)>> server_forms;  // XEP-0128 extended information, whole <x/> elements
    std::vector<DiscoveryItem> items;
    std::map<std::string, DiscoveryNode, std::less<>> nodes;
  };
  struct Observers {
    std::vector<std::function<void(Session&)>> bound, available, resumed, ended;
    std::vector<std::function<void(Session&, const Stanza& presence)>> unavailable;
    std::vector<std::function<void(Session&, const Envelope&)>> delivered;
    std::vector<std::function<void(Account&, const Envelope&)>> waiting;
    std::vector<std::function<void(Account&, const BareJid*)>> contact_changed;
    std::vector<std::function<void(Home&)>> groups_changed;
  };
  struct Nonza {
    XmlName name;
    Extension::NonzaHandler handler;
  };
  struct InlineFeature {
    XmlName name;
    Extension::InlineHandler handler;
  };
  Chain outgoing;
  Chain incoming;
  Chain undelivered;
  IqTable requests;
  Discovery discovery;
  Observers observers;
  std::vector<Nonza> nonzas;
  std::vector<InlineFeature> inline_features;   // of XEP-0386's <bind/>
  std::vector<std::function<Task<std::string>(Account&)>> bound_metadata;
  std::map<std::string, AdHocCommand, std::less<>> commands;  // by node
  // Answers jabber:iq:register requests of strangers (XEP-0077 section 3.1); empty: registration is not offered. Runs in
  // the lobby; the second argument is the stranger's source.
  std::function<Task<StanzaPtr>(StanzaPtr, std::string)> registration;
  std::string see_other_host;                 // not empty: clients of this domain are sent there (RFC 6120 4.9.3.19)
  std::vector<PeriodicWork> periodic;
  std::vector<std::function<std::vector<std::string>(const BareJid&)>> group_rights;   // what somebody has here by groups, in an operator's words
  bool has_accounts = true;   // people's; false: other things live at its addresses, or nothing
  // What lives at this domain's addresses; null: accounts do.
  ResidentFactory residents;
  // What lives beside accounts, under their addresses, and is reached by Residents::with alone: what is sent to an address is for the account.
  // Of a domain without accounts, under addresses of its own choice. Null: nothing does.
  ResidentFactory beside_accounts;
  std::function<void(Home&, const Envelope&)> messages;      // to the domain itself; null: nobody reads them
  std::unique_ptr<RoomAdministration> room_administration;   // null: no rooms at this domain's addresses
  std::vector<std::string> stream_features;  // after authentication, each one serialised element

 private:
  BareJid jid_;
  struct AllAdministrators {
    Administrators people;
    std::vector<GroupName> groups;
  };
  std::shared_ptr<const AllAdministrators> administrators_ = std::make_shared<const AllAdministrators>();
  const World* world_ = nullptr;   // from the first extension on
  SharedGroupsPtr groups_;
  std::set<std::string, std::less<>> extensions_;
  std::map<std::type_index, std::shared_ptr<void>> shared_;
};

}  // namespace aldis
