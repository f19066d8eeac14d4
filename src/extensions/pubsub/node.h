// Node: one node in memory: how it is configured, who is what to it, its last item. Changed only while `changes` is held, and only after the
// store has it.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "extensions/pubsub/access.h"
#include "extensions/pubsub/fan_out_plan.h"
#include "extensions/pubsub/node_form.h"
#include "extensions/pubsub/subscribe_options.h"
#include "runtime/serial.h"
#include "storage/pubsub_store.h"

namespace aldis::pubsub {

struct Subscription {
  Jid jid;
  std::string subid;
  SubscriptionState state = SubscriptionState::none;
  SubscribeOptions options{};

  [[nodiscard]] bool is_active(WallTime now) const {
    return state == SubscriptionState::subscribed && (!options.expires || *options.expires > now);
  }
  [[nodiscard]] PubSubSubscription record() const {
    return {.jid = jid, .subid = subid, .state = state, .options = to_text(options), .expires = options.expires};
  }
};

// Whoever asks something of a service.
struct Asker {
  Jid jid;
  bool is_owner = false;            // of the account that the service is of
  bool is_administrator = false;    // of a domain of nodes
  bool is_anonymous = false;
  Relation relation{};
};

// What decides who may read a node, as it was at one moment: for other parts of the service.
struct AccessView {
  NodeConfig config;
  bool is_personal = false;
  std::map<std::string, Affiliation, std::less<>> affiliations;
  std::set<std::string, std::less<>> subscribed;   // bare addresses
  [[nodiscard]] Standing standing_of(const Jid& who) const;
};
using AccessViewPtr = std::shared_ptr<const AccessView>;

class Node {
 public:
  enum class State : std::uint8_t { unknown, absent, unreadable, ready };

  Node(std::string name, bool is_personal) : name_(std::move(name)), is_personal_(is_personal) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool exists() const { return state_ == State::ready; }
  [[nodiscard]] Serial& changes() { return changes_; }

  // ---- from the store, and after it
  void set(PubSubNodeImage image);     // unreadable: it cannot be understood, and nobody is let in
  void set_unreadable() { state_ = State::unreadable; }
  void set_absent();
  void set_settings(NodeSettings settings);
  void set_affiliation(const BareJid& jid, Affiliation affiliation);
  void forget_lapsed(WallTime now);      // subscriptions whose lease is over
  void put(Subscription subscription);   // in place of the one with its address and subid; state none: takes it out
  void set_last(std::optional<PubSubItem> item) { last_ = std::move(item), is_last_known_ = true; }
  void forget_last() { last_.reset(), is_last_known_ = false; }

  // ---- what it is
  [[nodiscard]] const NodeConfig& config() const { return settings_.config; }
  [[nodiscard]] const NodeSettings& settings() const { return settings_; }
  [[nodiscard]] bool is_collection() const { return settings_.is_collection; }
  [[nodiscard]] const std::vector<std::string>& collections() const { return settings_.collections; }
  [[nodiscard]] const BareJid& creator() const { return *creator_; }
  [[nodiscard]] WallTime created() const { return created_; }
  [[nodiscard]] PubSubNodeRecord record(const BareJid& service, const NodeSettings& settings) const;
  [[nodiscard]] NodeFacts facts(WallTime now) const;

  // ---- who is what
  [[nodiscard]] Affiliation affiliation_of(std::string_view bare) const;
  [[nodiscard]] const std::map<std::string, Affiliation, std::less<>>& affiliations() const { return affiliations_; }
  [[nodiscard]] std::vector<std::string> with(Affiliation affiliation) const;
  using Subscriptions = std::map<std::string, std::vector<Subscription>, std::less<>>;   // by address
  [[nodiscard]] const Subscriptions& subscriptions() const { return subscriptions_; }
  [[nodiscard]] std::size_t subscription_count() const { return subscription_count_; }
  [[nodiscard]] const std::vector<Subscription>* subscriptions_of(std::string_view jid) const;   // of exactly this address; null: none
  [[nodiscard]] std::vector<Subscription> subscriptions_of_user(std::string_view bare) const;     // and of his clients
  [[nodiscard]] Standing standing_of(const Asker& asker, WallTime now) const;
  // The same of a subscriber, without what only his relation to an account's owner could tell.
  [[nodiscard]] Standing standing_of(const Jid& subscriber, WallTime now) const;

  // ---- the last item
  [[nodiscard]] bool is_last_known() const { return is_last_known_; }
  [[nodiscard]] const std::optional<PubSubItem>& last() const { return last_; }

  // To whom notifications go; made when first asked for after a change. `make` makes one.
  template <class Make>
  [[nodiscard]] const FanOutPlanPtr& plan(Make make) {
    if (plan_ == nullptr) {
      plan_ = make();
    }
    return plan_;
  }

  [[nodiscard]] AccessViewPtr access_view(WallTime now);

  // The node whose rules decide who may do what with this one (linked_nodes.h); itself: its own.
  void set_rules(std::shared_ptr<Node> rules) { rules_ = std::move(rules); }
  [[nodiscard]] bool has_own_rules() const { return rules_ == nullptr; }
  [[nodiscard]] const Node& rules() const { return rules_ == nullptr ? *this : *rules_; }

  Monotonic used{};   // last
  std::optional<bool> has_attachments{};   // XEP-0470: items of it have some; nothing: it is not known
  [[nodiscard]] std::size_t memory() const;

 private:
  void changed() { plan_.reset(), view_.reset(); }

  std::string name_;
  State state_ = State::unknown;
  bool is_personal_;
  bool is_last_known_ = false;
  NodeSettings settings_;
  std::optional<BareJid> creator_;
  WallTime created_{};
  std::map<std::string, Affiliation, std::less<>> affiliations_;   // by address; none of `none`
  Subscriptions subscriptions_;
  std::size_t subscription_count_ = 0;
  std::optional<PubSubItem> last_;
  FanOutPlanPtr plan_;
  AccessViewPtr view_;
  std::shared_ptr<Node> rules_;
  Serial changes_;
};

using NodePtr = std::shared_ptr<Node>;

}  // namespace aldis::pubsub
