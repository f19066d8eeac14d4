// MUC Affiliations Versioning, XEP-0463 (0.2.0): who may read the lists keeps them, and is told what has changed since he last looked.
// Nothing that the lists of XEP-0045 would not give him: what he may not read of them is not there. A version is of this room since it
// was made; one that is unknown, or older than the asker's own affiliation as it stands, of which he was no part for all we know,
// is answered with the full lists of now, which tell nothing of what was (section 6).
#include <algorithm>
#include <array>

#include "extensions/muc/room.h"
#include "xmpp/namespaces.h"
#include "xmpp/number.h"

namespace aldis::muc {
namespace {

constexpr std::size_t items_in_a_message = 200;
constexpr std::array lists{Affiliation::owner, Affiliation::admin, Affiliation::member, Affiliation::outcast};

bool reads(const Standing& standing, Affiliation list, const ListRules& rules) {
  return list != Affiliation::none && !refuses_list(standing, list, rules);
}
bool reads_some(const Standing& standing, const ListRules& rules) {
  return std::ranges::any_of(lists, [&](Affiliation list) { return reads(standing, list, rules); });
}
bool reads_all(const Standing& standing, const ListRules& rules) {
  return std::ranges::all_of(lists, [&](Affiliation list) { return reads(standing, list, rules); });
}

struct Item {
  std::uint64_t version;
  const Jid* jid;
  Affiliation affiliation;
};

void write_item(xml::Writer& writer, const Jid& jid, Affiliation affiliation) {
  writer.start("item").attribute("affiliation", to_string(affiliation)).attribute("jid", jid.str()).end();
}

}  // namespace

std::string Room::version_text(std::uint64_t version) const {
  const auto made = std::chrono::duration_cast<std::chrono::milliseconds>(record_.created.time_since_epoch()).count();
  return std::to_string(made) + "-" + std::to_string(version);
}

std::optional<std::uint64_t> Room::read_version(std::string_view text) const {
  const std::size_t dash = text.rfind('-');
  const auto number = dash == std::string_view::npos ? std::nullopt : parse_number<std::uint64_t>(text.substr(dash + 1), 0, announced_version_);
  return number && version_text(*number) == text ? number : std::nullopt;
}

void Room::write_versions(xml::Writer& writer, std::optional<std::uint64_t> since, std::uint64_t until) const {
  writer.start("mav", ns::muc_affiliations);
  if (since) {
    writer.attribute("since", version_text(*since));
  }
  writer.attribute("until", version_text(until)).end();
}

std::string Room::versions(std::uint64_t since, std::uint64_t until) const {
  std::string out;
  xml::Writer writer(out, ns::muc_user);
  write_versions(writer, since, until);
  return out;
}

// What has been stored, into the lists.
void Room::note_version(const RoomAffiliation& changed) {
  announced_version_ = changed.version;
  if (changed.affiliation != Affiliation::none) {
    affiliations_.insert_or_assign(changed.jid, changed);
    removed_.erase(changed.jid);
    return;
  }
  affiliations_.erase(changed.jid);
  removed_.insert_or_assign(changed.jid, changed.version);
  if (removed_.size() > RoomAffiliation::max_removed) {  // as the store does
    const auto oldest = std::ranges::min_element(removed_, {}, [](const auto& entry) { return entry.second; });
    record_.affiliations_complete_since = std::max(record_.affiliations_complete_since, oldest->second);
    removed_.erase(oldest);
  }
}

// Section 5.2.1: before any presence.
void Room::tell_affiliations(const Occupant& occupant, const Recipient& client, const xml::Element& muc, std::string_view id) {
  const auto mav = muc.child({"mav", ns::muc_affiliations});
  if (!mav) {
    return;
  }
  const Standing standing{occupant.affiliation, occupant.role};
  const ListRules rules = list_rules();
  if (!reads_some(standing, rules)) {  // section 5.2.3
    std::string xml;
    xml::Writer writer(xml);
    writer.start("message").attribute("type", "error").attribute("from", jid_.str());
    if (!id.empty()) {
      writer.attribute("id", id);
    }
    StanzaError(StanzaCondition::forbidden, "The lists of this room are not for you.").write(writer);
    writer.end();
    fan_out_.to_one(client, {Stanza::make(std::move(xml))});
    return;
  }
  const auto named = mav->attribute("since");
  std::optional<std::uint64_t> since = named ? read_version(*named) : std::nullopt;
  if (since == announced_version_) {
    return;
  }
  const RoomAffiliation* own = affiliation_record(occupant.user);
  if (since && (own == nullptr || own->version > *since || *since < record_.affiliations_complete_since || *since < mark_.version)) {
    since.reset();
  }
  const std::vector<Listed> all = listed();   // who is declared alone has no version: a list that knows of them is whole
  std::vector<Item> items;
  const auto collect = [&](std::optional<std::uint64_t> after) {
    for (const Listed& each : all) {
      const std::uint64_t version = each.record != nullptr ? each.record->version : 0;
      if ((!after || version > *after) && reads(standing, each.affiliation, rules)) {
        items.push_back({version, each.jid, each.affiliation});
      }
    }
  };
  if (since) {
    collect(since);
    const auto is_since = [&](std::uint64_t version) { return version > *since; };
    const bool has_removals = std::ranges::any_of(removed_, [&](const auto& entry) { return is_since(entry.second); });
    const bool has_hidden = std::ranges::any_of(all, [&](const Listed& each) {
      return each.record != nullptr && is_since(each.record->version) && !reads(standing, each.affiliation, rules);
    });
    if (reads_all(standing, rules)) {
      for (const auto& [jid, version] : removed_) {
        if (is_since(version)) {
          items.push_back({version, &jid, Affiliation::none});
        }
      }
    } else if (has_removals || has_hidden) {  // they may come from a list he may not read: what he may of now is all he gets
      items.clear();
      since.reset();
    }
    if (items.empty()) {  // there is no empty difference
      since.reset();
    }
  }
  if (!since) {
    collect(std::nullopt);
  }
  std::ranges::sort(items, {}, &Item::version);
  std::vector<StanzaPtr> messages;
  std::size_t at = 0;
  do {
    const std::size_t end = std::min(items.size(), at + items_in_a_message);
    const std::uint64_t until = end == items.size() ? announced_version_ : items[end - 1].version;
    std::string xml;
    xml::Writer writer(xml);
    writer.start("message").attribute("from", jid_.str()).start("x", ns::muc_user);
    write_versions(writer, since, until);
    for (; at < end; ++at) {
      write_item(writer, *items[at].jid, items[at].affiliation);
    }
    writer.end().end();
    messages.push_back(Stanza::make(std::move(xml)));
    since = until;   // the next one goes on where this ends
  } while (at < items.size());
  fan_out_.to_one(client, std::move(messages));
}

// Section 5.2.2, of somebody whose presence does not tell it: to the clients that keep the lists, which is negotiated (section 9): others
// have asked for nothing, and would not know what to do with a message without words.
void Room::tell_affiliation(const RoomAffiliation& changed, Affiliation before, std::uint64_t since) {
  const ListRules rules = list_rules();
  StanzaPtr forms[3];   // as it is, as one that is on no list any more, and without whom it is about
  const auto form = [&](std::size_t which) -> const StanzaPtr& {
    if (forms[which] == nullptr) {
      std::string xml;
      xml::Writer writer(xml);
      writer.start("message").attribute("from", jid_.str()).start("x", ns::muc_user);
      write_versions(writer, since, changed.version);
      if (which < 2) {
        write_item(writer, changed.jid, which == 0 ? changed.affiliation : Affiliation::none);
      }
      writer.end().end();
      forms[which] = Stanza::make(std::move(xml));
    }
    return forms[which];
  };
  for (const auto& [nickname, occupant] : occupants_) {
    const Standing standing{occupant->affiliation, occupant->role};
    if (!reads_some(standing, rules)) {
      continue;
    }
    const std::size_t which = reads(standing, changed.affiliation, rules) ? 0 : reads(standing, before, rules) ? 1 : 2;
    for (const OccupantClient& client : occupant->clients) {
      if (client.keeps_lists) {
        fan_out_.to_one(client.recipient, {form(which)});
      }
    }
  }
}

}  // namespace aldis::muc
