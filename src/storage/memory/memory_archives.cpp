// The archive in memory.
#include "storage/memory/memory_archives.h"

#include <algorithm>
#include <limits>

#include "storage/memory/memory_shelves.h"

namespace aldis {
namespace {

// Words as the full-text index of the other backend has them, for ASCII; other characters are letters here.
std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) {
      word += c;
    } else if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (!word.empty()) {
      words.insert(std::exchange(word, {}));
    }
  }
  if (!word.empty()) {
    words.insert(std::move(word));
  }
  return words;
}

bool matches(const MemoryArchives::Entry& entry, const ArchiveQuery& query, const std::set<std::string>& words) {
  if (query.contact && (query.contact->is_bare() ? entry.contact.bare_str() != query.contact->bare_str()
                                                 : entry.alias || entry.contact.str() != query.contact->str())) {
    return false;
  }
  if (query.alias && entry.alias != query.alias) {
    return false;
  }
  return query.words.empty() ||
         (!words.empty() && std::ranges::includes(words_of(searchable_text(*entry.stanza)), words));
}

}  // namespace

Result<void> MemoryArchives::append(const BareJid& owner, ArchiveEntry entry) {
  last_id_ = std::max(last_id_, entry.id);
  Archive& archive = of(owner);
  archive.bytes += entry.stanza->to_xml().size();
  archive.entries.insert_or_assign(entry.id,
                                   Entry{entry.message, std::move(entry.stanza), std::move(entry.contact), std::move(entry.alias)});
  return {};
}

Result<ArchivePage> MemoryArchives::find(const BareJid& owner, const ArchiveQuery& query) {
  ArchivePage page;
  const Archive& archive = of(owner);
  std::set<ArchiveId> named(query.ids.begin(), query.ids.end());
  for (const ArchiveId id : {query.after_id, query.before_id, query.page_after, query.page_before}) {
    if (id != 0 && !archive.entries.contains(id)) {
      return fail(ErrorKind::not_found, "no such message in the archive");
    }
  }
  if (std::ranges::any_of(named, [&](ArchiveId id) { return !archive.entries.contains(id); })) {
    return fail(ErrorKind::not_found, "no such message in the archive");
  }
  const std::set<std::string> words = words_of(query.words);
  const auto within = [](ArchiveId id, ArchiveId after, ArchiveId before) {
    return id > after && (before == 0 || id < before);
  };
  std::vector<ArchivedMessage> found;
  std::uint64_t count = 0;
  for (const auto& [id, entry] : archive.entries) {
    if (id >= query.not_before && (query.not_behind == 0 || id < query.not_behind) &&
        within(id, query.after_id, query.before_id) && (named.empty() || named.contains(id)) &&
        matches(entry, query, words)) {
      ++count;
      if (within(id, query.page_after, query.page_before)) {
        found.push_back({.id = id, .stanza = entry.stanza->to_xml()});
      }
    }
  }
  if (query.wants_count || query.limit == 0) {
    page.count = count;
  }
  if (query.limit == 0) {
    page.is_complete = count == 0;
    return page;
  }
  if (query.is_last_page) {
    std::ranges::reverse(found);
  }
  std::size_t bytes = 0;
  for (ArchivedMessage& message : found) {
    bytes += message.stanza.size();
    if (page.messages.size() == query.limit || (bytes > query.max_bytes && !page.messages.empty())) {
      page.is_complete = false;
      break;
    }
    page.messages.push_back(std::move(message));
  }
  if (query.is_last_page) {
    std::ranges::reverse(page.messages);
  }
  return page;
}

ArchiveSummary MemoryArchives::summary(const BareJid& owner) {
  const Archive& archive = of(owner);
  ArchiveSummary summary{.messages = archive.entries.size(), .bytes = archive.bytes, .own_limits = archive.retention};
  if (!archive.entries.empty()) {
    summary.first = archive.entries.begin()->first;
    summary.last = archive.entries.rbegin()->first;
  }
  return summary;
}

Result<void> MemoryArchives::replace(const BareJid& owner, ArchiveId id, StanzaPtr stanza) {
  Archive& archive = of(owner);
  const auto at = archive.entries.find(id);
  if (at == archive.entries.end()) {
    return fail(ErrorKind::not_found, "no such message in the archive");
  }
  const ArchiveId message = at->second.message;
  const bool is_shared = archive.pending.contains(id) || std::ranges::any_of(archives_, [&](const auto& other) {
    return other.first != owner.str() && std::ranges::any_of(other.second.entries, [&](const auto& entry) {
      return entry.second.message == message;
    });
  });
  if (is_shared) {
    return fail(ErrorKind::denied, "another archive has the message too");
  }
  archive.bytes += stanza->to_xml().size() - at->second.stanza->to_xml().size();
  at->second.stanza = std::move(stanza);
  return {};
}

