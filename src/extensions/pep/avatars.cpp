// XEP-0398 (1.0.0) User Avatar to vCard-Based Avatars Conversion: an avatar published to the account's nodes (XEP-0084) becomes the photo of its
// vCard if everybody may have it, and a photo that is put into the card is published; available presence says the photo's hash
// (XEP-0153) where the client leaves that to the server. Images elsewhere (url) are not fetched. A card that loses its photo leaves the nodes
// as they are. On domains of a directory (card_source.h) its photo is not published: a node would show it to others than the operator has said.
#include <array>
#include <unordered_map>

#include "base/encoding.h"
#include "base/log.h"
#include "core/account.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/card_source.h"
#include "extensions/extensions.h"
#include "extensions/pubsub/node_config.h"
#include "extensions/pubsub/nodes.h"
#include "extensions/pubsub/personal.h"
#include "extensions/vcard.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

constexpr std::string_view data_node = "urn:xmpp:avatar:data";
constexpr std::string_view metadata_node = "urn:xmpp:avatar:metadata";
constexpr std::string_view update_ns = "vcard-temp:x:update";
constexpr auto longest_wait = std::chrono::milliseconds(250);   // of presence for a directory

// Hashes of photos, of accounts with sessions on one home; empty: no photo.
class AvatarHashes {
 public:
  using OfHome = std::unordered_map<std::string, std::string, KeyedStringHash, std::equal_to<>>;
  OfHome& of(const Home& home) { return homes_[home.index()]; }

 private:
  std::array<OfHome, 256> homes_;   // each its shard's
};

// ---- section 3.1: from the nodes to the card

// The image that the metadata name; nothing: none that can be put into a card.
Task<std::optional<Photo>> published_photo(Home& home, BareJid owner, std::string id, std::string type) {
  PubSubStore& nodes = home.world().stores.pubsub;
  const WallTime now = home.world().clock.wall();
  const Result<std::optional<PubSubNodeImage>> node = co_await nodes.load(owner, std::string(data_node), now);
  if (!node || !*node) {
    co_return std::nullopt;
  }
  const std::optional<pubsub::NodeConfig> config = pubsub::node_config_from((*node)->record.config);
  if (!config || config->access_model != pubsub::AccessModel::open) {   // section 7: a card is for everybody
    co_return std::nullopt;
  }
  const Result<PubSubItemPage> page = co_await nodes.items(owner, std::string(data_node), {.ids = {id}, .now = now});
  if (!page || page->items.empty()) {
    co_return std::nullopt;
  }
  const auto document = xml::parse(page->items.front().payload);
  std::optional<std::string> image = document ? decode_lines((*document)->root().text()) : std::nullopt;
  if (!image || image->empty()) {
    co_return std::nullopt;
  }
  Photo photo{.type = std::move(type), .image = std::move(*image)};
  co_return photo.hash() == id ? std::optional(std::move(photo)) : std::nullopt;
}

Task<void> put_into_card(Account::Pin account, std::shared_ptr<AvatarHashes> hashes, std::size_t max_bytes, std::string metadata) {
  Home& home = account->home();
  const BareJid owner = account->jid();
  const auto document = xml::parse(metadata);
  if (!document || !(*document)->root().is({"metadata", metadata_node})) {
    co_return;
  }
  std::optional<std::pair<std::string, std::string>> info;   // id, type
  for (const xml::Element child : (*document)->root().children()) {
    if (!info && child.is({"info", metadata_node}) && !child.attribute("url")) {
      info.emplace(child.attribute("id").value_or(""), child.attribute("type").value_or("image/png"));
    }
  }
  const bool is_disabled = (*document)->root().child_count() == 0;   // XEP-0084 section 3.5
  std::optional<Photo> photo;
  if (info) {
    photo = co_await published_photo(home, owner, std::move(info->first), std::move(info->second));
  }
  if (!photo && !is_disabled) {
    co_return;
  }
  const Serial::Hold hold = co_await account->changes().enter();
  const Result<std::optional<std::string>> card = co_await load_card(home, owner, owner);
  if (!card) {
    log::warning("avatar-not-converted", {{"account", owner.str()}, {"cause", card.error().what}});
    co_return;
  }
  const std::optional<Photo> before = photo_in(card->value_or(""));
  if ((before ? before->hash() : "") == (photo ? photo->hash() : "")) {
    co_return;
  }
  if (max_bytes != 0 && with_photo(card->value_or(""), photo).size() > max_bytes) {
    co_return;   // too large for a card: who reads cards sees the one before
  }
  const Result<void> stored = co_await store_photo(home, owner, photo);
  if (!stored) {
    log::warning("avatar-not-converted", {{"account", owner.str()}, {"cause", stored.error().what}});
    co_return;
  }
  hashes->of(home).insert_or_assign(owner.str(), photo ? photo->hash() : std::string());
}

