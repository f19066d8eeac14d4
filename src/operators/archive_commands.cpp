// What operators do with an account's archive: how much there is, how long it is kept, and an export of it, whole or in part,
// as XEP-0227 (1.1) section 4.11 has it: the results of XEP-0313 in an <archive xmlns='urn:xmpp:pie:0#mam'/>, the oldest first;
// or as an mbox file (mbox.h).
#include <algorithm>

#include "base/options.h"
#include "operators/check_argument.h"
#include "operators/commands.h"
#include "operators/mbox.h"
#include "xml/writer.h"
#include "xmpp/forwarded.h"
#include "xmpp/namespaces.h"
#include "xmpp/number.h"
#include "xmpp/timestamp.h"

namespace aldis::admin::commands {
namespace {

constexpr std::size_t messages_in_a_page = 500;
constexpr std::string_view pie = "urn:xmpp:pie:0";
constexpr std::string_view pie_archive = "urn:xmpp:pie:0#mam";

std::optional<std::string> value_of(const CommandArguments& arguments, std::string_view name) {
  const auto given = arguments.values.find(name);
  return given == arguments.values.end() ? std::nullopt : std::optional(given->second);
}

std::string limits_text(const ArchiveRetention& limits) {
  std::string text = limits.age.count() > 0 ? "messages of the last " + duration_text(limits.age) : "";
  if (limits.bytes > 0) {
    text += text.empty() ? "" : ", and of them ";
    text += "the last " + size_text(Bytes{limits.bytes});
  }
  return text.empty() ? "everything" : text;
}

// Where an export goes on: behind this id, and up to this one, which was the last when it began.
struct Place {
  ArchiveId behind = 0;
  ArchiveId last = 0;

  [[nodiscard]] std::string str() const { return std::to_string(behind) + "-" + std::to_string(last); }
  [[nodiscard]] static std::optional<Place> parse(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) {
      return std::nullopt;
    }
    constexpr auto most = static_cast<ArchiveId>(std::numeric_limits<std::int64_t>::max()) - 1;
    const auto behind = parse_number<ArchiveId>(text.substr(0, dash), 0, most);
    const auto last = parse_number<ArchiveId>(text.substr(dash + 1), 0, most);
    return behind && last ? std::optional(Place{*behind, *last}) : std::nullopt;
  }
};

Result<ArchiveQuery> query_of(const CommandArguments& arguments) {
  ArchiveQuery query{.limit = messages_in_a_page};
  if (const auto with = value_of(arguments, "with")) {
    query.contact = Jid::parse(*with).value();
  }
  const auto start = value_of(arguments, "start");
  const auto end = value_of(arguments, "end");
  if (start && end && *parse_time(*start) >= *parse_time(*end)) {
    return fail(ErrorKind::invalid, "nothing lies between " + *start + " and " + *end);
  }
  if (start) {
    query.not_before = first_archive_id_at(*parse_time(*start));
  }
  if (end) {
    query.not_behind = std::max<ArchiveId>(1, first_archive_id_at(*parse_time(*end)));
  }
  return query;
}

void append_head(std::string& out, const BareJid& jid) {
  out += "<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='";
  out.append(pie) += "'>\n<host jid='";
  xml::append_escaped_attribute(out, jid.domain());
  out += "'>\n<user name='";
  xml::append_escaped_attribute(out, jid.local());
  out += "'>\n<archive xmlns='";
  out.append(pie_archive) += "'>\n";
}

void append_result(std::string& out, const ArchivePart::Message& message) {
  out += "<result xmlns='";
  out.append(ns::mam) += "' id='" + message.name + "'>";
  write_forwarded(out, *message.stanza, Delay{.stamp = archive_time(message.id)});
  out += "</result>\n";
}

}  // namespace

Outcome archive_show(AdminTarget& target, CommandArguments arguments) {
  const auto info = co_await target.archive_info(account_of(arguments));
  if (!info) {
    co_return fail(info.error());
  }
  const auto time = [](ArchiveId id) { return id == 0 ? Value() : Value(format_timestamp(archive_time(id))); };
  co_return OperatorResult{.fields = {{"messages", number(info->messages)},
                                      {"bytes", number(info->bytes)},
                                      {"first", time(info->first)},
                                      {"last", time(info->last)},
                                      {"keeps", info->own_limits ? limits_text(*info->own_limits) : "what its domain says"}}};
}

Outcome archive_keep(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  const auto age = value_of(arguments, "age");
  const auto size = value_of(arguments, "size");
  if (!age && !size) {
    co_return fail(ErrorKind::invalid, "say an age, a size or both; \"archive keep-default\" takes limits away");
  }
  const ArchiveRetention limits{.age = age ? parse_duration(*age).value() : std::chrono::milliseconds(0),
                                .bytes = size ? parse_size(*size).value().count : 0};
  if (limits.bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    co_return fail(ErrorKind::invalid, *size + " is too much; 0B means no limit");
  }
  const Result<void> done = co_await target.set_archive_limits(jid, limits);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("the archive of " + jid.str() + " keeps " + limits_text(limits));
}

Outcome archive_keep_default(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  const Result<void> done = co_await target.set_archive_limits(jid, std::nullopt);
  if (!done) {
    co_return fail(done.error());
  }
  co_return message("the archive of " + jid.str() + " keeps what its domain says");
}

// The archive as it is when the first page is asked for: what comes after that is not in it.
Outcome archive_export(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  Result<ArchiveQuery> query = query_of(arguments);
  if (!query) {
    co_return fail(query.error());
  }
  Place place;
  OperatorResult out;
  if (const auto page = value_of(arguments, "page")) {
    const auto read = Place::parse(*page);
    if (!read) {
      co_return fail(ErrorKind::invalid, *page + " is no place where an export goes on");
    }
    place = *read;
  } else {
    const auto info = co_await target.archive_info(jid);
    if (!info) {
      co_return fail(info.error());
    }
    place.last = info->last;
  }
  const std::string format = value_of(arguments, "format").value_or("xml");
  const bool is_mbox = format == "mbox";
  if (!is_mbox && format != "xml") {
    co_return fail(ErrorKind::invalid, "the format is xml or mbox, not " + format);
  }
  if (!is_mbox && !value_of(arguments, "page")) {
    append_head(out.document, jid);
  }
  query->page_after = place.behind;
  query->not_behind = query->not_behind == 0 ? place.last + 1 : std::min(query->not_behind, place.last + 1);
  const auto part = co_await target.read_archive(jid, std::move(*query));
  if (!part) {
    co_return fail(part.error());
  }
  for (const ArchivePart::Message& message : part->messages) {
    if (is_mbox) {
      append_mail(out.document, message, jid);
    } else {
      append_result(out.document, message);
    }
  }
  if (part->is_last || part->messages.empty()) {
    out.document += is_mbox ? "" : "</archive>\n</user>\n</host>\n</server-data>\n";
  } else {
    out.next = Place{part->messages.back().id, place.last}.str();
  }
  co_return out;
}

}  // namespace aldis::admin::commands
