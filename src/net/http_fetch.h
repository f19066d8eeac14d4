// One HTTP/1.1 request to somebody a certificate names: its authority's OCSP responder or CRL. The address comes from a stranger's
// certificate, so: http:// only (what comes is signed), no redirects, bounded time and size, and no address inside our own
// networks unless the operator said so (server-side request forgery). Blocks: for a WorkerPool's thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/peer_address.h"

namespace aldis::net {

struct HttpUrl {
  std::string host;     // without brackets
  std::uint16_t port = 80;
  std::string target;   // "/x?y"
};
// invalid: not http://, a user in it, a fragment, more than 2048 bytes, or a character that no URL has.
[[nodiscard]] Result<HttpUrl> parse_http_url(std::string_view url);

// Whether an address is somewhere in the public network: not loopback, private, link-local, shared (RFC 6598), multicast,
// documentation, or one of these inside an IPv6 form of IPv4.
[[nodiscard]] bool is_public(const PeerAddress& address);

struct HttpRequest {
  std::string url;
  std::string body{};            // empty: GET, else POST
  std::string content_type{};
  std::size_t longest_answer = 64 * 1024;
  std::chrono::milliseconds deadline{10'000};   // from connecting to the last byte; the system's resolver has its own
  bool allow_private = false;
};
// The body of an answer of status 200. denied: an address that is not public; limit: larger than longest_answer; timeout;
// unavailable: everything else, with the status where there is one.
[[nodiscard]] Result<std::string> fetch_over_http(const HttpRequest& request);

}  // namespace aldis::net
