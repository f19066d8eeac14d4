// XEP-0191 (1.3) Blocking Command: the account's block list, edited by its clients, with pushes to those that asked for it.
// What blocking means for stanzas is decided by policy (policy/policy.cpp); the presence that follows a change is the
// account's (Account::block).
#include "core/account.h"
#include "core/extension.h"
#include "core/home.h"
#include "core/session.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

struct BlockingConfig {
  std::uint32_t max_entries = 1000;
};
constexpr auto options = std::tuple{
    Option{"max_entries", &BlockingConfig::max_entries, Range{1, 100'000}, "Addresses in one block list."}};

void push(Account& account, std::string_view command, const std::vector<Jid>& jids) {
  for (const auto& session : account.sessions()) {
    if (!session->wants_block_pushes || session->is_ending()) {
      continue;
    }
    std::string xml;
    xml::Writer writer(xml);
    writer.start("iq").attribute("type", "set").attribute("id", random_token(account.home().world().random));
    writer.attribute("to", session->jid().str()).start(command, ns::blocking);
    for (const Jid& jid : jids) {
      writer.start("item").attribute("jid", jid.str()).end();
    }
    writer.end().end();
    session->send_own(Stanza::make(std::move(xml)));
  }
}

Task<StanzaPtr> change(Iq request, bool blocks, std::vector<Jid> jids, std::size_t max_entries) {
  Account* owner = request.account();
  if (owner == nullptr) {
    co_return request.error(StanzaCondition::internal_server_error);
  }
  const Account::Pin account(*owner);
  const Serial::Hold hold = co_await account->changes().enter();
  if (account->is_ephemeral()) {
    co_return request.error(StanzaCondition::not_allowed);
  }
  if (blocks && account->blocked().size() + jids.size() > max_entries) {
    co_return request.error(StanzaCondition::resource_constraint, "The block list is full.");
  }
  BlockStore& store = request.home().world().stores.blocks;
  Result<void> stored;
  if (blocks) {
    stored = co_await store.add(account->jid(), jids);
  } else {
    stored = co_await store.remove(account->jid(), jids);
  }
  if (!stored) {
    co_return request.failure(stored.error());
  }
  if (blocks) {
    account->block(jids);
  } else {
    account->unblock(jids);
  }
  push(*account, blocks ? "block" : "unblock", jids);
  co_return request.result();
}

// The addresses of the items; the error when one is missing or malformed, or when nothing in the command is an item: what
// cannot be read must not count as the empty command that unblocks everybody.
Result<std::vector<Jid>, StanzaError> read_items(const xml::Element& command) {
  std::vector<Jid> jids;
  for (const xml::Element item : command.children()) {
    if (!item.is({"item", ns::blocking})) {
      continue;
    }
    const auto text = item.attribute("jid");
    if (!text) {
      return fail(StanzaError(StanzaCondition::bad_request));
    }
    Result<Jid, JidError> jid = Jid::parse(*text);
    if (!jid) {
      return fail(StanzaError(StanzaCondition::jid_malformed));
    }
    jids.push_back(std::move(*jid));
  }
  if (jids.empty() && command.child_count() != 0) {
    return fail(StanzaError(StanzaCondition::bad_request));
  }
  return jids;
}

}  // namespace

const OptionTable& blocking_options() { return option_table<BlockingConfig>(options); }

void install_blocking(Extension& self) {
  self.advertise(ns::blocking);
  const std::size_t max_entries = self.config<BlockingConfig>().max_entries;
  self.on_iq_get({"blocklist", ns::blocking}, {Recipient::own_account}, [](const Iq& request) -> IqReply {
    const Account* account = request.account();
    Session* session = request.session();
    if (account == nullptr || session == nullptr) {
      return request.error(StanzaCondition::internal_server_error);
    }
    session->wants_block_pushes = true;
    std::string payload;
    xml::Writer writer(payload);
    writer.start("blocklist", ns::blocking);
    for (const Jid& jid : account->blocked().all()) {
      writer.start("item").attribute("jid", jid.str()).end();
    }
    writer.end();
    return request.result(payload);
  });
  self.on_iq_set({"block", ns::blocking}, {Recipient::own_account}, [max_entries](const Iq& request) -> IqReply {
    Result<std::vector<Jid>, StanzaError> jids = read_items(request.payload());
    if (!jids) {
      return request.error(jids.error());
    }
    if (jids->empty()) {
      return request.error(StanzaCondition::bad_request);  // section 3.3
    }
    for (const Jid& jid : *jids) {
      if (jid.bare_str() == request.owner().str()) {
        return request.error(StanzaCondition::not_allowed);  // nobody blocks himself
      }
    }
    return change(request, true, std::move(*jids), max_entries);
  });
  self.on_iq_set({"unblock", ns::blocking}, {Recipient::own_account}, [max_entries](const Iq& request) -> IqReply {
    Result<std::vector<Jid>, StanzaError> jids = read_items(request.payload());
    if (!jids) {
      return request.error(jids.error());
    }
    return change(request, false, std::move(*jids), max_entries);  // empty: all (section 3.5)
  });
  const auto forbid = [](const Iq& request) -> IqReply { return request.error(StanzaCondition::forbidden); };
  self.on_iq_get({"blocklist", ns::blocking}, {Recipient::other_account}, forbid);
  self.on_iq_set({"block", ns::blocking}, {Recipient::other_account}, forbid);
  self.on_iq_set({"unblock", ns::blocking}, {Recipient::other_account}, forbid);
}

}  // namespace aldis::ext