Result<void> MemoryArchives::hold(const BareJid& owner, const ArchiveEntry& entry, PendingLimits limits) {
  Archive& archive = of(owner);
  if (archive.pending.contains(entry.id)) {
    return {};
  }
  const std::size_t size = entry.stanza->to_xml().size();
  if (archive.pending.size() + 1 > limits.messages || archive.pending_bytes + size > limits.bytes) {
    return fail(ErrorKind::full, "messages that wait for " + owner.str());
  }
  last_id_ = std::max(last_id_, entry.id);
  archive.pending_bytes += size;
  archive.pending.insert_or_assign(entry.id, entry.stanza);
  return {};
}

std::vector<ArchivedMessage> MemoryArchives::load_pending(const BareJid& owner, ArchiveId after, std::size_t limit,
                                                          std::size_t max_bytes) {
  const Archive& archive = of(owner);
  std::vector<ArchivedMessage> found;
  std::size_t bytes = 0;
  for (auto at = archive.pending.upper_bound(after); at != archive.pending.end() && found.size() < limit; ++at) {
    std::string text = at->second->to_xml();
    bytes += text.size();
    if (bytes > max_bytes && !found.empty()) {
      break;
    }
    found.push_back({.id = at->first, .stanza = std::move(text), .is_archived = archive.entries.contains(at->first)});
  }
  return found;
}

void MemoryArchives::remove_pending(const BareJid& owner, const std::vector<ArchiveId>& ids) {
  Archive& archive = of(owner);
  for (const ArchiveId id : ids) {
    if (const auto found = archive.pending.find(id); found != archive.pending.end()) {
      archive.pending_bytes -= found->second->to_xml().size();
      archive.pending.erase(found);
    }
  }
}

TrimmedStep MemoryArchives::trim(const TrimStep& step) {
  TrimmedStep done{.next = step.after};
  for (auto at = archives_.upper_bound(step.after); at != archives_.end(); ++at) {
    auto& [owner, archive] = *at;
    if (BareJid::parse(owner)->domain() != step.domain) {
      continue;
    }
    const ArchiveRetention limits = archive.retention.value_or(step.limits);
    const ArchiveId before = limits.age.count() > 0 ? first_archive_id_at(step.now - limits.age) : 0;
    while (!archive.entries.empty() &&
           (archive.entries.begin()->first < before || (limits.bytes > 0 && archive.bytes > limits.bytes))) {
      if (done.removed == step.most) {
        return done;
      }
      archive.bytes -= archive.entries.begin()->second.stanza->to_xml().size();
      archive.entries.erase(archive.entries.begin());
      ++done.removed;
    }
    done.next = owner;
  }
  done.next.clear();
  return done;
}

}  // namespace aldis

namespace aldis::memory {
namespace {

class Archive final : public ArchiveStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  [[nodiscard]] std::optional<Error> refuses_writes() const override { return std::nullopt; }
  [[nodiscard]] std::chrono::milliseconds write_delay() const override { return {}; }
  Task<Result<ArchiveId>> high_water() override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.last_id();
  }
  Task<Result<void>> append(BareJid owner, ArchiveEntry entry) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.append(owner, std::move(entry));
  }
  Task<Result<ArchivePage>> find(BareJid owner, ArchiveQuery query) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.find(owner, query);
  }
  Task<Result<ArchiveSummary>> summary(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.summary(owner);
  }
  Task<Result<void>> replace(BareJid owner, ArchiveId id, StanzaPtr stanza) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.replace(owner, id, std::move(stanza));
  }
  Task<Result<void>> hold(BareJid owner, ArchiveEntry entry, PendingLimits limits) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.hold(owner, entry, limits);
  }
  Task<Result<std::vector<ArchivedMessage>>> load_pending(BareJid owner, ArchiveId after, std::size_t limit,
                                                          std::size_t max_bytes) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.load_pending(owner, after, limit, max_bytes);
  }
  Task<Result<void>> remove_pending(BareJid owner, std::vector<ArchiveId> ids) override {
    co_await turn();
    const auto held = lock();
    shelves_.archives.remove_pending(owner, ids);
    co_return Result<void>{};
  }
  Task<Result<ArchivePreferences>> load_preferences(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.of(owner).preferences;
  }
  Task<Result<void>> store_preferences(BareJid owner, ArchivePreferences preferences) override {
    co_await turn();
    const auto held = lock();
    std::ranges::sort(preferences.always);
    std::ranges::sort(preferences.never);
    shelves_.archives.of(owner).preferences = std::move(preferences);
    co_return Result<void>{};
  }
  Task<Result<void>> set_retention(BareJid owner, std::optional<ArchiveRetention> limits) override {
    co_await turn();
    const auto held = lock();
    shelves_.archives.of(owner).retention = limits;
    co_return Result<void>{};
  }
  Task<Result<TrimmedStep>> trim(TrimStep step) override {
    co_await turn();
    const auto held = lock();
    co_return shelves_.archives.trim(step);
  }
};

}  // namespace

std::unique_ptr<ArchiveStore> make_archive(Shelves& shelves, Turn turn) { return std::make_unique<Archive>(shelves, turn); }

}  // namespace aldis::memory
