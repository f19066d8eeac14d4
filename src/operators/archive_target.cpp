// An account's archive as operators see it.
#include "operators/archive_target.h"

#include "core/archived.h"
#include "operators/account_errors.h"

namespace aldis::admin {
namespace {

// An archive can be asked for of anybody; operators are told when there is no such account.
Task<Result<void>> require_account(Stores stores, BareJid jid) {
  const Result<AccountRecord> account = co_await stores.accounts.find(jid);
  co_return account ? Result<void>() : name_account(fail(account.error()), jid);
}

}  // namespace

ArchiveInfo info_of(const ArchiveSummary& summary) {
  return {.messages = summary.messages,
          .bytes = summary.bytes,
          .first = summary.first,
          .last = summary.last,
          .own_limits = summary.own_limits};
}

Task<Result<ArchiveInfo>> archive_info_of(Stores stores, BareJid jid) {
  const Result<void> found = co_await require_account(stores, jid);
  if (!found) {
    co_return fail(found.error());
  }
  const Result<ArchiveSummary> summary = co_await stores.archive.summary(std::move(jid));
  if (!summary) {
    co_return fail(summary.error());
  }
  co_return info_of(*summary);
}

Task<Result<void>> set_limits_of_archive(Stores stores, BareJid jid, std::optional<ArchiveRetention> own) {
  const Result<void> found = co_await require_account(stores, jid);
  if (!found) {
    co_return found;
  }
  Result<void> done = co_await stores.archive.set_retention(std::move(jid), own);
  co_return done;
}

Task<Result<ArchivePart>> read_part_of_archive(Stores stores, BareJid jid, ArchiveQuery query) {
  const Result<void> found = co_await require_account(stores, jid);
  if (!found) {
    co_return fail(found.error());
  }
  Result<ArchivePart> part = co_await read_part(stores, std::move(jid), std::move(query));
  co_return part;
}

Task<Result<ArchivePart>> read_part(Stores stores, BareJid owner, ArchiveQuery query) {
  const Result<std::optional<ArchiveIdForm>> form = co_await stored_archive_form(stores.settings);
  if (!form) {
    co_return fail(form.error());
  }
  const Result<ArchivePage> page = co_await stores.archive.find(owner, std::move(query));
  if (!page) {
    co_return fail(page.error());
  }
  if (!page->messages.empty() && !*form) {
    co_return fail(ErrorKind::corrupt, "the store has lost the archive's key");
  }
  ArchivePart part{.is_last = page->is_complete};
  for (const ArchivedMessage& message : page->messages) {
    part.messages.push_back({message.id, (*form)->write(message.id), as_stored(message, owner)});
  }
  co_return part;
}

}  // namespace aldis::admin
