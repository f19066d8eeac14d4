// The card instead of the node.
#include "extensions/pep/directory_cards.h"

#include "auth/people_profiles.h"
#include "core/account.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/card_source.h"
#include "extensions/pep/card4.h"
#include "xmpp/form.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::string_view card_node = "urn:xmpp:vcard4";
constexpr std::string_view item_id = "current";   // XEP-0222: the node has one

// The ids that were asked for, if any were.
bool wants_item(const xml::Element& items) {
  bool names_any = false;
  for (const xml::Element item : items.children()) {
    if (item.is({"item", ns::pubsub})) {
      if (item.attribute("id") == item_id) {
        return true;
      }
      names_any = true;
    }
  }
  return !names_any;
}

Task<StanzaPtr> read(Iq request) {
  const Result<std::optional<std::string>> card = co_await load_card(request.home(), request.owner(), reader_of(request));
  if (!card) {
    co_return request.failure(card.error());
  }
  if (!*card) {
    co_return request.error(StanzaCondition::item_not_found);
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub).start("items").attribute("node", card_node);
  if (wants_item(*request.payload().first_child())) {
    writer.start("item").attribute("id", item_id).raw(card4_of(**card, "")).end();
  }
  writer.end().end();
  co_return request.result(payload);
}

// publish-options (XEP-0060 section 7.1.5) are conditions: one that does not hold refuses. Who sees the card the operator has said.
bool has_other_options(const xml::Element& pubsub) {
  const auto options = pubsub.child({"publish-options", ns::pubsub});
  const auto form = options ? Form::parse_child_of(*options) : Result<std::optional<Form>, StanzaError>(std::optional<Form>());
  if (!form) {
    return true;
  }
  const std::string_view model = *form ? (*form)->value("pubsub#access_model").value_or("") : "";
  return !model.empty() && model != "open" && model != "presence";
}

Task<StanzaPtr> publish(Iq request, std::string card4) {
  Account* account = request.account();
  if (account == nullptr) {
    co_return request.error(StanzaCondition::service_unavailable);
  }
  const Account::Pin pin(*account);
  const Serial::Hold hold = co_await account->changes().enter();
  if (const std::string names = not_converted(card4); !names.empty()) {
    co_return request.error(StanzaCondition::not_allowed, "The directory has no place for " + names + ".");
  }
  const Result<std::optional<std::string>> rest = co_await request.home().world().stores.vcards.load(request.owner());
  if (!rest) {
    co_return request.failure(rest.error());
  }
  const bool keeps_rest = profiles_of(request.home(), request.host().domain())->rules().keeps_rest;
  const Result<void> stored = co_await store_card(request.home(), request.owner(), card_of(card4, keeps_rest ? rest->value_or("") : ""), false);
  if (!stored) {
    co_return request.error(card_error(stored.error()));
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("pubsub", ns::pubsub).start("publish").attribute("node", card_node).start("item").attribute("id", item_id).end().end().end();
  co_return request.result(payload);
}

}  // namespace

std::optional<IqReply> answer_for_directory(const Iq& request) {
  const xml::Element pubsub = request.payload();
  const xml::Element verb = *pubsub.first_child();
  if (pubsub.ns() != ns::pubsub) {
    return std::nullopt;
  }
  if (verb.local() == "items" && !request.is_set()) {
    return read(request);
  }
  if (verb.local() != "publish" || !request.is_set()) {
    return std::nullopt;
  }
  const auto item = verb.first_child();
  const auto card = item ? item->first_child() : std::nullopt;
  if (request.recipient() != Recipient::own_account) {
    return request.error(StanzaCondition::forbidden);
  }
  if (!card || verb.child_count() != 1 || item->child_count() != 1 || !card->is({"vcard", ns::vcard4})) {
    return request.error(StanzaCondition::bad_request);
  }
  if (has_other_options(pubsub)) {
    return request.error(StanzaError(StanzaCondition::conflict).with_application("<precondition-not-met xmlns='http://jabber.org/protocol/pubsub#errors'/>"));
  }
  const auto* cards = request.host().find_shared<Cards>();
  std::string text;
  xml::Writer(text, "").element(*card);
  if (cards != nullptr && cards->max_bytes != 0 && text.size() > cards->max_bytes) {
    return request.error(StanzaCondition::not_acceptable, "The card is too large.");
  }
  return publish(request, std::move(text));
}

}  // namespace aldis::ext
