// A message of the ledger: who, to whom, the how many-th. Its id, its origin-id (XEP-0359) and the beginning of its
// body say so, the same at every try.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace aldis::ledger {

struct MessageId {
  int sender = 0, recipient = 0;  ///< accounts
  int number = 0;                 ///< from 1, for each sender and recipient

  std::string text() const;  ///< "ledger-3-57-12"
};

/// nullopt when it is not the id of such a message.
std::optional<MessageId> parse_message_id(std::string_view text);

/// The stanza; `to` is the recipient's bare JID, the body has at least `body` bytes.
std::string write_message(const MessageId& message, const std::string& to, int body);

/// A received <message/>, or one inside a <forwarded/>, which must be what write_message wrote: id, body and, if there
/// is a `from`, its account; nullopt otherwise.
std::optional<MessageId> read_message(std::string_view stanza, std::string_view user_prefix);

/// The id that `by` gave the message in its archive (XEP-0359 stanza-id), or empty.
std::string_view stanza_id(std::string_view stanza, std::string_view by);

}  // namespace aldis::ledger
