// What is published to an app server (XEP-0357 section 7).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "storage/push_store.h"
#include "xmpp/stanza.h"

namespace aldis::ext {

struct PushSummary {
  std::uint64_t messages = 0;          // that wait for the client
  std::optional<Jid> sender{};         // of the last one; nothing: not told
  std::optional<std::string> body{};   // of the last one, whole
};

inline constexpr std::size_t max_push_body = 1024;   // bytes; a longer one is cut, between characters

// The request to publish, from the account, with the options the client gave.
[[nodiscard]] StanzaPtr make_notification(const BareJid& owner, const PushRegistration& registration, std::string_view id,
                                          const PushSummary& summary);

}  // namespace aldis::ext
