// XEP-0441 (0.2.0) MAM preferences: read, written, and applied. Advanced configuration (section 2.2) is not offered.
#include "extensions/mam/preferences.h"

#include <algorithm>

#include "core/account.h"
#include "core/home.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

using Default = ArchivePreferences::Default;

Default effective(const ArchivePreferences& preferences, ArchiveDefault domain) {
  if (preferences.otherwise != Default::unset) {
    return preferences.otherwise;
  }
  switch (domain) {
    case ArchiveDefault::always:
      return Default::always;
    case ArchiveDefault::roster:
      return Default::roster;
    case ArchiveDefault::never:
      return Default::never;
  }
  return Default::always;
}

std::string_view to_text(Default otherwise) {
  switch (otherwise) {
    case Default::never:
      return "never";
    case Default::roster:
      return "roster";
    default:
      return "always";
  }
}

std::string write(const ArchivePreferences& preferences, ArchiveDefault domain) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("prefs", ns::mam).attribute("default", to_text(effective(preferences, domain)));
  for (const bool is_always : {true, false}) {
    writer.start(is_always ? "always" : "never");
    for (const Jid& jid : is_always ? preferences.always : preferences.never) {
      writer.element("jid", jid.str());
    }
    writer.end();
  }
  writer.end();
  return xml;
}

Result<void, StanzaError> read_list(const xml::Element& list, std::vector<Jid>& jids) {
  for (const xml::Element child : list.children()) {
    if (!child.is({"jid", ns::mam})) {
      return fail(StanzaError(StanzaCondition::bad_request));
    }
    Result<Jid, JidError> jid = Jid::parse(child.text());
    if (!jid) {
      return fail(StanzaError(StanzaCondition::jid_malformed));
    }
    if (std::ranges::find(jids, *jid) == jids.end()) {
      jids.push_back(std::move(*jid));
    }
  }
  return {};
}

Result<ArchivePreferences, StanzaError> read(const xml::Element& prefs, std::size_t most) {
  ArchivePreferences out;
  const auto otherwise = prefs.attribute("default");
  if (otherwise == "always") {
    out.otherwise = Default::always;
  } else if (otherwise == "never") {
    out.otherwise = Default::never;
  } else if (otherwise == "roster") {
    out.otherwise = Default::roster;
  } else {
    return fail(StanzaError(StanzaCondition::bad_request, "default is always, never or roster"));
  }
  bool has_always = false;
  bool has_never = false;
  for (const xml::Element child : prefs.children()) {
    const bool is_always = child.is({"always", ns::mam});
    if (!is_always && !child.is({"never", ns::mam})) {
      return fail(StanzaError(StanzaCondition::bad_request));
    }
    if (std::exchange(is_always ? has_always : has_never, true)) {
      return fail(StanzaError(StanzaCondition::bad_request, "each list stands once"));
    }
    if (auto list = read_list(child, is_always ? out.always : out.never); !list) {
      return fail(list.error());
    }
  }
  if (out.always.size() + out.never.size() > most) {
    return fail(StanzaError(StanzaCondition::resource_constraint, "too many addresses"));
  }
  for (const Jid& jid : out.always) {
    if (std::ranges::find(out.never, jid) != out.never.end()) {
      return fail(StanzaError(StanzaCondition::bad_request, "an address stands in both lists"));
    }
  }
  return out;
}

Task<StanzaPtr> change(Iq request, ArchivePreferences preferences, ArchiveDefault domain) {
  Account* owner = request.account();
  if (owner == nullptr) {
    co_return request.error(StanzaCondition::internal_server_error);
  }
  const Account::Pin account(*owner);
  const Serial::Hold hold = co_await account->changes().enter();
  if (account->is_ephemeral()) {
    co_return request.error(StanzaCondition::not_allowed);
  }
  const Result<void> stored =
      co_await request.home().world().stores.archive.store_preferences(account->jid(), preferences);
  if (!stored) {
    co_return request.failure(stored.error());
  }
  account->set_archive_preferences(std::move(preferences));
  co_return request.result(write(account->archive_preferences(), domain));
}

bool names(const std::vector<Jid>& list, const Jid& other, bool with_resource) {
  return std::ranges::any_of(list, [&](const Jid& jid) {
    return with_resource ? jid.is_full() && jid == other : !jid.is_full() && jid.str() == other.bare_str();
  });
}

}  // namespace

bool wants_archived(const ArchivePreferences& preferences, const Jid& other, const Roster& roster,
                    ArchiveDefault domain) {
  for (const bool with_resource : {true, false}) {
    if (names(preferences.never, other, with_resource)) {
      return false;
    }
    if (names(preferences.always, other, with_resource)) {
      return true;
    }
  }
  switch (effective(preferences, domain)) {
    case Default::never:
      return false;
    case Default::roster:
      return roster.contains(other);
    default:
      return true;
  }
}

void install_archive_preferences(Extension& self) {
  constexpr XmlName prefs{"prefs", ns::mam};
  const ArchiveDefault domain = self.config<MamConfig>().archives;
  const std::size_t most = self.config<MamConfig>().preference_entries;
  self.on_iq_get(prefs, {Recipient::own_account}, [domain](const Iq& request) -> IqReply {
    const Account* account = request.account();
    if (account == nullptr) {
      return request.error(StanzaCondition::internal_server_error);
    }
    return request.result(write(account->archive_preferences(), domain));
  });
  self.on_iq_set(prefs, {Recipient::own_account}, [domain, most](const Iq& request) -> IqReply {
    Result<ArchivePreferences, StanzaError> wanted = read(request.payload(), most);
    if (!wanted) {
      return request.error(wanted.error());
    }
    return change(request, std::move(*wanted), domain);
  });
  const auto forbid = [](const Iq& request) -> IqReply {
    return request.error(StanzaCondition::forbidden);
  };  // security L04
  self.on_iq_get(prefs, {Recipient::other_account}, forbid);
  self.on_iq_set(prefs, {Recipient::other_account}, forbid);
}

}  // namespace aldis::ext
