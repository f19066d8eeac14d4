// Service: the nodes of one publish-subscribe service on one shard (XEP-0060 1.30): all those of an account (XEP-0163), or one part of those of
// a domain (docs/adr/0051). A resident: what comes in is handled as it comes; what changes a node is serial for that node, is stored first, and
// answered and told when it is durable. Its parts, each a file: service.cpp (what comes in, nodes in memory), create, configure, owner (delete,
// purge, lists of owners), affiliations, subscribe, subscriptions (what there are, options), approvals, publish, items, discovery,
// notifications, last_items, collections, linked (nodes that change together).
#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/resident.h"
#include "extensions/pubsub/node.h"
#include "extensions/pubsub/nodes.h"
#include "extensions/pubsub/options.h"
#include "extensions/pubsub/outbox.h"
#include "extensions/pubsub/personal.h"
#include "runtime/own_timers.h"
#include "storage/pubsub_store.h"
#include "xmpp/result_set.h"

namespace aldis::pubsub {

class LinkedNodes;

// Why a request was not carried out; `payload` is what the error has beside its conditions.
struct Refusal {
  StanzaError error;
  std::string payload{};
};
using Reply = Result<std::string, Refusal>;   // the payload of a result
[[nodiscard]] inline Unexpected<Refusal> refuse(StanzaError error, std::string payload = {}) {
  return Unexpected<Refusal>{Refusal{std::move(error), std::move(payload)}};
}
[[nodiscard]] inline Unexpected<Refusal> refuse(StanzaCondition condition) { return refuse(StanzaError(condition)); }

struct Request {
  Envelope envelope;
  std::string node;       // that it is about
  Asker asker;
  WallTime* newest = nullptr;   // set to when the newest item in the answer was published
  [[nodiscard]] const Stanza& stanza() const { return *envelope.stanza; }
  [[nodiscard]] bool is_set() const { return stanza().type() == StanzaType::set; }
  [[nodiscard]] xml::Element payload() const { return *stanza().payload(); }
  [[nodiscard]] xml::Element verb() const { return *payload().first_child(); }   // of <pubsub/>
};

class Service final : public Resident {
 public:
  struct Site {
    BareJid jid;                                  // of the service: an account or a domain
    std::shared_ptr<const PubSubOptions> options;
    const Seam* seam;
  };
  Service(Home& home, const VirtualHost& host, BareJid address, Site site);
  ~Service() override;

  // ---- Resident
  [[nodiscard]] Task<void> load() override;
  void deliver(Envelope envelope) override;
  void on_gone(SessionId session) override { static_cast<void>(session); }
  void forget() override;
  void shut_down() override;
  [[nodiscard]] Task<void> suspend() override;
  [[nodiscard]] Rest rest() const override;
  [[nodiscard]] std::size_t memory() const override;

  [[nodiscard]] const BareJid& jid() const { return site_.jid; }
  [[nodiscard]] bool is_personal() const { return site_.jid.has_local(); }

  // A request about this node, which this service answers.
  void take(Envelope envelope, std::string node);
  // An answer to an approval form, and an error in answer to a notification, about this node.
  void take_approval(Envelope envelope, std::string node, Form form);
  void take_bounce(Jid subscriber, std::string node);
  // Asks the owner again about all that is pending: the get-pending command (section 8.7). Refused to whoever is no owner.
  [[nodiscard]] Task<Result<void, StanzaError>> ask_again(Jid owner, std::string node);

  // ---- what other features do (nodes.h, personal.h)
  struct Publication {
    Jid who;
    PrincipalPtr sender{};
    TraceId trace = TraceId::none;
    AcceptancePtr acceptance{};
    std::string node;
    bool has_item = true;
    std::string id{};        // empty: the service chooses
    std::string payload{};
    std::optional<Form> options{};
    std::uint64_t allowed_bytes = 0;   // of its payload, where a link allows more than the service
  };
  // The item's id; empty where the node has none (section 4.3).
  [[nodiscard]] Task<Result<std::string, StanzaError>> publish(Asker asker, Publication publication);
  struct Retraction {
    std::string node;
    std::string id;
    bool notify = false;     // also where the node's configuration does not
    PrincipalPtr sender{};
    TraceId trace = TraceId::none;
    AcceptancePtr acceptance{};
  };
  [[nodiscard]] Task<Result<void, StanzaError>> retract(Asker asker, Retraction retraction);
  [[nodiscard]] Task<Result<std::vector<PubSubItem>, StanzaError>> newest(std::string node, std::size_t limit);
  void show_last(Interested client, std::vector<std::string> nodes);
  void recheck(BareJid who);
  [[nodiscard]] Task<Result<Asker, StanzaError>> asker_of(Jid who, const PrincipalPtr& sender);

