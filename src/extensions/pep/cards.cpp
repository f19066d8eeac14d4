// XEP-0292 (0.12.0) vCard4 over the account's node urn:xmpp:vcard4, kept in step with the card of XEP-0054: what is written in one form
// is read in the other, as far as both can say it. A node that not everybody may read stays out of the card, which everybody may.
// On domains of a directory there is one card and no node (directory_cards.h).
#include "base/log.h"
#include "core/account.h"
#include "core/directory_accounts.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/pep/card4.h"
#include "extensions/pep/directory_cards.h"
#include "extensions/pubsub/node_config.h"
#include "extensions/pubsub/nodes.h"
#include "extensions/pubsub/personal.h"
#include "extensions/vcard.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::string_view card_node = "urn:xmpp:vcard4";

Task<bool> is_for_everybody(Home& home, BareJid owner) {
  const Result<std::optional<PubSubNodeImage>> node =
      co_await home.world().stores.pubsub.load(std::move(owner), std::string(card_node), home.world().clock.wall());
  const std::optional<pubsub::NodeConfig> config = node && *node ? pubsub::node_config_from((*node)->record.config) : std::nullopt;
  co_return config && config->access_model == pubsub::AccessModel::open;
}

Task<void> put_into_card(Account::Pin account, std::size_t max_bytes, std::string card4) {
  Home& home = account->home();
  const auto document = xml::parse(card4);
  if (!document || !(*document)->root().is({"vcard", ns::vcard4})) {
    co_return;
  }
  const bool may_be_told = co_await is_for_everybody(home, account->jid());
  if (!may_be_told) {
    co_return;
  }
  const Serial::Hold hold = co_await account->changes().enter();
  VCardStore& cards = home.world().stores.vcards;
  const Result<std::optional<std::string>> card = co_await cards.load(account->jid());
  if (!card) {
    log::warning("card-not-converted", {{"account", account->jid().str()}, {"cause", card.error().what}});
    co_return;
  }
  std::string before = card->value_or("");
  if (!before.empty() && card4_of(before, card4) == card4) {
    co_return;   // it was published for this card
  }
  std::string changed = card_of(card4, before);
  if (max_bytes != 0 && changed.size() > max_bytes) {
    co_return;
  }
  const Result<void> stored = co_await cards.store(account->jid(), std::move(changed));
  if (!stored) {
    log::warning("card-not-converted", {{"account", account->jid().str()}, {"cause", stored.error().what}});
  }
}

Task<void> publish_card(Account::Pin account, Jid from, std::string card) {
  Home& home = account->home();
  const pubsub::NodeAddress where{.service = account->jid(), .node = std::string(card_node)};
  const Result<std::vector<PubSubItem>, StanzaError> current = co_await pubsub::newest(home, where, 1);
  const bool has_one = current && !current->empty();
  const std::string before = has_one ? current->front().payload : std::string();
  std::string card4 = card4_of(card, before);
  if (card4 == before) {
    co_return;
  }
  Result<std::string, StanzaError> published =
      co_await pubsub::publish(home, where, std::move(from), has_one ? current->front().id : "current", std::move(card4), std::nullopt);
  if (!published) {
    log::info("card-not-published", {{"account", account->jid().str()}, {"condition", to_string(published.error().condition)}});
  }
}

}  // namespace

void install_cards(Extension& self) {
  if (!self.host().has_extension("account_pubsub")) {
    return;
  }
  self.advertise_account(ns::vcard4);
  if (self.world().directories != nullptr && self.world().directories->profiles_of(self.host().domain()) != nullptr) {
    pubsub::seam_of(self).substitutes.push_back({std::string(card_node), [](const Iq& request) { return answer_for_directory(request); }});
    return;
  }
  self.host().shared<Cards>().stored.push_back([](Home& home, const BareJid& owner, const Jid& from, const std::string& card) {
    if (Account* account = home.find_account(owner)) {
      spawn(publish_card(Account::Pin(*account), from, card));
    }
  });
  pubsub::seam_of(self).observers.push_back([](Home& home, const VirtualHost& host, const pubsub::ItemEvent& event) {
    Account* account = event.where.node == card_node && !event.is_retraction ? home.find_account(event.where.service) : nullptr;
    if (account != nullptr && account->exists()) {
      const auto* known = host.find_shared<Cards>();
      spawn(put_into_card(Account::Pin(*account), known == nullptr ? 0 : known->max_bytes, event.payload));
    }
  });
}

}  // namespace aldis::ext
