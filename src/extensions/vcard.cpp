// XEP-0054 (1.3.0) vcard-temp: a user's card, written by its owner and read by whoever asks within the domain or beyond. One
// element is kept as it came; its fields are not interpreted. On domains of a directory the card is what that says (card_source.h), and who sees
// which field of it is the operator's word. The server's own card is empty.
#include "extensions/vcard.h"

#include "core/account.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/card_source.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

struct VCardConfig {
  Bytes max_bytes = 64 * KiB;
};
constexpr auto options = std::tuple{
    Option{"max_bytes", &VCardConfig::max_bytes, Range{1 * KiB, 200 * KiB}, "Bytes of one card, its photo included."}};

constexpr std::string_view empty_card = "<vCard xmlns='vcard-temp'/>";

Task<StanzaPtr> load(Iq request) {
  const Result<std::optional<std::string>> card = co_await load_card(request.home(), request.owner(), reader_of(request));
  if (!card) {
    co_return request.failure(card.error());
  }
  // Section 3.1: no card yet, an empty one.
  co_return request.result(*card ? std::string_view(**card) : empty_card);
}

Task<StanzaPtr> store(Iq request) {
  Account* account = request.account();
  if (account == nullptr) {
    co_return request.error(StanzaCondition::service_unavailable);
  }
  const Account::Pin pin(*account);
  const Serial::Hold hold = co_await account->changes().enter();
  std::string text;
  xml::Writer(text).element(request.payload());
  const Result<void> stored = co_await store_card(request.home(), request.owner(), text, true);
  if (!stored) {
    const bool is_ours = stored.error().kind != ErrorKind::denied && stored.error().kind != ErrorKind::limit && stored.error().kind != ErrorKind::not_found;
    co_return is_ours ? request.failure(stored.error()) : request.error(card_error(stored.error()));
  }
  if (const auto* cards = request.host().find_shared<Cards>()) {
    for (const auto& observer : cards->stored) {
      observer(request.home(), request.owner(), request.from(), text);
    }
  }
  co_return request.result();
}

}  // namespace

const OptionTable& vcard_options() { return option_table<VCardConfig>(options); }

void install_vcard(Extension& self) {
  constexpr XmlName card{"vCard", ns::vcard};
  self.advertise(ns::vcard);
  self.advertise_account(ns::vcard);
  const std::size_t max_bytes = self.config<VCardConfig>().max_bytes.size();
  self.host().shared<Cards>().max_bytes = max_bytes;
  self.on_iq_get(card, {Recipient::own_account}, [](const Iq& request) -> IqReply { return load(request); });
  // Of a user that does not exist and of one without a card the same is said (security L01): the account answers nothing
  // for the first, so the second answers service-unavailable as section 3.2 allows.
  self.on_iq_get(card, {Recipient::other_account}, [](const Iq& request) -> IqReply {
    return [](Iq asked) -> Task<StanzaPtr> {
      const Result<std::optional<std::string>> found = co_await load_card(asked.home(), asked.owner(), reader_of(asked));
      if (!found) {
        co_return asked.failure(found.error());
      }
      co_return *found ? asked.result(**found) : asked.error(StanzaCondition::service_unavailable);
    }(request);
  });
  self.on_iq_get(card, {Recipient::server}, [](const Iq& request) -> IqReply { return request.result(empty_card); });
  self.on_iq_set(card, {Recipient::own_account}, [max_bytes](const Iq& request) -> IqReply {
    if (request.payload().outer_bytes().size() > max_bytes) {
      return request.error(StanzaCondition::not_acceptable, "The card is too large.");
    }
    return store(request);
  });
  self.on_iq_set(card, {Recipient::other_account},
                 [](const Iq& request) -> IqReply { return request.error(StanzaCondition::forbidden); });  // section 3.3
}

}  // namespace aldis::ext
