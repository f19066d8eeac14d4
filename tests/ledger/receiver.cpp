// See receiver.h.
#include "receiver.h"

namespace aldis::ledger {

void Receiver::began(bool is_new) {
  if (is_new) {
    client_.send_stanza("<presence/>");
  }
}

void Receiver::got(std::string_view message) {
  const auto id = read_message(message, company_.options.user_prefix);
  if (!id || id->recipient != account()) {
    company_.book.write('F', account(), message.substr(0, 200));
    return;
  }
  const auto archive_id = stanza_id(message, bare_jid(account()));
  company_.book.write('D', *id, archive_id.empty() ? "-" : archive_id);
  ++company_.counters.delivered;
}

}  // namespace aldis::ledger
