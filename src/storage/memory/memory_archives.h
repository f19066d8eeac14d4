// MemoryArchives: what the archive in memory holds and does, without locks or waits.
#pragma once
#include <map>
#include <set>

#include "storage/archive_store.h"

namespace aldis {

class MemoryArchives {
 public:
  struct Entry {
    ArchiveId message;
    StanzaPtr stanza;
    Jid contact;
    std::optional<Jid> alias;
  };
  struct Archive {
    std::map<ArchiveId, Entry> entries;
    std::map<ArchiveId, StanzaPtr> pending;
    std::size_t pending_bytes = 0;
    std::uint64_t bytes = 0;
    ArchivePreferences preferences;
    std::optional<ArchiveRetention> retention;
  };

  [[nodiscard]] ArchiveId last_id() const { return last_id_; }
  Archive& of(const BareJid& owner) { return archives_[owner.str()]; }
  void purge(const std::string& owner) { archives_.erase(owner); }

  Result<void> append(const BareJid& owner, ArchiveEntry entry);
  Result<ArchivePage> find(const BareJid& owner, const ArchiveQuery& query);
  ArchiveSummary summary(const BareJid& owner);
  Result<void> replace(const BareJid& owner, ArchiveId id, StanzaPtr stanza);
  Result<void> hold(const BareJid& owner, const ArchiveEntry& entry, PendingLimits limits);
  std::vector<ArchivedMessage> load_pending(const BareJid& owner, ArchiveId after, std::size_t limit,
                                            std::size_t max_bytes);
  void remove_pending(const BareJid& owner, const std::vector<ArchiveId>& ids);
  TrimmedStep trim(const TrimStep& step);

 private:
  std::map<std::string, Archive, std::less<>> archives_;
  ArchiveId last_id_ = 0;
};

}  // namespace aldis
