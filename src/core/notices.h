// What a domain says to its users by itself: headlines, and the notices its administrators have left (XEP-0133
// sections 4.22 to 4.26), shown once to whoever comes online.
#pragma once
#include <string_view>

#include "core/account.h"
#include "core/ids.h"
#include "runtime/task.h"
#include "xmpp/stanza.h"

namespace aldis {

// A message of type headline (RFC 6121 section 5.2.2), which nobody stores. An empty subject: none.
[[nodiscard]] StanzaPtr make_headline(Home& here, const BareJid& from, const Session& to, std::string_view subject,
                                      std::string_view text);

// Shows the session what is due to its account and notes that it has been shown; in this order, so that a failure shows
// a notice twice rather than never. The session is one of the account's and may end meanwhile.
[[nodiscard]] Task<void> deliver_notices(Account::Pin account, SessionId to);

}  // namespace aldis
