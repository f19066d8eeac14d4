// Pages of an export.
#include "operators/archive_export.h"

#include <algorithm>
#include <limits>

#include "operators/check_argument.h"
#include "operators/mbox.h"
#include "xmpp/forwarded.h"
#include "xmpp/namespaces.h"
#include "xmpp/number.h"

namespace aldis::admin {
namespace {

constexpr std::size_t messages_in_a_page = 500;

std::optional<std::string> value_of(const CommandArguments& arguments, std::string_view name) {
  const auto given = arguments.values.find(name);
  return given == arguments.values.end() ? std::nullopt : std::optional(given->second);
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

void append_result(std::string& out, const ArchivePart::Message& message) {
  out += "<result xmlns='";
  out.append(ns::mam) += "' id='" + message.name + "'>";
  write_forwarded(out, *message.stanza, Delay{.stamp = archive_time(message.id)});
  out += "</result>\n";
}

}  // namespace

Task<Result<OperatorResult>> export_archive(ExportSource source, CommandArguments arguments) {
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
    const auto info = co_await source.info();
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
    out.document = "<?xml version='1.0' encoding='UTF-8'?>\n" + source.head;
  }
  query->page_after = place.behind;
  query->not_behind = query->not_behind == 0 ? place.last + 1 : std::min(query->not_behind, place.last + 1);
  const auto part = co_await source.read(std::move(*query));
  if (!part) {
    co_return fail(part.error());
  }
  for (const ArchivePart::Message& message : part->messages) {
    if (is_mbox) {
      append_mail(out.document, message, source.owner);
    } else {
      append_result(out.document, message);
    }
  }
  if (part->is_last || part->messages.empty()) {
    out.document += is_mbox ? "" : source.foot;
  } else {
    out.next = Place{part->messages.back().id, place.last}.str();
  }
  co_return out;
}

}  // namespace aldis::admin
