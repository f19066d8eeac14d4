// What is recorded is what all may see, and behind it, in an <x xmlns='http://jabber.org/protocol/muc#user'/> that the room has
// written and nobody else, what some may see (XEP-0313 sections 5.1.2 and 9.3).
#include "extensions/muc/archive.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "core/archived.h"
#include "core/iq.h"
#include "extensions/keeping.h"
#include "extensions/mam/answer.h"
#include "extensions/mam/query.h"
#include "xmpp/delay.h"
#include "xmpp/namespaces.h"
#include "xmpp/number.h"
#include "xmpp/timestamp.h"

namespace aldis::muc {
namespace {

constexpr std::array features{ns::mam,        ns::mam_extended, ns::fulltext,
                              ns::retraction, ns::tombstones,   ns::moderation};

bool is_user_item(const xml::Element& child) { return child.is({"x", ns::muc_user}); }

std::string item_of(const MessageAuthor& author) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("x", ns::muc_user).start("item").attribute("affiliation", to_string(author.affiliation));
  writer.attribute("jid", author.jid.str()).attribute("role", author.role).end().end();
  return xml;
}

// As it was reflected, but for its stanza-id.
StanzaPtr shown_to(const ArchivedMessage& message, const BareJid& room, bool sees_real_jids) {
  StanzaPtr stanza = as_stored(message, room);
  return sees_real_jids ? stanza : stanza->amended(is_user_item, {});
}

StanzaPtr fails(const Stanza& request, const Error& error) {
  log::warning("room-archive-not-read", {{"room", request.to() ? request.to()->str() : ""}, {"cause", error.what}});
  return make_error(request, answer_to(error));
}

// Section 3.1.1: the publisher is an occupant for everybody, a real address for those who may see it.
std::optional<StanzaError> refuses_filter(ArchiveQuery& query, const BareJid& room, bool sees_real_jids) {
  if (!query.contact) {
    return std::nullopt;
  }
  if (query.contact->bare_str() == room.str()) {
    if (query.contact->is_full()) {
      query.alias = std::move(query.contact);
    }
    query.contact.reset();  // the room's bare address: all is from there
    return std::nullopt;
  }
  if (!sees_real_jids) {
    return StanzaError(StanzaCondition::forbidden, "real addresses are not shown to you here");
  }
  if (query.contact->is_full()) {
    return StanzaError(StanzaCondition::feature_not_implemented, "a room's archive knows people, not their clients");
  }
  return std::nullopt;
}

Task<bool> next_turn(Home& home) {
  const Completion<bool> turn;
  home.shard().post([turn] { turn.complete(true); });
  co_return co_await turn;
}

Task<StanzaPtr> answer_query(Home& home, BareJid room, StanzaPtr request, RoomArchiveView view, std::uint32_t most,
                             SendResult send) {
  constexpr std::size_t results_in_a_turn = 32;
  const ArchiveIdForm& form = home.world().archive_form;
  Result<ext::MamQuery, StanzaError> query = ext::parse_mam_query(*request->payload(), form, most);
  if (!query) {
    co_return make_error(*request, query.error());
  }
  if (const std::optional<StanzaError> refusal = refuses_filter(query->archive, room, view.sees_real_jids)) {
    co_return make_error(*request, *refusal);
  }
  const Result<ArchivePage> page = co_await home.world().stores.archive.find(room, query->archive);
  if (!page) {
    co_return page.error().kind == ErrorKind::not_found
        ? make_error(*request, StanzaError(StanzaCondition::item_not_found))
        : fails(*request, page.error());
  }
  const std::size_t count = page->messages.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (i % results_in_a_turn == results_in_a_turn - 1) {
      static_cast<void>(co_await next_turn(home));
    }
    const ArchivedMessage& message = page->messages[query->is_flipped ? count - 1 - i : i];
    const StanzaPtr shown = shown_to(message, room, view.sees_real_jids);
    if (!send(ext::mam_result(room, *request->from(), *query, message.id, *shown, form))) {
      break;
    }
  }
  co_return make_result(*request, ext::mam_fin(*page, form));
}

}  // namespace

std::span<const std::string_view> archive_features() { return features; }

bool is_recorded(const Stanza& message) { return ext::is_kept_by_room(message); }

Task<Result<void>> record(Home& home, BareJid room, ArchiveId id, StanzaPtr reflected, MessageAuthor author) {
  const auto is_written_anew = [&](const xml::Element& child) {
    return is_user_item(child) ||
           (child.is({"stanza-id", ns::stanza_ids}) && child.attribute("by") == std::string_view(room.str()));
  };
  ArchiveEntry entry{.id = id,
                     .message = id,
                     .stanza = reflected->with_addresses(reflected->from(), std::nullopt)
                                   ->amended(is_written_anew, item_of(author)),
                     .contact = author.jid};
  if (reflected->from() && reflected->from()->is_full()) {
    entry.alias = reflected->from();
  }
  const Result<void> stored = co_await home.world().stores.archive.append(std::move(room), std::move(entry));
  co_return stored;
}