  // ---- for links, and the features behind them (linked_nodes.h)
  // What changes in the items of a node.
  struct ItemsEdit {
    std::string node;
    bool is_purge = false;                     // all that there are go first
    std::vector<std::string> retracted{};
    std::vector<PubSubItem> published{};
  };
  struct Cause {   // of a change
    Jid who;
    PrincipalPtr sender{};
    TraceId trace = TraceId::none;
    AcceptancePtr acceptance{};
  };
  [[nodiscard]] Task<NodePtr> find(std::string name);
  [[nodiscard]] std::optional<StanzaError> refusal(const Node& node, Act act, const Asker& asker) const;
  // A node and those that are linked with it, whose items nobody else changes while it lives.
  struct Held {
    std::vector<NodePtr> nodes;
    std::vector<Serial::Hold> holds;
  };
  [[nodiscard]] Task<Held> hold(NodePtr node);
  // All items of a node that is there, or these.
  [[nodiscard]] Task<Result<std::vector<PubSubItem>, StanzaError>> items_of(NodePtr node, std::vector<std::string> ids = {});
  // With `changes` of the node held: as its owner makes it by publishing, or one that nobody owns, the service's own.
  [[nodiscard]] Task<std::optional<StanzaError>> make_default(NodePtr node);
  [[nodiscard]] Task<std::optional<StanzaError>> make_own(NodePtr node, NodeConfig config);
  // With the nodes held: all of it is stored in one transaction, and told.
  [[nodiscard]] Task<std::optional<StanzaError>> carry_out(std::vector<ItemsEdit> edits, Cause cause);
  // With `changes` of the node, and of those linked with it, held: it is gone, and who subscribed is told.
  [[nodiscard]] Task<std::optional<StanzaError>> erase(NodePtr node, Cause cause, std::string redirect = {});
  // The names of all nodes that begin so.
  [[nodiscard]] Task<Result<std::vector<std::string>, StanzaError>> nodes_named(std::string prefix);
  [[nodiscard]] const PubSubOptions& options() const { return *site_.options; }
  [[nodiscard]] WallTime wall() const;

  // ---- of collections, from the part of another node (collections.cpp)
  struct ChildEvent {
    std::string collection{};
    std::string child{};
    std::uint32_t depth = 1;
    bool is_about_items = true;
    bool is_headline = true;
    std::string event{};                     // the content of <event/>
    PrincipalPtr sender{};
    TraceId trace = TraceId::none;
    AccessViewPtr access{};                    // to the child: who may not read it is not told of it
  };
  struct Question {   // may the child be in the collection?
    std::string collection;
    std::string child;
    Jid who;
    bool child_is_collection = false;
    bool is_leaving = false;
  };

  // While one lives the service stays in memory: coroutines hold one.
  class Pin {
   public:
    explicit Pin(Service& service) : service_(&service) { ++service.pins_; }
    Pin(const Pin& other) : Pin(*other.service_) {}
    Pin& operator=(const Pin&) = delete;
    ~Pin() { service_->unpin(); }
    Service* operator->() const { return service_; }
    Service& operator*() const { return *service_; }

   private:
    Service* service_;
  };

