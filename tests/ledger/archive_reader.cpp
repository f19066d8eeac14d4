// See archive_reader.h.
#include "archive_reader.h"

#include <cstdio>

#include "stanza_scanner.h"

namespace aldis::ledger {
namespace {
constexpr int kPage = 250;
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::seconds kPause{1};
}  // namespace

ArchiveReader::ArchiveReader(Book& book, std::string user_prefix, int account)
    : book_(book), user_prefix_(std::move(user_prefix)), account_(account) {}

void ArchiveReader::begin(char kind, load::Client& client) {
  kind_ = kind;
  ask_again(client);
}

void ArchiveReader::ask_again(load::Client& client) {
  if (is_over() || !client.is_ready()) {
    return;
  }
  found_.clear();
  ++page_;
  ask_at_ = load::Clock::now() + kPatience;
  const std::string id = "archive-" + std::to_string(page_);
  client.send_stanza("<iq type='set' id='" + id + "'><query xmlns='urn:xmpp:mam:2' queryid='" + id +
                     "'><set xmlns='http://jabber.org/protocol/rsm'><max>" + std::to_string(kPage) + "</max>" +
                     (after_.empty() ? "" : "<after>" + after_ + "</after>") + "</set></query></iq>");
}

void ArchiveReader::tick(load::Clock::time_point now, load::Client& client) {
  if (now >= ask_at_) {
    ask_again(client);
  }
}

bool ArchiveReader::take(std::string_view stanza, load::Client& client) {
  const bool is_result = stanza.starts_with("<message") && stanza.find("<result ") != std::string_view::npos &&
                         stanza.find("urn:xmpp:mam:2") != std::string_view::npos;
  const bool is_answer = stanza.starts_with("<iq") && load::attribute_of(stanza, "id").starts_with("archive-");
  if (!is_result && !is_answer) {
    return false;
  }
  const std::string id = "archive-" + std::to_string(page_);
  if (is_result) {
    const auto element = stanza.substr(stanza.find("<result "));
    if (load::attribute_of(element, "queryid") == id && !is_over()) {
      result(element);
    }
  } else if (load::attribute_of(stanza, "id") == id && !is_over()) {
    page_end(stanza, client);
  }
  return true;
}

void ArchiveReader::result(std::string_view element) {
  const auto at = element.find("<message");
  const auto message = at == std::string_view::npos ? std::string_view() : element.substr(at);
  found_.emplace_back(read_message(message, user_prefix_), load::attribute_of(element, "id"));
}

void ArchiveReader::page_end(std::string_view iq, load::Client& client) {
  if (load::attribute_of(iq, "type") == "error") {
    if (++refusals_ == 1) {
      std::fprintf(stderr, "ledger: account %d: archive: %.*s\n", account_,
                   static_cast<int>(std::min<std::size_t>(iq.size(), 300)), iq.data());
    }
    ask_at_ = load::Clock::now() + kPause;
    return;
  }
  for (const auto& [message, id] : found_) {
    if (!message || (kind_ == 'M' ? message->recipient : message->sender) != account_) {
      book_.write('F', account_, "in its archive: " + id);
    } else {
      book_.write(kind_, *message, id);
    }
  }
  const auto at = iq.find("<fin");
  const auto complete =
      at == std::string_view::npos ? std::string_view() : load::attribute_of(iq.substr(at), "complete");
  if (found_.empty() || complete == "true" || complete == "1") {
    is_complete_ = true;
    book_.write('C', account_);
    return;
  }
  after_ = found_.back().second;
  ask_again(client);
}

}  // namespace aldis::ledger
