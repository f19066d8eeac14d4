// What operators do with rooms (XEP-0045). Those of a domain's administrators end at their domain, and what was said in a room is
// for whoever runs the server.
#include <algorithm>

#include "operators/archive_export.h"
#include "operators/commands.h"
#include "xml/writer.h"
#include "xmpp/timestamp.h"

namespace aldis::admin::commands {
namespace {

BareJid room_of(const CommandArguments& arguments) { return BareJid::parse(arguments.values.find("room")->second).value(); }

std::string value_of(const CommandArguments& arguments, std::string_view name) {
  const auto given = arguments.values.find(name);
  return given == arguments.values.end() ? std::string() : given->second;
}

Value time_of(WallTime time) { return time == WallTime{} ? Value() : Value(format_timestamp(time)); }

std::size_t count_of(const RoomInfo& room, Affiliation affiliation) {
  return static_cast<std::size_t>(std::ranges::count(room.image.affiliations, affiliation, &RoomAffiliation::affiliation));
}

std::string owners_of(const RoomInfo& room) {
  constexpr std::size_t most = 20;
  std::string text;
  std::size_t count = 0;
  for (const RoomAffiliation& each : room.image.affiliations) {
    if (each.affiliation == Affiliation::owner && ++count <= most) {
      text.append(text.empty() ? "" : ", ").append(each.jid.str());
    }
  }
  return count > most ? text + ", ..." : text;
}

Result<Affiliation> read_affiliation(const std::string& word) {
  const auto affiliation = parse_affiliation(word);
  if (!affiliation) {
    return fail(ErrorKind::invalid, word + " is no affiliation: owner, admin, member, outcast or none");
  }
  return *affiliation;
}

}  // namespace

Outcome room_list(AdminTarget& target, CommandArguments arguments) {
  std::vector<std::string> domains = target.domains();
  if (const std::string domain = value_of(arguments, "domain"); !domain.empty()) {
    domains = {prepare_domain(domain).value()};
  }
  OperatorResult listing;
  for (const std::string& domain : domains) {
    std::string after;
    for (bool is_more = true; is_more && listing.rows.size() < max_listing;) {
      constexpr std::size_t page = 1000;
      const auto rooms = co_await target.list_rooms(domain, after, page);
      if (!rooms) {
        co_return fail(rooms.error());
      }
      for (const RoomSummary& room : *rooms) {
        listing.rows.push_back({room.room.str(), some(room.name), room.is_public, room.is_persistent, time_of(room.created),
                                time_of(room.last_active)});
        after = std::string(room.room.local());
      }
      is_more = rooms->size() == page;
    }
  }
  co_return listing;
}

Outcome room_show(AdminTarget& target, CommandArguments arguments) {
  const auto room = co_await target.find_room(room_of(arguments));
  if (!room) {
    co_return fail(room.error());
  }
  const RoomRecord& record = room->image.record;
  co_return OperatorResult{.fields = {{"room", record.room.str()},
                                      {"name", some(record.name)},
                                      {"public", record.is_public},
                                      {"persistent", record.is_persistent},
                                      {"subject", some(record.subject)},
                                      {"created", time_of(record.created)},
                                      {"last-active", time_of(record.last_active)},
                                      {"occupants", room->occupants ? Value(number(*room->occupants)) : Value()},
                                      {"owners", owners_of(*room)},
                                      {"admins", number(count_of(*room, Affiliation::admin))},
                                      {"members", number(count_of(*room, Affiliation::member))},
                                      {"outcasts", number(count_of(*room, Affiliation::outcast))},
                                      {"archived-messages", number(room->archive.messages)},
                                      {"archived-bytes", number(room->archive.bytes)}}};
}

Outcome room_create(AdminTarget& target, CommandArguments arguments) {
  const BareJid room = room_of(arguments);
  const BareJid owner = BareJid::parse(value_of(arguments, "owner")).value();
  const Result<void> done = co_await target.create_room(room, owner);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("room " + room.str() + " created, owned by " + owner.str());
}

Outcome room_destroy(AdminTarget& target, CommandArguments arguments) {
  const BareJid room = room_of(arguments);
  const Result<void> done = co_await target.destroy_room(room, value_of(arguments, "reason"));
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("room " + room.str() + " and everything in it destroyed");
}

Outcome room_affiliation_list(AdminTarget& target, CommandArguments arguments) {
  std::optional<Affiliation> only;
  if (const std::string word = value_of(arguments, "affiliation"); !word.empty()) {
    const Result<Affiliation> read = read_affiliation(word);
    if (!read) {
      co_return fail(read.error());
    }
    only = *read;
  }
  const auto room = co_await target.find_room(room_of(arguments));
  if (!room) {
    co_return fail(room.error());
  }
  OperatorResult listing;
  for (const RoomAffiliation& each : room->image.affiliations) {
    if ((!only || each.affiliation == *only) && listing.rows.size() < max_listing) {
      listing.rows.push_back({each.jid.str(), std::string(to_string(each.affiliation)), some(each.nickname), some(each.reason)});
    }
  }
  co_return listing;
}

Outcome room_affiliation_set(AdminTarget& target, CommandArguments arguments) {
  const BareJid room = room_of(arguments);
  const Result<Affiliation> affiliation = read_affiliation(value_of(arguments, "affiliation"));
  if (!affiliation) {
    co_return fail(affiliation.error());
  }
  const Jid whom = Jid::parse(value_of(arguments, "address")).value().bare();
  if (!whom.has_local() && *affiliation > Affiliation::none) {
    co_return fail(ErrorKind::invalid, whom.str() + " is a domain, which can only be an outcast");
  }
  const Result<void> done = co_await target.set_room_affiliation(room, whom, *affiliation, value_of(arguments, "reason"));
  if (!done) {
    co_return fail(done.error());
  }
  co_return message(whom.str() + " is " + std::string(to_string(*affiliation)) + " in " + room.str());
}

Outcome room_export(AdminTarget& target, CommandArguments arguments) {
  const BareJid room = room_of(arguments);
  std::string head = "<archive xmlns='urn:xmpp:pie:0#mam' jid='";
  xml::append_escaped_attribute(head, room.str());
  head += "'>\n";
  const auto info = [&target, room]() -> Task<Result<ArchiveInfo>> {
    const auto found = co_await target.find_room(room);
    if (!found) {
      co_return fail(found.error());
    }
    co_return found->archive;
  };
  ExportSource source{.owner = room,
                      .info = info,
                      .read = [&target, room](ArchiveQuery query) { return target.read_room_archive(room, std::move(query)); },
                      .head = std::move(head),
                      .foot = "</archive>\n"};
  Result<OperatorResult> exported = co_await export_archive(std::move(source), std::move(arguments));
  co_return exported;
}

}  // namespace aldis::admin::commands