 private:
  // service.cpp
  Task<void> respond(Pin self, Envelope envelope, std::string node);
  Task<Reply> answer(Request request);
  Task<Reply> answer_everybody(Request request);
  Task<Reply> answer_owner(Request request);
  [[nodiscard]] PubSubStore& store() const;
  [[nodiscard]] Frame frame() const { return {.options = site_.options.get(), .is_personal = is_personal()}; }
  [[nodiscard]] LinkedNodes* link_of(std::string_view node) const;
  [[nodiscard]] Task<NodePtr> find_own(std::string name);
  [[nodiscard]] Task<NodePtr> find_ruled(std::string name, std::string ruler);
  void unpin();
  void forget_absent(const std::string& name);
  void forget_idle();
  // The node, if it is there and the asker may do this; or why not.
  [[nodiscard]] Task<Result<NodePtr, Refusal>> find_for(const Request& request, Act act);
  [[nodiscard]] StanzaError failure(std::string_view what, const Error& error) const;

  // create.cpp
  Task<Reply> create(Request request);
  [[nodiscard]] bool may_create(const Asker& asker) const;
  // With `changes` of the node held.
  Task<Result<void, StanzaError>> make(NodePtr node, Asker asker, NodeSettings settings);

  // configure.cpp
  Task<Reply> configuration(Request request);
  Task<Reply> default_configuration(Request request);
  Task<Reply> configure(Request request);
  // With `changes` of the node held; who changes them may.
  Task<std::optional<StanzaError>> change_settings(NodePtr node, NodeSettings settings, Cause cause);

  // owner.cpp, affiliations.cpp
  Task<Reply> remove(Request request);
  Task<Reply> purge(Request request);
  Task<Reply> list_subscriptions(Request request);
  Task<Reply> change_subscriptions(Request request);
  Task<Reply> list_affiliations(Request request);
  Task<Reply> change_affiliations(Request request);

  // subscribe.cpp
  Task<Reply> subscribe(Request request);
  Task<Reply> unsubscribe(Request request);
  [[nodiscard]] OptionsFrame options_frame(const Node& node, const Jid& subscriber) const;

  // subscriptions.cpp
  Task<Reply> own_subscriptions(Request request);
  Task<Reply> own_affiliations(Request request);
  Task<Reply> options(Request request);
  Task<Reply> set_options(Request request);
  Task<Reply> default_options(Request request);

  // approvals.cpp
  void ask_owners(const Node& node, const Subscription& pending);
  void ask(const Node& node, const Subscription& pending, const std::vector<Jid>& owners);
  Task<void> decide(Pin self, Envelope envelope, std::string name, Form form);
  Task<void> drop_subscriber(Pin self, Jid subscriber, std::string name);

  // publish.cpp
  Task<Reply> publish_request(Request request);
  Task<Reply> retract_request(Request request);
  [[nodiscard]] std::optional<StanzaError> unfit(const NodeSettings& settings, const Publication& publication) const;
  // The ids of those that had to go. `others`: what changes with it.
  Task<Result<std::vector<std::string>, StanzaError>> keep(NodePtr node, ItemsEdit edit, std::vector<ItemsEdit> others);
  void observe(ItemEvent event);

  // linked.cpp
  Task<Result<std::vector<std::vector<std::string>>, StanzaError>> store_edits(std::vector<ItemsEdit> edits);
  Task<void> tell_edits(std::vector<ItemsEdit> edits, Cause cause);
  Task<void> have_left(NodePtr node, std::vector<std::string> ids);
  Task<std::optional<StanzaError>> is_emptied(NodePtr node);

  // items.cpp
  Task<Reply> items(Request request);
  void write_item(xml::Writer& writer, const Node& node, const PubSubItem& item, bool has_payload) const;
  [[nodiscard]] std::string publisher_of(const Node& node, const PubSubItem& item) const;

  // discovery.cpp
  Task<Reply> info(Request request);
  Task<Reply> disco_items(Request request);
  Task<Reply> list_nodes(Request request, ResultSetRequest page);

  // notifications.cpp
  enum class About : std::uint8_t { items, node };   // of what a collection's subscriber may choose
  struct Event {
    std::string content;                    // of <event/>
    About about = About::items;
    bool is_for_all = false;                // pending subscribers too, and those who may not read
    bool passes_up = true;                  // to collections
    bool has_subids = true;                 // where somebody has several subscriptions (section 12.15)
    std::string payload{};                  // of an item: what keywords are looked for in, and bodies made of
    bool is_item = false;                   // keywords decide
    std::optional<Jid> publisher{};         // of an item
    PrincipalPtr sender{};
    TraceId trace = TraceId::none;
    AcceptancePtr acceptance{};
  };
  Task<void> notify(NodePtr node, Event event);

