// XEP-0470 (0.2.0) Pubsub Attachments: what users attach to an item of a node, one attachment item each under his own bare address, in a node that
// the service makes when the first comes; and the summary of all of them, an item of the target node's summary node, which the service
// publishes with the attachment in one transaction. Fully compliant in the words of section 4.2. Who may do what with these nodes is what he
// may do with the target node, at any moment; they are in no list of nodes. A summary is counted anew from what the node holds. Left out: summaries of
// attachments other than noticed and reactions.
#include <algorithm>
#include <array>
#include <functional>

#include "base/log.h"
#include "core/extension.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/pubsub/attachment_names.h"
#include "extensions/pubsub/errors.h"
#include "extensions/pubsub/linked_nodes.h"
#include "xml/element.h"
#include "xmpp/namespaces.h"

namespace aldis::pubsub {
namespace {

constexpr std::size_t most_reactions = 50;          // of one attachment item
constexpr std::size_t longest_reaction = 64;        // bytes
constexpr std::size_t most_reactions_shown = 200;   // in a summary: those that are there most often

std::string trimmed(std::string text) {
  constexpr std::string_view space = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(space), text.size()));
  text.erase(text.find_last_not_of(space) + 1);
  return text;
}

// The emojis of an attachment item, each once; blanks are none.
std::vector<std::string> reactions_in(const xml::Element& attachments) {
  std::vector<std::string> found;
  for (const xml::Element child : attachments.children()) {
    if (!child.is({"reactions", ns::pubsub_attachments})) {
      continue;
    }
    for (const xml::Element reaction : child.children()) {
      std::string text = reaction.is({"reaction", ns::pubsub_attachments}) ? trimmed(reaction.text()) : std::string();
      if (!text.empty() && std::ranges::find(found, text) == found.end()) {
        found.push_back(std::move(text));
      }
    }
  }
  return found;
}

// Sections 4.7.3 and 4.8.2; empty: nothing that this sums up.
class Summary {
 public:
  void add(const std::string& payload) {
    const auto document = xml::parse(payload);
    if (!document) {
      return;
    }
    const xml::Element attachments = (*document)->root();
    noticed_ += attachments.child({"noticed", ns::pubsub_attachments}) ? 1 : 0;
    for (std::string& each : reactions_in(attachments)) {
      const auto at = std::ranges::find(reactions_, each, &Reaction::text);
      if (at != reactions_.end()) {
        ++at->count;
      } else {
        reactions_.push_back({std::move(each), 1});
      }
    }
  }
  [[nodiscard]] std::string payload() {
    if (noticed_ == 0 && reactions_.empty()) {
      return {};
    }
    std::ranges::stable_sort(reactions_, std::greater<>(), &Reaction::count);
    reactions_.resize(std::min(reactions_.size(), most_reactions_shown));
    std::string text;
    xml::Writer writer(text);
    writer.start("summary", ns::pubsub_attachments_summary);
    if (noticed_ > 0) {
      writer.start("noticed").attribute("count", std::to_string(noticed_)).end();
    }
    if (!reactions_.empty()) {
      writer.start("reactions");
      for (const Reaction& each : reactions_) {
        writer.start("reaction");
        if (each.count > 1) {
          writer.attribute("count", std::to_string(each.count));
        }
        writer.text(each.text).end();
      }
      writer.end();
    }
    writer.end();
    return text;
  }

 private:
  struct Reaction {
    std::string text;
    std::size_t count;
  };
  std::size_t noticed_ = 0;
  std::vector<Reaction> reactions_;
};

// Section 4.5, and what one may attach at most.
std::optional<StanzaError> invalid(const Service::Publication& publication, const Jid& who) {
  if (publication.id != who.bare_str()) {
    return StanzaError(StanzaCondition::bad_request, "the id of the item is not the publisher's bare address");
  }
  const auto document = xml::parse(publication.payload);
  if (!document || !(*document)->root().is({"attachments", ns::pubsub_attachments})) {
    return StanzaError(StanzaCondition::bad_request, "the payload is no <attachments/>");
  }
  const std::vector<std::string> reactions = reactions_in((*document)->root());
  if (reactions.size() > most_reactions || std::ranges::any_of(reactions, [](const std::string& each) { return each.size() > longest_reaction; })) {
    return StanzaError(StanzaCondition::not_acceptable, "too many reactions, or one that is too long");
  }
  return std::nullopt;
}

