// A blocking HTTP request with Boost.Beast: an io_context of its own that runs until the answer or the deadline.
#include "net/http_fetch.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <memory>
#include <vector>

namespace aldis::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

bool is_public_v4(std::uint8_t a, std::uint8_t b, std::uint8_t c) {
  const bool is_private = a == 10 || (a == 172 && b >= 16 && b <= 31) || (a == 192 && b == 168);            // RFC 1918
  const bool is_special = a == 0 || a == 127 || (a == 169 && b == 254) || (a == 100 && b >= 64 && b <= 127);   // RFC 6890, 6598
  const bool is_document = (a == 192 && b == 0 && (c == 0 || c == 2)) || (a == 198 && (b == 18 || b == 19)) ||
                           (a == 198 && b == 51 && c == 100) || (a == 203 && b == 0 && c == 113);
  return !is_private && !is_special && !is_document && a < 224;
}

// Addresses of a host, in the system's order.
Result<std::vector<PeerAddress>> addresses_of(const HttpUrl& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found); error != 0) {
    return fail(ErrorKind::unavailable, url.host + ": " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::vector<PeerAddress> all;
  for (const addrinfo* one = found; one != nullptr && all.size() < 8; one = one->ai_next) {
    if (one->ai_family == AF_INET || one->ai_family == AF_INET6) {
      all.push_back(PeerAddress::from(*one->ai_addr));
    }
  }
  return all;
}

class Fetch {
 public:
  Fetch(const HttpRequest& request, const HttpUrl& url) : request_(request), stream_(context_) {
    out_.method(request.body.empty() ? http::verb::get : http::verb::post);
    out_.target(url.target);
    out_.version(11);
    out_.set(http::field::host, url.port == 80 ? url.host : url.host + ":" + std::to_string(url.port));
    out_.set(http::field::user_agent, "aldis");
    out_.set(http::field::connection, "close");
    if (!request.body.empty()) {
      out_.set(http::field::content_type, request.content_type);
      out_.body() = request.body;
    }
    out_.prepare_payload();
    in_.header_limit(16 * 1024);
    in_.body_limit(request.longest_answer);
  }

  Result<std::string> run(const std::vector<PeerAddress>& targets) {
    std::vector<tcp::endpoint> endpoints;
    for (const PeerAddress& target : targets) {
      beast::error_code ignored;
      endpoints.emplace_back(asio::ip::make_address(target.ip_str(), ignored), target.port);
    }
    stream_.expires_after(request_.deadline);   // for all that follows
    stream_.async_connect(endpoints, [this](beast::error_code error, const tcp::endpoint&) { then(error, [this] { send(); }); });
    context_.run();
    if (error_ == beast::error::timeout) {
      return fail(ErrorKind::timeout, request_.url + ": no answer in time");
    }
    if (error_ == http::error::body_limit || error_ == http::error::header_limit) {
      return fail(ErrorKind::limit, request_.url + ": the answer is larger than " + std::to_string(request_.longest_answer) + " bytes");
    }
    if (error_) {
      return fail(ErrorKind::unavailable, request_.url + ": " + error_.message());
    }
    if (in_.get().result() != http::status::ok) {
      return fail(ErrorKind::unavailable, request_.url + ": answered with status " + std::to_string(in_.get().result_int()));
    }
    return std::move(in_.get().body());
  }

 private:
  template <class Next>
  void then(beast::error_code error, Next next) {
    error_ = error;
    if (!error) {
      next();
    }
  }
  void send() {
    http::async_write(stream_, out_, [this](beast::error_code error, std::size_t) { then(error, [this] { receive(); }); });
  }
  void receive() {
    http::async_read(stream_, buffer_, in_, [this](beast::error_code error, std::size_t) { then(error, [] {}); });
  }

  const HttpRequest& request_;
  asio::io_context context_{1};
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{128 * 1024};
  http::request<http::string_body> out_;
  http::response_parser<http::string_body> in_;
  beast::error_code error_;
};

}  // namespace

Result<HttpUrl> parse_http_url(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  const auto bad = [&] { return fail(ErrorKind::invalid, "not an address for http: " + std::string(url.substr(0, 200))); };
  const auto is_allowed = [](char c) { return c > 0x20 && c < 0x7F && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos; };
  if (url.size() > 2048 || !url.starts_with(scheme) || !std::ranges::all_of(url, is_allowed)) {
    return bad();
  }
  std::string_view rest = url.substr(scheme.size());
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, slash);
  HttpUrl out;
  out.target = std::string(rest.substr(slash));
  out.target.insert(0, out.target.starts_with("/") ? "" : "/");
  const bool is_v6 = authority.starts_with("[");
  const std::size_t host_end = is_v6 ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (host_end == std::string_view::npos || authority.find('@') != std::string_view::npos) {
    return bad();
  }
  out.host = std::string(authority.substr(is_v6 ? 1 : 0, host_end - (is_v6 ? 1 : 0)));
  const std::string_view port = authority.substr(host_end + (is_v6 ? 1 : 0));
  if (!port.empty()) {
    const char* const end = port.data() + port.size();
    const auto read = std::from_chars(port.data() + 1, end, out.port);
    if (port.front() != ':' || read.ec != std::errc{} || read.ptr != end || out.port == 0) {
      return bad();
    }
  }
  return out.host.empty() ? Result<HttpUrl>(bad()) : Result<HttpUrl>(std::move(out));
}

bool is_public(const PeerAddress& address) {
  const auto& ip = address.ip;
  if (address.is_v4()) {
    return is_public_v4(ip[12], ip[13], ip[14]);
  }
  const auto begins = [&ip](std::initializer_list<int> bytes) {
    return std::equal(bytes.begin(), bytes.end(), ip.begin(), [](int a, std::uint8_t b) { return a == b; });
  };
  if (begins({0x20, 0x02})) {   // 6to4 (RFC 3056)
    return is_public_v4(ip[2], ip[3], ip[4]);
  }
  if (begins({0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) {   // NAT64 (RFC 6052)
    return is_public_v4(ip[12], ip[13], ip[14]);
  }
  const bool is_document = begins({0x20, 0x01, 0x0D, 0xB8}) || begins({0x20, 0x01, 0, 0});   // and Teredo
  return (ip[0] & 0xE0U) == 0x20 && !is_document;   // global unicast (RFC 4291 2.4)
}

Result<std::string> fetch_over_http(const HttpRequest& request) {
  const Result<HttpUrl> url = parse_http_url(request.url);
  if (!url) {
    return fail(url.error());
  }
  Result<std::vector<PeerAddress>> targets = addresses_of(*url);
  if (!targets) {
    return fail(targets.error());
  }
  // Each one is looked at, and those that are looked at are those that are called: no second look-up, no other answer.
  if (!request.allow_private && !std::ranges::all_of(*targets, is_public)) {
    return fail(ErrorKind::denied, request.url + " is in a private network, which is not asked unless that is allowed");
  }
  return Fetch(request, *url).run(*targets);
}

}  // namespace aldis::net
