// Extension: what a feature is given when it is installed on a domain, and all it may touch: the hooks of the chains, the
// requests it answers, what it advertises. A feature is one file with one install function, and one line in
// app/extensions.cpp. Handlers are shared by all shards: they change nothing they capture.
#pragma once
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "core/ad_hoc_command.h"
#include "core/chain.h"
#include "core/iq.h"
#include "core/periodic_work.h"
#include "core/resident.h"
#include "core/room_administration.h"
#include "storage/stores.h"

namespace aldis {

class Account;
class Home;
class Session;
class VirtualHost;
struct World;

// A specification a feature implements, for docs/xeps.md and aldis.doap.
struct XepReference {
  int number;
  std::string_view version;
  std::string_view note = {};
};

class Extension {
 public:
  Extension(std::string_view name, VirtualHost& host, World& world, OptionObject config)
      : name_(name), host_(host), world_(world), config_(std::move(config)) {}

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] VirtualHost& host() const { return host_; }
  [[nodiscard]] World& world() const { return world_; }
  [[nodiscard]] const Stores& stores() const;
  // The struct declared with the feature's options, as the domain's configuration fills it.
  template <class Config>
  [[nodiscard]] const Config& config() const { return config_.as<Config>(); }

  // ---- service discovery (XEP-0030)
  void advertise(std::string_view feature);           // of the server
  void advertise_account(std::string_view feature);   // of every account
  // A child of <stream:features/> after authentication.
  void stream_feature(std::string xml);

  // What the domain itself is (XEP-0030 section 3.1), and its items, where another than the usual.
  void identify(std::string category, std::string type, std::string name);
  void identify_too(std::string category, std::string type);   // the domain is that besides
  void list_items(std::function<IqReply(const Iq&)> handler);
  // At the domain's addresses live these, and no accounts: once for a domain.
  void house(ResidentFactory residents);
  // The same for what lives beside accounts, or at a domain that has neither (VirtualHost::beside_accounts).
  void house_beside_accounts(ResidentFactory residents);
  void has_no_accounts();   // the domain
  // What accounts are besides (XEP-0030 section 3.1), and who answers about their nodes and the domain's.
  void identify_account(std::string category, std::string type);
  void answer_nodes_of_account(std::function<IqReply(const Iq&, bool is_info)> handler);
  void answer_nodes_of_domain(std::function<IqReply(const Iq&, bool is_info)> handler);
  // Messages to the domain itself, errors too: once for a domain.
  void on_message_to_domain(std::function<void(Home&, const Envelope&)> handler);
  // What operators' commands about the rooms at the domain's addresses act on: once for a domain.
  void administer_rooms(std::unique_ptr<RoomAdministration> rooms);

  // ---- requests
  void on_iq_get(XmlName payload, std::initializer_list<Recipient> recipients, IqHandler handler);
  void on_iq_set(XmlName payload, std::initializer_list<Recipient> recipients, IqHandler handler);

  // ---- ad-hoc commands (XEP-0050): a second one of the same node is a broken invariant
  void offer_command(AdHocCommand command);

  // ---- chains
  void on_outgoing(Phase phase, StanzaKinds kinds, Hook hook);   // on the sender's account
  void on_incoming(Phase phase, StanzaKinds kinds, Hook hook);   // on the recipient's account
  // A message that no session took (RFC 6121 section 8.5.2.2): Consume when kept, Reject with the answer, Pass otherwise.
  void on_undelivered(Hook hook);

  // ---- a session's life; observers only
  void on_bound(std::function<void(Session&)> observer);
  void on_available(std::function<void(Session&)> observer);     // initial presence; again when priority stops being negative
  // With the unavailable presence: the client's, or the server's own when an available session ends.
  void on_unavailable(std::function<void(Session&, const Stanza& presence)> observer);
  void on_resumed(std::function<void(Session&)> observer);       // its client is back (XEP-0198), and has been told so
  void on_ended(std::function<void(Session&)> observer);
  // A message that had been kept (Envelope::is_kept) has reached the client: acknowledged (XEP-0198), or taken by the kernel
  // on a stream without acknowledgements.
  void on_delivered(std::function<void(Session&, const Envelope&)> observer);

  // What a contact may have of the account has changed, and is stored: roster item, subscription, block list. Nothing: of any of them,
  // or the account is gone (Account::exists).
  // What somebody has here by groups, for `aldis directory check`.
  void explain_group_rights(std::function<std::vector<std::string>(const BareJid&)> explain);
  // On each home, when groups of people of any domain here are others than before (VirtualHost::is_in_group).
  void on_groups_changed(std::function<void(Home&)> observer);
  void on_contact_changed(std::function<void(Account&, const BareJid* contact)> observer);

  // A message that no client has yet: it was kept for an account without one, or it is with a session that has lost its
  // connection (XEP-0198), or it waits in a room's archive (Envelope::is_elsewhere). Of the same message more than once, where
  // more than one waits for it.
  void on_waiting(std::function<void(Account&, const Envelope&)> observer);

  // An element of a bound stream that is no stanza (XEP-0360), such as XEP-0352's. Unknown ones end the stream.
  using NonzaHandler = std::function<void(Session&, const xml::Element&)>;
  void on_nonza(XmlName name, NonzaHandler handler);

  // Runs on one home a second after the start, and again when the time it returns has passed.
  void on_time(PeriodicWork work);

  // ---- binding inline (XEP-0386): the client asks with an element of this name inside its <bind/>. The handler acts on the
  // new session before anything is delivered to it, and returns what goes into <bound/>: one element or nothing. The
  // element's namespace is advertised; a second handler of the same name is a broken invariant.
  using InlineHandler = std::function<std::string(Session&, const xml::Element&)>;
  void on_bind_inline(XmlName name, InlineHandler handler);
  // What every <bound/> says besides, such as the archive's <metadata/>. The account delivers nothing while it is awaited.
  void on_bound_metadata(std::function<Task<std::string>(Account&)> metadata);

 private:
  std::string name_;
  VirtualHost& host_;
  World& world_;
  OptionObject config_;
};

// What a domain serves: accounts, rooms (XEP-0045), or nodes (XEP-0060).
enum class ServedBy : std::uint8_t { accounts = 1, rooms = 2, pubsub = 4, all = 7 };
[[nodiscard]] constexpr bool includes(ServedBy all, ServedBy one) {
  return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

// One line of app/extensions.cpp.
struct ExtensionEntry {
  std::string_view name;
  void (*install)(Extension& self);
  std::vector<XepReference> xeps = {};
  const OptionTable* options = nullptr;  // null: it has none
  bool is_default = true;                // enabled unless a domain says otherwise
  ServedBy on = ServedBy::accounts;      // the kinds of domains that may have it
};

}  // namespace aldis