bool is_archive_request(const Stanza& iq) {
  const auto payload = iq.payload();
  return iq.is_request() && payload && (payload->is({"query", ns::mam}) || payload->is({"metadata", ns::mam}));
}

Task<StanzaPtr> answer_archive_request(Home& home, BareJid room, StanzaPtr request, RoomArchiveView view,
                                       std::uint32_t most, SendResult send) {
  if (!view.may_read) {  // section 5.1.2
    co_return make_error(*request, StanzaError(StanzaCondition::forbidden));
  }
  const bool is_query = request->payload()->is({"query", ns::mam});
  if (is_query && request->type() == StanzaType::get) {
    co_return make_result(*request, ext::mam_query_form());
  }
  if (is_query) {
    StanzaPtr answer = co_await answer_query(home, std::move(room), std::move(request), view, most, std::move(send));
    co_return answer;
  }
  if (request->type() != StanzaType::get) {
    co_return make_error(*request, StanzaError(StanzaCondition::bad_request));
  }
  const Result<ArchiveSummary> summary = co_await home.world().stores.archive.summary(std::move(room));
  co_return summary ? make_result(*request, ext::mam_metadata(*summary, home.world().archive_form))
                    : fails(*request, summary.error());
}

// ---- history

Result<HistoryLimits, StanzaError> parse_history(const xml::Element& muc) {
  HistoryLimits limits;
  const auto history = muc.child({"history", ns::muc});
  if (!history) {
    return limits;
  }
  const auto bad = [](std::string_view name) {
    return fail(StanzaError(StanzaCondition::bad_request, "history: " + std::string(name) + " cannot be read"));
  };
  constexpr std::uint32_t most = 2'000'000'000;
  for (const auto& [name, to] : {std::pair{"maxchars", &limits.max_chars}, {"maxstanzas", &limits.max_stanzas}}) {
    if (const auto text = history->attribute(name)) {
      const auto number = parse_number<std::uint32_t>(*text, 0, most);
      if (!number) {
        return bad(name);
      }
      *to = *number;
    }
  }
  if (const auto text = history->attribute("seconds")) {
    const auto number = parse_number<std::uint32_t>(*text, 0, most);
    if (!number) {
      return bad("seconds");
    }
    limits.seconds = std::chrono::seconds(*number);
  }
  if (const auto text = history->attribute("since")) {
    limits.since = parse_timestamp(*text);
    if (!limits.since) {
      return bad("since");
    }
  }
  return limits;
}

Task<Result<std::vector<StanzaPtr>>> recent(Home& home, BareJid room, HistoryLimits limits, std::size_t most) {
  constexpr int most_pages = 5;  // of an archive that holds little but reactions
  std::vector<StanzaPtr> found;   // the newest first
  most = std::min(most, limits.max_stanzas.value_or(most));
  ArchiveQuery query{.is_last_page = true, .limit = most};
  if (limits.seconds) {
    query.not_before = first_archive_id_at(home.world().clock.wall() - *limits.seconds);
  }
  if (limits.since) {
    query.not_before = std::max(query.not_before, first_archive_id_at(*limits.since));
  }
  std::size_t characters = 0;
  bool is_over = most == 0 || limits.max_chars == std::size_t{0};
  for (int i = 0; i < most_pages && !is_over; ++i) {
    Result<ArchivePage> page = co_await home.world().stores.archive.find(room, query);
    if (!page) {
      co_return fail(page.error());
    }
    is_over = page->is_complete || page->messages.empty();
    for (auto at = page->messages.rbegin(); at != page->messages.rend() && found.size() < most; ++at) {
      const StanzaPtr stanza = as_stored(*at, room);
      if (!stanza->child({"body", ns::client})) {
        continue;
      }
      std::string more;
      Delay{.stamp = archive_time(at->id), .from = Jid(room)}.write(more);
      more += stanza_id(at->id, room, home.world().archive_form);
      StanzaPtr shown = stanza->amended(is_user_item, more);
      characters += shown->size();
      if (limits.max_chars && characters > *limits.max_chars) {
        is_over = true;
        break;
      }
      found.push_back(std::move(shown));
    }
    is_over = is_over || found.size() == most;
    if (!page->messages.empty()) {
      query.page_before = page->messages.front().id;
    }
  }
  std::ranges::reverse(found);
  co_return found;
}

}  // namespace aldis::muc
