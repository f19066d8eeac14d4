// XEP-0045 (1.35.5) Multi-User Chat: the service of a domain of rooms: what it says of itself, its list of public rooms (section 6.3),
// and the rooms, which live at its addresses (extensions/muc/room.h).
#include <limits>

#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "extensions/mam/mam.h"
#include "extensions/muc/administration.h"
#include "extensions/muc/channel_search.h"
#include "extensions/muc/declared_rooms.h"
#include "extensions/muc/room.h"
#include "extensions/operator_commands.h"
#include "xmpp/namespaces.h"
#include "xmpp/result_set.h"

namespace aldis::ext {
namespace {

constexpr std::uint32_t rooms_in_a_page = 100;

// The localpart of a room of this service that a page goes on at; nothing where the text names none.
std::optional<std::string> localpart(const std::optional<std::string>& address, const Iq& request) {
  if (!address || address->empty()) {
    return std::string();
  }
  const auto jid = Jid::parse(*address);
  if (!jid || !jid->has_local() || jid->domain() != request.host().domain()) {
    return std::nullopt;
  }
  return std::string(jid->local());
}

Task<StanzaPtr> list_rooms(Iq request) {
  if (request.payload().attribute("node")) {
    co_return request.error(StanzaCondition::item_not_found);
  }
  const auto page = ResultSetRequest::parse_child_of(request.payload());
  if (!page) {
    co_return request.error(page.error());
  }
  const std::optional<std::string> after = localpart(page->after, request);
  const std::optional<std::string> before = localpart(page->before, request);
  if (!after || !before || page->index) {  // XEP-0059 section 2.4; 2.6: places are not counted
    co_return request.error(page->index ? StanzaCondition::feature_not_implemented : StanzaCondition::item_not_found);
  }
  RoomStore& rooms = request.home().world().stores.rooms;
  const std::string domain(request.host().domain());
  RoomPageRequest wanted{.after = *after, .before = *before, .is_last_page = page->before.has_value(), .only_public = true,
                         .limit = page->limit(rooms_in_a_page)};
  const Result<std::uint64_t> count = co_await rooms.count(domain, true);
  Result<RoomPage> found = RoomPage{};
  if (wanted.limit > 0) {
    found = co_await rooms.list(domain, wanted);
  }
  if (!count || !found) {
    co_return request.failure(!count ? count.error() : found.error());
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::disco_items);
  for (const RoomSummary& room : found->rooms) {
    writer.start("item").attribute("jid", room.room.str());
    writer.attribute("name", room.name.empty() ? room.room.local() : std::string_view(room.name)).end();
  }
  const bool is_part = found->rooms.size() < *count || request.payload().child({"set", ns::rsm});
  if (is_part) {
    ResultSet set{.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(*count, std::numeric_limits<std::uint32_t>::max()))};
    if (!found->rooms.empty()) {
      set.first = found->rooms.front().room.str();
      set.last = found->rooms.back().room.str();
    }
    set.write(writer);
  }
  writer.end();
  co_return request.result(payload);
}

}  // namespace

const OptionTable& muc_options() { return option_table<muc::MucOptions>(muc::muc_option_list); }
const OptionTable& room_options() { return option_table<muc::RoomOptions>(muc::room_option_list); }

void install_muc(Extension& self) {
  muc::MucOptions options = self.config<muc::MucOptions>();
  options.group_rules = muc::group_rules_of(options);
  self.identify("conference", "text", options.name);
  for (const std::string_view feature : {ns::muc, ns::muc_stable_id, ns::occupant_id, ns::rsm}) {
    self.advertise(feature);
  }
  self.advertise(ns::vcard);   // of its rooms (XEP-0486 section 4.1); its own is empty
  self.on_iq_get({"vCard", ns::vcard}, {Recipient::server}, [](const Iq& request) -> IqReply { return request.result("<vCard xmlns='vcard-temp'/>"); });
  muc::offer_channel_search(self);
  self.list_items([](const Iq& request) -> IqReply { return list_rooms(request); });
  muc::DeclaredRooms& declarations = self.host().shared<muc::DeclaredRooms>();
  self.house([options, &declarations](Home& home, const VirtualHost& host, BareJid jid) -> std::unique_ptr<Resident> {
    return std::make_unique<muc::Room>(home, host, std::move(jid), options, declarations);
  });
  trim_archives(self, {.age = options.keep_for, .bytes = options.keep_bytes.count});
  if (options.remove_after_idle.count() > 0) {
    muc::remove_idle_rooms(self, options.remove_after_idle, declarations);
  }
  muc::keep_declared_rooms(self, declarations);
  self.on_groups_changed([domain = std::string(self.host().domain()), has_rules = !options.group_rules.empty(), &declarations](Home& home) {
    if (has_rules || declarations.now()->has_groups) {
      home.residents().for_each_of(domain, [](Resident& resident) { static_cast<muc::Room&>(resident).groups_changed(); });
    }
  });
  self.explain_group_rights([rules = options.group_rules, &host = self.host(), &declarations](const BareJid& user) {
    std::vector<std::string> rights;
    const auto explain = [&](Affiliation affiliation, std::string_view rooms, const GroupName& group) {
      if (host.is_in_group(user, group)) {
        rights.push_back(std::string(to_string(affiliation)) + " of " + std::string(rooms) + "@" + std::string(host.domain()) + " by " + group.group);
      }
    };
    for (const muc::GroupRule& rule : rules) {
      explain(rule.affiliation, rule.rooms, rule.group);
    }
    for (const auto& [local, room] : declarations.now()->rooms) {
      for (const muc::DeclaredRoom::Group& each : room->groups) {
        explain(each.affiliation, local, each.group);
      }
    }
    return rights;
  });
  self.administer_rooms(muc::administration_of(self.world(), self.host()));
  offer_operator_commands(self, std::make_shared<DomainOperators>(self), {});
}

}  // namespace aldis::ext