class Attachments final : public LinkedNodes {
 public:
  [[nodiscard]] bool includes(std::string_view node) const override { return is_attachment_name(node) || is_summary_name(node); }

  [[nodiscard]] std::optional<std::string> ruled_by(const BareJid& service, std::string_view node) const override { return attached_to(service, node); }

  // Section 4.4; and what would bring them out of step with the target node.
  [[nodiscard]] std::optional<StanzaError> forbids(std::string_view node, std::string_view verb, bool is_set) const override {
    constexpr std::array<std::string_view, 4> of_the_service{"create", "configure", "affiliations", "collection"};
    constexpr std::array<std::string_view, 4> of_the_summary{"publish", "retract", "purge", "delete"};
    const auto has = [&](const auto& verbs) { return std::ranges::find(verbs, verb) != verbs.end(); };
    const bool is_forbidden = (has(of_the_service) && (is_set || verb == "affiliations")) || (is_summary_name(node) && has(of_the_summary));
    return is_forbidden ? std::optional(StanzaError(StanzaCondition::not_allowed)) : std::nullopt;
  }

  [[nodiscard]] std::vector<std::string> held_with(const BareJid& service, std::string_view node) const override {
    const auto target = target_item(service, node);
    return target ? std::vector<std::string>{summary_name(target->node), std::string(node)} : std::vector<std::string>{};
  }

  Task<std::optional<StanzaError>> prepare(Service& service, Asker asker, Service::Publication& publication) override {
    publication.options.reset();   // section 4.3: they are ignored
    const std::optional<TargetItem> about = target_item(service.jid(), publication.node);
    const NodePtr target = co_await service.find(about ? about->node : publication.node);
    for (const Act act : {Act::publish, Act::retrieve}) {
      if (std::optional<StanzaError> error = service.refusal(*target, act, asker)) {
        co_return error;
      }
    }
    if (!about) {
      co_return no_such_node();
    }
    if (std::optional<StanzaError> error = invalid(publication, asker.jid)) {
      co_return error;
    }
    const Serial::Hold held = co_await target->changes().enter();
    const NodePtr summaries = co_await service.find(summary_name(about->node));
    const NodePtr node = co_await service.find(publication.node);
    if (!target->exists() || target->is_collection()) {
      co_return no_such_node();
    }
    if (node->exists() && summaries->exists()) {
      co_return std::nullopt;
    }
    const Result<std::vector<PubSubItem>, StanzaError> item = co_await service.items_of(target, {about->item});
    if (!item) {
      co_return item.error();
    }
    if (item->empty()) {   // there is nothing to attach to
      co_return no_such_node();
    }
    for (const NodePtr& each : {summaries, node}) {
      const Serial::Hold one = co_await each->changes().enter();
      NodeConfig config{.access_model = target->config().access_model,
                        .roster_groups_allowed = target->config().roster_groups_allowed,
                        .publish_model = target->config().publish_model,
                        .send_last = SendLast::never};
      std::optional<StanzaError> error = co_await service.make_own(each, std::move(config));
      if (error) {
        co_return error;
      }
    }
    target->has_attachments = true;
    co_return std::nullopt;
  }