// ---- section 3.2: from the card to the nodes

Task<void> publish_item(Home& home, BareJid owner, Jid from, std::string_view node, std::string id, std::string payload) {
  Form open(FormType::submit, "http://jabber.org/protocol/pubsub#publish-options");
  open.fields.emplace_back("pubsub#access_model", FieldType::list_single, std::vector<std::string>{"open"});
  const pubsub::NodeAddress where{.service = owner, .node = std::string(node)};
  Result<std::string, StanzaError> published = co_await pubsub::publish(home, where, from, id, payload, std::move(open));
  if (!published && published.error().condition == StanzaCondition::conflict) {   // a node its owner has made otherwise stays so
    published = co_await pubsub::publish(home, where, from, std::move(id), std::move(payload), std::nullopt);
  }
  if (!published) {
    log::info("avatar-not-published", {{"account", owner.str()}, {"condition", to_string(published.error().condition)}});
  }
}

Task<void> publish_photo(Account::Pin account, Jid from, Photo photo) {
  Home& home = account->home();
  const BareJid owner = account->jid();
  const std::string hash = photo.hash();
  const pubsub::NodeAddress metadata{.service = owner, .node = std::string(metadata_node)};
  const Result<std::vector<PubSubItem>, StanzaError> current = co_await pubsub::newest(home, metadata, 1);
  if (current && !current->empty() && current->front().id == hash) {
    co_return;
  }
  std::string data;
  xml::Writer(data).element("data", base64_encode(photo.image), data_node);
  co_await publish_item(home, owner, from, data_node, hash, std::move(data));
  std::string info;
  xml::Writer writer(info);
  writer.start("metadata", metadata_node).start("info");
  writer.attribute("bytes", std::to_string(photo.image.size())).attribute("id", hash).attribute("type", photo.type).end().end();
  co_await publish_item(home, owner, from, metadata_node, hash, std::move(info));
}

// ---- section 4: presence

// Whether the client leaves the hash to the server, or says another.
bool must_say(const Stanza& presence, std::string_view hash) {
  const auto update = presence.child({"x", update_ns});
  const auto photo = update ? update->child({"photo", update_ns}) : std::nullopt;
  return !photo || (!photo->text().empty() && photo->text() != hash);
}

Verdict amended(const Stanza& presence, std::string_view hash) {
  if (hash.empty() || !must_say(presence, hash)) {
    return Pass{};
  }
  std::string update;
  xml::Writer(update).start("x", update_ns).element("photo", hash).end();
  return Replace{presence.amended([](const xml::Element& child) { return child.is({"x", update_ns}); }, update)};
}

// False: it is not known.
Task<bool> learn_hash(Home& home, std::shared_ptr<AvatarHashes> hashes, BareJid owner) {
  const Result<std::optional<std::string>> card = co_await load_card(home, owner, owner);
  if (!card) {
    co_return false;
  }
  const std::optional<Photo> photo = photo_in(card->value_or(""));
  const Account* account = home.find_account(owner);
  if (account != nullptr && !account->sessions().empty()) {   // or nobody would forget it
    hashes->of(home).try_emplace(owner.str(), photo ? photo->hash() : std::string());
  }
  co_return true;
}

