// What operators do with an account's archive: how much there is, how long it is kept, and an export of it, whole or in part,
// as XEP-0227 (1.1) section 4.11 has it, or as an mbox file (archive_export.h).
#include <algorithm>

#include "base/options.h"
#include "operators/archive_export.h"
#include "operators/commands.h"
#include "xml/writer.h"
#include "xmpp/timestamp.h"

namespace aldis::admin::commands {
namespace {

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

std::string account_head(const BareJid& jid) {
  std::string out = "<server-data xmlns='urn:xmpp:pie:0'>\n<host jid='";
  xml::append_escaped_attribute(out, jid.domain());
  out += "'>\n<user name='";
  xml::append_escaped_attribute(out, jid.local());
  out += "'>\n<archive xmlns='urn:xmpp:pie:0#mam'>\n";
  return out;
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

Outcome archive_export(AdminTarget& target, CommandArguments arguments) {
  const BareJid jid = account_of(arguments);
  ExportSource source{.owner = jid,
                      .info = [&target, jid] { return target.archive_info(jid); },
                      .read = [&target, jid](ArchiveQuery query) { return target.read_archive(jid, std::move(query)); },
                      .head = account_head(jid),
                      .foot = "</archive>\n</user>\n</host>\n</server-data>\n"};
  Result<OperatorResult> exported = co_await export_archive(std::move(source), std::move(arguments));
  co_return exported;
}

}  // namespace aldis::admin::commands
