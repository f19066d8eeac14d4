// ArchiveStore: the messages of accounts and rooms: each owner's archive (XEP-0313), and those that wait for a session to take
// them (XEP-0160). A message is kept once; the archives of its sender and its recipient, and what waits, refer to it,
// and it goes with the last that does.
//
// Ids are chosen by the owner's home before delivery, so that an archive's order is the order of delivery. They carry
// their time: microseconds since 2020 (UTC), shifted by 12 bits for the number of the home. 0 is none.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"

namespace aldis {

using ArchiveId = std::uint64_t;

// The time an id carries; the first id that may carry a time (times out of reach give the nearest).
[[nodiscard]] WallTime archive_time(ArchiveId id);
[[nodiscard]] ArchiveId first_archive_id_at(WallTime time);
// What full-text search finds a message by: its bodies, in all languages.
[[nodiscard]] std::string searchable_text(const Stanza& message);

// A message on its way into one owner's archive.
struct ArchiveEntry {
  ArchiveId id = 0;       // greater than all the owner had before
  ArchiveId message = 0;  // names the message itself: the id it was given first; the owner's own, or the sender's
  StanzaPtr stanza;       // kept only if the store does not have `message`
  Jid contact;            // the other side; bare or full
  std::optional<Jid> alias{};  // in place of the contact's full address: another, full, that the message is found by
};

// Only messages that fit all that is set. An id that is named and not in the archive is not_found.
struct ArchiveQuery {
  std::optional<Jid> contact{};  // bare: with any resource
  std::optional<Jid> alias{};    // as ArchiveEntry has it
  ArchiveId not_before = 0;      // bounds of time, as first_archive_id_at has them: inclusive
  ArchiveId not_behind = 0;      // exclusive; 0: none
  ArchiveId after_id = 0;        // exclusive; 0: none
  ArchiveId before_id = 0;
  ArchiveId page_after = 0;  // the same for the page; the page ends the set, not a gap in it
  ArchiveId page_before = 0;
  std::vector<ArchiveId> ids{};         // these only, if there are any
  std::string words{};                  // all of these words, in any order; empty: no search
  bool is_last_page = false;            // the page that ends what fits, not the one that begins it
  std::size_t limit = 50;               // of messages in the page; 0: count only
  std::size_t max_bytes = 1024 * 1024;  // of stanzas in the page; it holds one in any case
  bool wants_count = false;             // of all that fit, pages aside
};

struct ArchivedMessage {
  ArchiveId id = 0;
  std::string stanza{};
  bool is_archived = true;  // false: it only waits, the archive does not have it
};

struct ArchivePage {
  std::vector<ArchivedMessage> messages{};  // in order
  bool is_complete = true;                  // nothing that fits lies beyond the page, in its direction
  std::optional<std::uint64_t> count{};
};

// What an owner wants in the archive (XEP-0441).
struct ArchivePreferences {
  enum class Default : std::uint8_t { unset, always, never, roster };  // unset: as the domain has it
  Default otherwise = Default::unset;
  std::vector<Jid> always{};
  std::vector<Jid> never{};
};

struct PendingLimits {
  std::size_t messages = 1000;
  std::size_t bytes = 10 * 1024 * 1024;
};

// How much of an archive stays; 0: no limit.
struct ArchiveRetention {
  std::chrono::milliseconds age{0};
  std::uint64_t bytes = 0;
};

struct ArchiveSummary {
  ArchiveId first = 0;  // 0: the archive is empty
  ArchiveId last = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::optional<ArchiveRetention> own_limits{};  // as set_retention left them
};

// One step of keeping a domain's archives within their limits.
struct TrimStep {
  std::string domain;
  ArchiveRetention limits{};  // of archives that have none of their own
  WallTime now{};
  std::string after{};     // goes on behind this owner
  std::size_t most = 200;  // entries removed in one step: other writes wait no longer than that takes
};
struct TrimmedStep {
  std::size_t removed = 0;
  std::string next{};  // where the next step goes on; empty: at the beginning, all have been looked at
};

class ArchiveStore {
 public:
  virtual ~ArchiveStore() = default;

  // Why a write would be refused now, if it would: known without waiting, so that nothing is delivered that cannot be kept.
  [[nodiscard]] virtual std::optional<Error> refuses_writes() const = 0;
  // How long writes wait now until they are begun. Where that grows, they come faster than they are done, and whoever causes
  // them is to be slowed down.
  [[nodiscard]] virtual std::chrono::milliseconds write_delay() const = 0;
  // No id above it has been given out by a server that has ended.
  virtual Task<Result<ArchiveId>> high_water() = 0;

  virtual Task<Result<void>> append(BareJid owner, ArchiveEntry entry) = 0;
  // A read of an owner holds all writes of that owner that were asked for before.
  virtual Task<Result<ArchivePage>> find(BareJid owner, ArchiveQuery query) = 0;
  virtual Task<Result<ArchiveSummary>> summary(BareJid owner) = 0;
  // Another text in the place of a message, which keeps its id and addresses. not_found; denied where another archive, or what
  // waits, refers to the message too.
  virtual Task<Result<void>> replace(BareJid owner, ArchiveId id, StanzaPtr stanza) = 0;

  // The message waits for a session, whether the archive has it or not; once, however often it is said. full beyond the
  // limits.
  virtual Task<Result<void>> hold(BareJid owner, ArchiveEntry entry, PendingLimits limits) = 0;
  // In order, behind `after`; at most `limit` messages, and about `max_bytes` (one in any case).
  virtual Task<Result<std::vector<ArchivedMessage>>> load_pending(BareJid owner, ArchiveId after, std::size_t limit,
                                                                  std::size_t max_bytes) = 0;
  // These no longer wait; one that does not: success.
  virtual Task<Result<void>> remove_pending(BareJid owner, std::vector<ArchiveId> ids) = 0;

  virtual Task<Result<ArchivePreferences>> load_preferences(BareJid owner) = 0;
  virtual Task<Result<void>> store_preferences(BareJid owner, ArchivePreferences preferences) = 0;

  // Limits of the owner's own; nothing: the domain's apply.
  virtual Task<Result<void>> set_retention(BareJid owner, std::optional<ArchiveRetention> limits) = 0;
  // Removes the oldest beyond the limits, and what accounts left that were removed. What waits goes on waiting.
  virtual Task<Result<TrimmedStep>> trim(TrimStep step) = 0;
};

}  // namespace aldis
