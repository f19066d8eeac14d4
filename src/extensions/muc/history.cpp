// What is kept in memory of what was said.
#include "extensions/muc/history.h"

#include <algorithm>

#include "xmpp/delay.h"
#include "xmpp/namespaces.h"

namespace aldis::muc {
namespace {

// Of UTF-8: bytes that begin one.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void History::add(StanzaPtr message, WallTime at, std::string id, std::size_t most) {
  if (most > 0) {
    entries_.push_back({std::move(message), nullptr, at, std::move(id)});
  }
  trim(most);
}

void History::remove(std::string_view id) {
  std::erase_if(entries_, [&](const Entry& entry) { return !id.empty() && entry.id == id; });
}

void History::trim(std::size_t most) {
  while (entries_.size() > most) {
    entries_.pop_front();
  }
}

void History::fill(std::vector<StanzaPtr> delayed) {
  entries_.clear();
  for (StanzaPtr& message : delayed) {
    WallTime at{};
    std::string id;
    if (const auto element = message->child({"delay", ns::delay})) {
      if (const auto delay = Delay::parse(*element)) {
        at = delay->stamp;
      }
    }
    if (const auto element = message->child({"stanza-id", ns::stanza_ids})) {
      id = element->attribute("id").value_or("");
    }
    entries_.push_back({message, message, at, std::move(id)});
  }
}

std::vector<StanzaPtr> History::within(const HistoryLimits& limits, const BareJid& room, const Jid& to, WallTime now) {
  std::vector<StanzaPtr> found;
  std::size_t chars = 0;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    const bool is_old = (limits.seconds && entry->at < now - *limits.seconds) || (limits.since && entry->at < *limits.since);
    if (is_old || (limits.max_stanzas && found.size() >= *limits.max_stanzas)) {
      break;
    }
    if (entry->delayed == nullptr) {
      std::string delay;
      Delay{.stamp = entry->at, .from = room}.write(delay);
      entry->delayed = entry->message->amended(nullptr, delay)->with_addresses(entry->message->from(), std::nullopt);
    }
    chars += limits.max_chars ? characters(entry->delayed->with_to(to)->to_xml()) : 0;   // as it is sent
    if (limits.max_chars && chars > *limits.max_chars) {
      break;
    }
    found.push_back(entry->delayed);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

std::size_t History::memory() const {
  std::size_t bytes = entries_.size() * sizeof(Entry);
  for (const Entry& entry : entries_) {
    bytes += entry.message->size() * (entry.delayed != nullptr ? 4 : 2);
  }
  return bytes;
}

}  // namespace aldis::muc
