// The HTTP endpoint of the metrics, over Boost.Beast.
#include "admin/metrics_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "admin/accept_loop.h"
#include "admin/metrics_text.h"
#include "base/metrics.h"

namespace aldis::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

metrics::Counter requests{"aldis_metrics_requests_total", "Requests to the metrics endpoint."};
metrics::Counter refused{"aldis_metrics_connections_refused_total", "Connections to the metrics endpoint beyond its bound."};

struct Answer {
  http::status status;
  std::string type;
  std::string body;
};

Answer answer(std::string_view target, const std::function<bool()>& is_ready) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/metrics") {
    return {http::status::ok, "text/plain; version=0.0.4; charset=utf-8", metrics_text()};
  }
  if (path == "/healthz") {
    return {http::status::ok, "text/plain", "ok\n"};
  }
  if (path == "/readyz") {
    const bool ready = is_ready();
    return {ready ? http::status::ok : http::status::service_unavailable, "text/plain", ready ? "ready\n" : "not ready\n"};
  }
  return {http::status::not_found, "text/plain", "not found\n"};
}

}  // namespace

struct MetricsServer::State {
  State(MetricsServerConfig c, std::function<bool()> ready) : config(std::move(c)), is_ready(std::move(ready)) {}

  void take(tcp::socket socket);

  MetricsServerConfig config;
  std::function<bool()> is_ready;
  AcceptLoop<tcp> loop;
};

namespace {

// One connection: read a request, write an answer, close. Kept alive by its own handlers.
template <class State>
class Exchange : public std::enable_shared_from_this<Exchange<State>> {
 public:
  Exchange(tcp::socket socket, State& state) : stream_(std::move(socket)), state_(state) {
    ++state_.loop.open;
    parser_.header_limit(state_.config.header_bytes);
    parser_.body_limit(1024);
  }
  ~Exchange() { --state_.loop.open; }
  Exchange(const Exchange&) = delete;

  void run() {
    stream_.expires_after(state_.config.deadline);
    http::async_read(stream_, buffer_, parser_, [self = this->shared_from_this()](beast::error_code error, std::size_t) {
      self->on_read(error);
    });
  }

 private:
  void on_read(beast::error_code error) {
    if (error == http::error::header_limit || error == http::error::body_limit || error == http::error::buffer_overflow) {
      respond({http::status::request_header_fields_too_large, "text/plain", "too large\n"}, false);
    } else if (error && error.category() == make_error_code(http::error::bad_method).category()) {
      respond({http::status::bad_request, "text/plain", "bad request\n"}, false);
    } else if (!error) {
      const auto& request = parser_.get();
      requests.add();
      if (request.method() != http::verb::get && request.method() != http::verb::head) {
        respond({http::status::method_not_allowed, "text/plain", "only GET and HEAD\n"}, false);
      } else {
        respond(answer(request.target(), state_.is_ready), request.method() == http::verb::head);
      }
    }
  }

  void respond(Answer answer, bool is_head) {
    response_.result(answer.status);
    response_.version(11);
    response_.keep_alive(false);
    response_.set(http::field::content_type, answer.type);
    response_.set(http::field::cache_control, "no-store");
    if (answer.status == http::status::method_not_allowed) {
      response_.set(http::field::allow, "GET, HEAD");
    }
    response_.content_length(answer.body.size());
    if (!is_head) {
      response_.body() = std::move(answer.body);
    }
    // The deadline set at the start still runs: a reader that takes a byte at a time gets no more time.
    http::async_write(stream_, response_, [self = this->shared_from_this()](beast::error_code, std::size_t) {
      beast::error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  beast::tcp_stream stream_;
  State& state_;
  beast::flat_buffer buffer_{16 * 1024};
  http::request_parser<http::string_body> parser_;
  http::response<http::string_body> response_;
};

}  // namespace

void MetricsServer::State::take(tcp::socket socket) {
  if (loop.open >= config.connections) {
    refused.add();
  } else {
    std::make_shared<Exchange<State>>(std::move(socket), *this)->run();
  }
}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const MetricsServerConfig& config, std::function<bool()> is_ready) {
  beast::error_code error;
  const auto address = asio::ip::make_address(config.address, error);
  if (error || !address.is_loopback()) {
    return fail(ErrorKind::invalid, "the metrics endpoint listens on loopback addresses only, not on " + config.address);
  }
  auto state = std::make_unique<State>(config, std::move(is_ready));
  const tcp::endpoint endpoint(address, config.port);
  const auto failed = [&] { return static_cast<bool>(error); };
  state->loop.acceptor().open(endpoint.protocol(), error);
  if (!failed()) state->loop.acceptor().set_option(tcp::acceptor::reuse_address(true), error);
  if (!failed()) state->loop.acceptor().bind(endpoint, error);
  if (!failed()) state->loop.acceptor().listen(16, error);
  if (failed()) {
    return fail(ErrorKind::unavailable, "metrics cannot be served on " + config.address + " port " +
                                            std::to_string(config.port) + ": " + error.message());
  }
  state->loop.start("metrics", [raw = state.get()](tcp::socket socket) { raw->take(std::move(socket)); });
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(state)));
}

MetricsServer::MetricsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

MetricsServer::~MetricsServer() {
  state_->loop.stop();
}

std::uint16_t MetricsServer::port() const { return state_->loop.acceptor().local_endpoint().port(); }

}  // namespace aldis::admin
