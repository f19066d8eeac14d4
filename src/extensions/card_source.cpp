// The store and the directory.
#include "extensions/card_source.h"

#include <algorithm>

#include "core/account.h"
#include "core/directory_accounts.h"
#include "core/virtual_host.h"
#include "extensions/profile_card.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

ProfileCard parse(const std::optional<std::string>& text) {
  const auto document = text ? xml::parse(*text) : Result<std::unique_ptr<const xml::Document>, xml::XmlError>(fail(xml::XmlError::not_well_formed));
  return document ? read_profile_card((*document)->root()) : ProfileCard{};
}

// What of a card the directory has no attribute for.
ProfileCard rest_of(ProfileCard card, const ProfileRules& rules) {
  std::erase_if(card.values, [&](const auto& each) { return rules.find(each.first) != nullptr; });
  return card;
}

bool is_empty(const ProfileCard& card) { return card.values.empty() && card.others.empty(); }

// Which parts those are, for whoever wanted them.
std::string names_in(const ProfileCard& card) {
  std::string all;
  for (const auto& [field, values] : card.values) {
    all.append(all.empty() ? "" : ", ").append(to_string(field));
  }
  if (const std::string& others = card.others; !others.empty()) {
    const auto document = xml::parse("<vCard xmlns='vcard-temp'>" + others + "</vCard>");
    if (document) {
      for (const xml::Element child : (*document)->root().children()) {
        all.append(all.empty() ? "" : ", ").append(child.local());
      }
    }
  }
  return all;
}

// The account's own address is nothing the card adds (XEP-0054 section 3, JABBERID).
void drop_own_address(ProfileCard& card, const BareJid& owner) {
  const auto document = xml::parse("<vCard xmlns='vcard-temp'>" + card.others + "</vCard>");
  if (!document) {
    return;
  }
  std::string others;
  for (const xml::Element child : (*document)->root().children()) {
    if (!(child.is({"JABBERID", ns::vcard}) && child.text() == owner.str())) {
      xml::Writer(others, ns::vcard).element(child);
    }
  }
  card.others = std::move(others);
}

Task<Result<std::optional<std::string>>> load_from_directory(Home& home, PeopleProfiles& profiles, BareJid owner, Jid reader) {
  const ProfileRules& rules = profiles.rules();
  const bool is_owner = reader.bare_str() == owner.str();
  if (!is_owner && !rules.is_open_to(owner.domain(), reader)) {
    co_return std::optional<std::string>();
  }
  ProfileCard card;
  if (rules.keeps_rest) {   // first: after the directory's answer the server may be stopping, and its stores gone
    const Result<std::optional<std::string>> kept = co_await home.world().stores.vcards.load(owner);
    if (!kept) {
      co_return fail(kept.error());
    }
    card = rest_of(parse(*kept), rules);
  }
  const Result<ProfilePtr> profile = co_await profiles.read(owner);
  if (!profile && profile.error().kind != ErrorKind::not_found) {
    co_return fail(profile.error());
  }
  if (!profile) {
    co_return std::optional<std::string>();
  }
  for (const auto& [field, values] : (*profile)->values) {
    if (rules.may_see(field, owner, reader)) {
      card.values.insert_or_assign(field, values);
    }
  }
  co_return is_empty(card) ? std::optional<std::string>() : std::optional(write_profile_card(card));
}

}  // namespace

PeopleProfiles* profiles_of(Home& home, std::string_view domain) {
  const DirectoryAccounts* directories = home.world().directories;
  return directories == nullptr ? nullptr : directories->profiles_of(domain);
}

Jid reader_of(const Iq& request) {
  const bool is_anonymous = request.envelope().sender != nullptr && request.envelope().sender->is_anonymous;
  return is_anonymous ? Jid(request.host().jid()) : request.from();
}

Task<Result<std::optional<std::string>>> load_card(Home& home, BareJid owner, Jid reader) {
  std::optional<Account::Pin> pin;   // the server does not end meanwhile
  if (Account* account = home.find_account(owner)) {
    pin.emplace(*account);
  }
  PeopleProfiles* profiles = profiles_of(home, owner.domain());
  if (profiles == nullptr) {
    Result<std::optional<std::string>> kept = co_await home.world().stores.vcards.load(std::move(owner));
    co_return kept;
  }
  Result<std::optional<std::string>> card = co_await load_from_directory(home, *profiles, std::move(owner), std::move(reader));
  co_return card;
}

Task<Result<void>> store_card(Home& home, BareJid owner, std::string card, bool with_photo) {
  VCardStore& cards = home.world().stores.vcards;
  PeopleProfiles* profiles = profiles_of(home, owner.domain());
  if (profiles == nullptr) {
    Result<void> stored = co_await cards.store(std::move(owner), std::move(card));
    co_return stored;
  }
  const ProfileRules& rules = profiles->rules();
  ProfileCard wanted = parse(card);
  drop_own_address(wanted, owner);
  ProfileCard rest = rest_of(wanted, rules);
  if (!rules.keeps_rest && !is_empty(rest)) {
    co_return fail(ErrorKind::denied, "The directory has no place for " + names_in(rest) + ".");
  }
  std::erase_if(wanted.values, [&](const auto& each) { return rules.find(each.first) == nullptr; });
  std::vector<ProfileField> left_alone;
  if (!with_photo) {
    wanted.values.erase(ProfileField::photo);
    left_alone.push_back(ProfileField::photo);
  }
  const Result<std::size_t> written = co_await profiles->write(owner, std::move(wanted.values), std::move(left_alone));
  if (!written) {
    co_return fail(written.error());
  }
  if (!rules.keeps_rest) {
    co_return Result<void>{};
  }
  Result<void> stored = co_await cards.store(std::move(owner), write_profile_card(rest));
  co_return stored;
}

Task<Result<void>> store_photo(Home& home, BareJid owner, std::optional<Photo> photo) {
  PeopleProfiles* profiles = profiles_of(home, owner.domain());
  if (profiles == nullptr || profiles->rules().find(ProfileField::photo) == nullptr) {
    VCardStore& cards = home.world().stores.vcards;
    const Result<std::optional<std::string>> card = co_await cards.load(owner);
    if (!card) {
      co_return fail(card.error());
    }
    Result<void> stored = co_await cards.store(std::move(owner), ext::with_photo(card->value_or(""), photo));
    co_return stored;
  }
  ProfileValues wanted;
  if (photo) {
    wanted.emplace(ProfileField::photo, std::vector<std::string>{std::move(photo->image)});
  }
  std::vector<ProfileField> others;
  for (const auto& [field, rule] : profiles->rules().fields) {
    if (field != ProfileField::photo) {
      others.push_back(field);
    }
  }
  const Result<std::size_t> written = co_await profiles->write(std::move(owner), std::move(wanted), std::move(others));
  co_return written ? Result<void>{} : Result<void>(fail(written.error()));
}

StanzaError card_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::denied: return StanzaError(StanzaCondition::not_allowed, error.what);
    case ErrorKind::limit: return StanzaError(StanzaCondition::not_acceptable, error.what);
    case ErrorKind::not_found: return StanzaError(StanzaCondition::item_not_found);
    default: return answer_to(error);
  }
}

}  // namespace aldis::ext