// Presence is worth more than its hash, and a directory may be slow: then the next presence says it.
Task<void> learn_in_time(Home& home, std::shared_ptr<AvatarHashes> hashes, BareJid owner) {
  const Completion<bool> done;
  const auto is_over = std::make_shared<bool>(false);
  const auto once = [done, is_over] {
    if (!std::exchange(*is_over, true)) {
      done.complete(true);
    }
  };
  const TimerId timer = home.shard().after(longest_wait, once);
  spawn([](Home& here, std::shared_ptr<AvatarHashes> into, BareJid of, std::function<void()> then) -> Task<void> {
    const bool is_known = co_await learn_hash(here, std::move(into), std::move(of));
    static_cast<void>(is_known);
    then();
  }(home, hashes, owner, once));
  const bool is_done = co_await done;
  static_cast<void>(is_done);
  home.shard().cancel(timer);
}

Task<Verdict> amend_when_known(Home& home, std::shared_ptr<AvatarHashes> hashes, BareJid owner, StanzaPtr presence) {
  if (profiles_of(home, owner.domain()) != nullptr) {
    co_await learn_in_time(home, hashes, owner);
  } else {
    const bool is_learnt = co_await learn_hash(home, hashes, owner);
    static_cast<void>(is_learnt);
  }
  const auto known = hashes->of(home).find(owner.str());
  co_return known == hashes->of(home).end() ? Verdict(Pass{}) : amended(*presence, known->second);
}

}  // namespace

void install_avatars(Extension& self) {
  if (!self.host().has_extension("account_pubsub")) {
    return;
  }
  const auto hashes = std::make_shared<AvatarHashes>();
  self.advertise_account("urn:xmpp:pep-vcard-conversion:0");
  Cards& cards = self.host().shared<Cards>();
  cards.stored.push_back([hashes](Home& home, const BareJid& owner, const Jid& from, const std::string& card) {
    std::optional<Photo> photo = photo_in(card);
    hashes->of(home).insert_or_assign(owner.str(), photo ? photo->hash() : std::string());
    if (profiles_of(home, owner.domain()) != nullptr) {
      return;   // who sees the photo is the operator's word, and a node's access model would be another
    }
    if (Account* account = home.find_account(owner); account != nullptr && photo) {
      spawn(publish_photo(Account::Pin(*account), from, std::move(*photo)));
    }
  });
  pubsub::seam_of(self).observers.push_back([hashes](Home& home, const VirtualHost& host, const pubsub::ItemEvent& event) {
    Account* account = event.where.node == metadata_node && !event.is_retraction ? home.find_account(event.where.service) : nullptr;
    if (account != nullptr && account->exists()) {
      const auto* known = host.find_shared<Cards>();
      spawn(put_into_card(Account::Pin(*account), hashes, known == nullptr ? 0 : known->max_bytes, event.payload));
    }
  });
  self.on_outgoing(Phase::amend, StanzaKinds::presence, [hashes](const HookCall& call) -> Step {
    if (call.stanza().type() != StanzaType::available || call.account.is_ephemeral()) {
      return Verdict(Pass{});
    }
    const auto& known = hashes->of(call.account.home());
    if (const auto hash = known.find(call.account.jid().str()); hash != known.end()) {
      return amended(call.stanza(), hash->second);
    }
    return amend_when_known(call.account.home(), hashes, call.account.jid(), call.envelope.stanza);
  });
  self.on_ended([hashes](Session& session) {
    if (session.account().sessions().size() <= 1) {
      hashes->of(session.account().home()).erase(session.account().jid().str());
    }
  });
}

}  // namespace aldis::ext
