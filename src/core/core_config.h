// The core's options: what an account and a session may use. Declared here, read by app/.
#pragma once
#include <chrono>
#include <string>

#include "base/bytes.h"
#include "base/options.h"

namespace aldis {

// What happens when a resource asked for is bound already (RFC 6120 section 7.7.2.2).
enum class ResourceConflict : std::uint8_t { replace, refuse, rename };
constexpr auto option_names(ResourceConflict) {
  return std::array{OptionName{"replace", ResourceConflict::replace}, OptionName{"refuse", ResourceConflict::refuse},
                    OptionName{"rename", ResourceConflict::rename}};
}

struct CoreConfig {
  ResourceConflict resource_conflict = ResourceConflict::replace;
  std::uint32_t sessions_per_account = 10;
  std::uint32_t roster_items = 5000;
  std::uint32_t directed_presence = 1000;
  std::uint32_t pending_requests = 512;
  std::uint32_t inbox_stanzas = 1000;
  std::uint32_t backlog_stanzas = 20'000;
  std::uint32_t subscription_requests = 500;
  std::uint32_t loading_accounts = 10'000;
  std::uint32_t absent_accounts = 1000;
  std::chrono::seconds request_timeout{120};
  std::chrono::seconds account_idle{60};
  Bytes stanza_bytes = 256 * KiB;
  std::uint32_t stanza_depth = 64;
  std::uint32_t stanza_elements = 10'000;
  std::uint32_t stanza_attributes = 64;
  Bytes write_queue = 1 * MiB;
  std::chrono::seconds resumption_time{300};
  std::uint32_t detached_sessions = 10;
  std::uint32_t unacknowledged_stanzas = 2000;
  Bytes unacknowledged_bytes = 1 * MiB;
  std::uint32_t ack_request_stanzas = 10;
  std::chrono::milliseconds ack_request_time{1000};
  std::string resumption_location;
  std::uint32_t held_back_stanzas = 500;
  Bytes held_back_bytes = 128 * KiB;
  Bytes rate{256 * 1024};
  Bytes rate_burst{4 * 1024 * 1024};
  Bytes account_rate{512 * 1024};
  Bytes account_rate_burst{8 * 1024 * 1024};
  Bytes shard_rate{64 * 1024 * 1024};
  Bytes shard_rate_burst{128 * 1024 * 1024};
};

inline constexpr auto core_options = std::tuple{
    Option{"resource_conflict", &CoreConfig::resource_conflict,
           "A resource that is bound already: the old session ends, the new bind is refused, or the new one gets another name.",
           Reload::live},
    Option{"sessions_per_account", &CoreConfig::sessions_per_account, Range{1, 1000}, "Sessions of one account at a time.",
           Reload::live},
    Option{"roster_items", &CoreConfig::roster_items, Range{1, 100'000}, "Contacts in one roster.", Reload::live},
    Option{"directed_presence", &CoreConfig::directed_presence, Range{1, 100'000},
           "Addresses one session may send presence to directly at a time.", Reload::live},
    Option{"pending_requests", &CoreConfig::pending_requests, Range{1, 100'000},
           "Requests (iq) delivered to one client and not answered by it yet; as many that it put to other servers.", Reload::live},
    Option{"inbox_stanzas", &CoreConfig::inbox_stanzas, Range{1, 1'000'000},
           "Stanzas that wait while an account is being loaded.", Reload::live},
    Option{"backlog_stanzas", &CoreConfig::backlog_stanzas, Range{100, 10'000'000},
           "Stanzas of rooms that wait for one client which reads more slowly than they come; one more, and its session ends.", Reload::live},
    Option{"subscription_requests", &CoreConfig::subscription_requests, Range{1, 100'000},
           "Subscription requests that wait for one account's answer.", Reload::live},
    Option{"loading_accounts", &CoreConfig::loading_accounts, Range{100, 10'000'000},
           "Accounts being loaded at a time on one shard; beyond it senders are told to wait.", Reload::live},
    Option{"absent_accounts", &CoreConfig::absent_accounts, Range{0, 1'000'000},
           "Addresses without an account that one shard remembers for account_idle: asking about them takes no longer than "
           "about those that have one.",
           Reload::live},
    Option{"request_timeout", &CoreConfig::request_timeout, Range{std::chrono::seconds(10), std::chrono::seconds(3600)},
           "A client's time to answer a request before the server answers in its place; 15 seconds more for another server.", Reload::live},
    Option{"account_idle", &CoreConfig::account_idle, Range{std::chrono::seconds(1), std::chrono::seconds(86400)},
           "How long an account without sessions stays in memory.", Reload::live},
    Option{"stanza_bytes", &CoreConfig::stanza_bytes, Range{Bytes{10'000}, 16 * MiB},
           "Bytes of one stanza after authentication; a larger one ends the stream (RFC 6120 section 13.12)."},
    Option{"stanza_depth", &CoreConfig::stanza_depth, Range{8, 1000}, "Elements below each other in one stanza."},
    Option{"stanza_elements", &CoreConfig::stanza_elements, Range{100, 1'000'000}, "Elements in one stanza."},
    Option{"stanza_attributes", &CoreConfig::stanza_attributes, Range{16, 1000}, "Attributes of one element."},
    Option{"write_queue", &CoreConfig::write_queue, Range{256 * KiB, 256 * MiB},
           "Bytes that may wait for a client that does not read; then its session ends, and what it missed is kept or returned."},
    Option{"resumption_time", &CoreConfig::resumption_time, Range{std::chrono::seconds(0), std::chrono::seconds(86400)},
           "How long a session whose connection was lost waits for its client to resume it (XEP-0198). 0: it does not.",
           Reload::live},
    Option{"detached_sessions", &CoreConfig::detached_sessions, Range{1, 1000},
           "Sessions of one account that wait for their client at a time; one more, and the oldest ends.", Reload::live},
    Option{"unacknowledged_stanzas", &CoreConfig::unacknowledged_stanzas, Range{100, 1'000'000},
           "Stanzas sent to one client and not acknowledged by it (XEP-0198); then its session ends, and they are kept or returned.",
           Reload::live},
    Option{"unacknowledged_bytes", &CoreConfig::unacknowledged_bytes, Range{256 * KiB, 256 * MiB}, "The same, in bytes.",
           Reload::live},
    Option{"ack_request_stanzas", &CoreConfig::ack_request_stanzas, Range{1, 10'000},
           "Stanzas after which a client is asked to acknowledge.", Reload::live},
    Option{"ack_request_time", &CoreConfig::ack_request_time,
           Range{std::chrono::milliseconds(10), std::chrono::milliseconds(60'000)},
           "Time after which a client is asked to acknowledge what it was sent.", Reload::live},
    Option{"resumption_location", &CoreConfig::resumption_location, Range{0, 255},
           "Where a client should come back to, host or host:port (XEP-0198 section 3). Empty: where it came from.", Reload::live},
    Option{"held_back_stanzas", &CoreConfig::held_back_stanzas, Range{0, 100'000},
           "Stanzas that wait while a client says that nobody looks (XEP-0352): presence, typing, receipts and the like; one more, "
           "and all are sent. 0: none waits.",
           Reload::live},
    Option{"held_back_bytes", &CoreConfig::held_back_bytes, Range{Bytes{0}, 16 * MiB}, "The same, in bytes.", Reload::live},
    Option{"rate", &CoreConfig::rate, Range{Bytes{0}, Bytes{1024ULL * 1024 * 1024}},
           "Bytes a second one session may send for long; a faster one is read more slowly. A stanza counts as 128 bytes at "
           "least, presence once more for each contact it is sent to. 0: no limit.",
           Reload::live},
    Option{"rate_burst", &CoreConfig::rate_burst, Range{Bytes{64 * 1024}, Bytes{1024ULL * 1024 * 1024}},
           "Bytes one session may send at once before the rate holds it back.", Reload::live},
    Option{"account_rate", &CoreConfig::account_rate, Range{Bytes{0}, Bytes{1024ULL * 1024 * 1024}},
           "The same for all sessions of one account together. 0: no limit.", Reload::live},
    Option{"account_rate_burst", &CoreConfig::account_rate_burst, Range{Bytes{64 * 1024}, Bytes{1024ULL * 1024 * 1024}},
           "Bytes all sessions of one account may send at once before its rate holds them back.", Reload::live},
    Option{"shard_rate", &CoreConfig::shard_rate, Range{Bytes{0}, Bytes{1024ULL * 1024 * 1024}},
           "The same for all sessions of one shard; when they are faster, those that have used half of rate_burst are read "
           "more slowly first. 0: no limit.",
           Reload::live},
    Option{"shard_rate_burst", &CoreConfig::shard_rate_burst, Range{Bytes{64 * 1024}, Bytes{1024ULL * 1024 * 1024}},
           "Bytes all sessions of one shard may send at once before its rate holds them back.", Reload::live},
};

}  // namespace aldis