  // pacing.cpp
  Task<void> notify_paced(NodePtr node, Event event);
  Task<void> tell_waiting(NodePtr node);
  Task<void> tell_late(Pin self, std::string name);
  void pace(const std::string& name);
  [[nodiscard]] bool has_waiting() const;

  [[nodiscard]] StanzaPtr message(std::string_view node, bool is_headline, std::string_view event, std::string_view headers = {}, std::string_view body = {});
  [[nodiscard]] FanOutPlanPtr make_plan(const Node& node) const;
  Task<void> notify_others(NodePtr node, const FanOutPlan& plan, const Event& event);
  Task<void> notify_interested(NodePtr node, const Event& event, Outbox::Notification shared);
  Task<bool> may_receive(const Node& node, const Jid& subscriber);
  void tell_subscription(const Node& node, const Subscription& subscription);
  void tell_owners_of_subscription(const Node& node, const Subscription& subscription);
  void tell_affiliation(const Node& node, const BareJid& jid, Affiliation affiliation);
  [[nodiscard]] std::string next_id(std::string_view node);
  // XEP-0163 section 4.3.1, for whoever is subscribed to the owner's presence: from which of his clients it comes (XEP-0033).
  [[nodiscard]] std::string reply_to(const Jid& publisher) const;

  // last_items.cpp
  Task<std::optional<PubSubItem>> last_item(NodePtr node);
  // Oldest first; at least the last.
  Task<std::vector<PubSubItem>> items_since(NodePtr node, std::optional<WallTime> since);
  Task<void> send_last_to(NodePtr node, Jid subscriber);
  Task<void> recheck_task(Pin self, BareJid who);   // recheck.cpp
  Task<void> show_last_task(Pin self, Interested client, std::vector<std::string> nodes);
  [[nodiscard]] StanzaPtr last_item_message(const Node& node, const PubSubItem& item, std::string extra = {});

  // collections.cpp
  Task<Reply> associate(Request request);
  Task<std::optional<StanzaError>> set_children(NodePtr collection, std::vector<std::string> children, Jid who);
  Task<void> forget_parent(Pin self, std::string child, std::string collection);
  Task<std::optional<StanzaError>> set_parent(std::string child, std::string collection, bool is_in, Cause cause);
  Task<std::optional<StanzaError>> may_associate(NodePtr node, const NodeSettings& settings, Jid who);
  Task<std::optional<StanzaError>> answer_question(Question question);
  void pass_up(Node& node, const Event& event);
  void send_up(const std::string& collection, ChildEvent event);
  void tell_collection(Node& child, const std::string& collection, std::string_view verb);
  Task<void> take_child_event(Pin self, ChildEvent event);
  Task<std::optional<StanzaError>> ask_collection(Question question);
  [[nodiscard]] Task<Result<std::vector<std::string>>> children_of(std::string collection);

  Home& home_;
  const VirtualHost& host_;
  BareJid address_;           // among the residents
  Site site_;
  std::unordered_map<std::string, NodePtr, KeyedStringHash, std::equal_to<>> nodes_;
  Outbox outbox_;
  std::unordered_map<std::string, std::optional<Event>, KeyedStringHash, std::equal_to<>> paced_;   // by node, for position_interval after one was told
  OwnTimers timers_{home_.shard()};
  std::optional<std::set<std::string, std::less<>>> known_;   // names of all nodes there are; nothing: not known
  std::uint64_t next_number_ = 0;
  std::uint32_t pins_ = 0;
};

// What the ids of a node's notifications begin with, before a "-".
[[nodiscard]] std::string notification_id(const World& world, std::string_view node);

// ---- where services live (site.cpp)

inline constexpr std::size_t parts_of_a_domain = 64;
// The resident that has this node.
[[nodiscard]] BareJid resident_for(const World& world, const BareJid& service, std::string_view node);
// Runs on the shard that has this node of the service, when the service is there; `refused` where it cannot be.
void at_service(Home& here, const BareJid& service, std::string_view node, std::function<void(Service&)> work, std::function<void()> refused);

}  // namespace aldis::pubsub