  // The summary, counted from what the node will hold.
  Task<Result<std::vector<Service::ItemsEdit>, StanzaError>> follow(Service& service, Service::ItemsEdit& edit) override {
    std::vector<Service::ItemsEdit> edits;
    const std::optional<TargetItem> about = target_item(service.jid(), edit.node);
    const NodePtr summaries = co_await service.find(about ? summary_name(about->node) : edit.node);
    if (!about || !summaries->exists()) {
      co_return edits;
    }
    const NodePtr node = co_await service.find(edit.node);
    std::vector<PubSubItem> held;
    if (!edit.is_purge) {
      Result<std::vector<PubSubItem>, StanzaError> all = co_await service.items_of(node);
      if (!all) {
        co_return fail(std::move(all.error()));
      }
      held = std::move(*all);
    }
    const auto leaves = [&](const PubSubItem& item) {
      return std::ranges::find(edit.retracted, item.id) != edit.retracted.end() || std::ranges::find(edit.published, item.id, &PubSubItem::id) != edit.published.end();
    };
    std::erase_if(held, leaves);
    held.insert(held.end(), edit.published.begin(), edit.published.end());
    const std::uint64_t most = items_kept(node->config(), service.options());
    Summary summary;
    for (std::size_t i = most != 0 && held.size() > most ? held.size() - most : 0; i < held.size(); ++i) {
      summary.add(held[i].payload);
    }
    const std::string payload = summary.payload();
    const Result<std::vector<PubSubItem>, StanzaError> before = co_await service.items_of(summaries, {about->item});
    if (!before) {
      co_return fail(before.error());
    }
    if (payload.empty() ? before->empty() : !before->empty() && before->front().payload == payload) {
      co_return edits;
    }
    Service::ItemsEdit change{.node = summaries->name()};
    if (payload.empty()) {
      change.retracted.push_back(about->item);
    } else {
      change.published.push_back({.id = about->item, .payload = payload, .publisher = service.jid(), .published = service.wall()});
    }
    edits.push_back(std::move(change));
    co_return edits;
  }

  Task<std::optional<StanzaError>> refresh(Service&, std::string) override { co_return std::nullopt; }

  Task<void> have_left(Service& service, NodePtr node, std::vector<std::string> ids) override {
    const bool has_some = co_await has_attachments(service, node);
    for (const std::string& id : has_some ? ids : std::vector<std::string>{}) {
      std::optional<StanzaError> error = co_await drop(service, attachments_name(service.jid(), node->name(), id));
      static_cast<void>(error);   // it has been logged; what stays is not read by whoever may not read the target
    }
  }

  Task<std::optional<StanzaError>> is_emptied(Service& service, NodePtr node) override {
    if (includes(node->name())) {
      std::vector<Service::ItemsEdit> edits;
      edits.push_back({.node = node->name(), .is_purge = true});
      Result<std::vector<Service::ItemsEdit>, StanzaError> others = co_await follow(service, edits.front());
      if (!others) {
        co_return others.error();
      }
      if (others->empty()) {
        co_return std::nullopt;
      }
      std::optional<StanzaError> error = co_await service.carry_out(std::move(*others), {.who = service.jid()});
      co_return error;
    }
    const bool has_some = co_await has_attachments(service, node);
    if (!has_some) {
      co_return std::nullopt;
    }
    Result<std::vector<std::string>, StanzaError> names = co_await service.nodes_named(attachments_of_all_items(service.jid(), node->name()));
    if (!names) {
      co_return names.error();
    }
    names->push_back(summary_name(node->name()));
    for (const std::string& name : *names) {
      std::optional<StanzaError> error = co_await drop(service, name);
      if (error) {
        co_return error;
      }
    }
    node->has_attachments = false;
    co_return std::nullopt;
  }

 private:
  static Task<bool> has_attachments(Service& service, NodePtr node) {
    if (is_attachment_name(node->name()) || is_summary_name(node->name())) {
      co_return false;
    }
    if (!node->has_attachments) {
      const NodePtr summaries = co_await service.find(summary_name(node->name()));
      if (summaries->state() != Node::State::ready && summaries->state() != Node::State::absent) {
        co_return true;   // it could not be learnt
      }
      node->has_attachments = summaries->exists();
    }
    co_return *node->has_attachments;
  }

  static Task<std::optional<StanzaError>> drop(Service& service, std::string name) {
    const NodePtr node = co_await service.find(name);
    const Service::Held held = co_await service.hold(node);
    if (!node->exists()) {
      co_return std::nullopt;
    }
    std::optional<StanzaError> error = co_await service.erase(node, {.who = service.jid()});
    if (error) {
      log::warning("pubsub-attachments-stay", {{"service", service.jid().str()}, {"node", name}});
    }
    co_return error;
  }
};

}  // namespace
}  // namespace aldis::pubsub

namespace aldis::ext {

void install_attachments(Extension& self) {
  const bool has_accounts = self.host().has_extension("account_pubsub");
  if (!has_accounts && !self.host().has_extension("pubsub")) {
    return;
  }
  pubsub::seam_of(self).links.push_back(std::make_shared<pubsub::Attachments>());
  has_accounts ? self.advertise_account(ns::pubsub_attachments) : self.advertise(ns::pubsub_attachments);
}

}  // namespace aldis::ext
