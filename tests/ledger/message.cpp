// See message.h.
#include "message.h"

#include <charconv>

#include "stanza_scanner.h"

namespace aldis::ledger {
namespace {

constexpr std::string_view kPrefix = "ledger-";

bool take_number(std::string_view& text, int& into) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), into);
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return parsed.ec == std::errc() && into >= 0;
}

bool take_dash(std::string_view& text) {
  const bool is_there = text.starts_with('-');
  text.remove_prefix(is_there ? 1 : 0);
  return is_there;
}

}  // namespace

std::string MessageId::text() const {
  return std::string(kPrefix) + std::to_string(sender) + "-" + std::to_string(recipient) + "-" + std::to_string(number);
}

std::optional<MessageId> parse_message_id(std::string_view text) {
  if (!text.starts_with(kPrefix)) {
    return std::nullopt;
  }
  text.remove_prefix(kPrefix.size());
  MessageId id;
  if (!take_number(text, id.sender) || !take_dash(text) || !take_number(text, id.recipient) || !take_dash(text) ||
      !take_number(text, id.number) || !text.empty()) {
    return std::nullopt;
  }
  return id;
}

std::string write_message(const MessageId& message, const std::string& to, int body) {
  const std::string id = message.text();
  std::string stanza = "<message to='" + to + "' type='chat' id='" + id + "'><body>" + id + " ";
  const auto wanted = static_cast<std::size_t>(body);
  stanza.append(wanted > id.size() + 1 ? wanted - id.size() - 1 : 0, 'x');
  return stanza + "</body><origin-id xmlns='urn:xmpp:sid:0' id='" + id + "'/></message>";
}

std::optional<MessageId> read_message(std::string_view stanza, std::string_view user_prefix) {
  const auto id_text = load::attribute_of(stanza, "id");
  const auto id = parse_message_id(id_text);
  const auto body = load::text_of(stanza, "body");
  if (!id || !body.starts_with(id_text) || body.size() <= id_text.size() || body[id_text.size()] != ' ') {
    return std::nullopt;
  }
  const auto from = load::attribute_of(stanza, "from");
  const std::string user = std::string(user_prefix) + std::to_string(id->sender) + "@";
  return from.empty() || from.starts_with(user) ? id : std::nullopt;
}

std::string_view stanza_id(std::string_view stanza, std::string_view by) {
  for (auto at = stanza.find("<stanza-id"); at != std::string_view::npos; at = stanza.find("<stanza-id", at + 1)) {
    const auto element = stanza.substr(at);
    if (load::attribute_of(element, "by") == by) {
      return load::attribute_of(element, "id");
    }
  }
  return {};
}

}  // namespace aldis::ledger
