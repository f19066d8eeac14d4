// The control socket, both ends. The server's end is asynchronous in its own thread; the client's end blocks.
#include "admin/control_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "admin/accept_loop.h"
#include "base/log.h"
#include "base/metrics.h"

namespace aldis::admin {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using ErrorCode = boost::system::error_code;

metrics::Counter refused{"aldis_control_connections_refused_total", "Connections to the control socket that were not heard."};

struct PeerUser {
  std::uint32_t uid = 0;
  std::int32_t pid = 0;
};

std::optional<PeerUser> peer_of(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::nullopt;
  }
  return PeerUser{credentials.uid, credentials.pid};
}

// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// 0, or errno.
int connect_to(int fd, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return ENAMETOOLONG;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

}  // namespace

struct ControlServer::State : std::enable_shared_from_this<State> {
  State(ControlServerConfig c, AdminTarget& t, Executor& e) : config(std::move(c)), target(t), executor(e) {}
  void take(Local::socket socket);

  ControlServerConfig config;
  AdminTarget& target;
  Executor& executor;
  AcceptLoop<Local> loop;
};

namespace {

// One connection: a request, its command on the executor, an answer. Kept alive by its handlers and by the command.
template <class State>
class Exchange : public std::enable_shared_from_this<Exchange<State>> {
 public:
  Exchange(Local::socket socket, PeerUser peer, State& state)
      : socket_(std::move(socket)), peer_(peer), state_(state), timer_(state.loop.io()) {
    ++state_.loop.open;
  }
  ~Exchange() { --state_.loop.open; }
  Exchange(const Exchange&) = delete;

  void run() {
    limit(state_.config.request_deadline);
    asio::async_read_until(socket_, asio::dynamic_buffer(line_, max_request_bytes), '\n',
                           [self = this->shared_from_this()](ErrorCode error, std::size_t size) { self->on_request(error, size); });
  }

  void respond(const Result<OperatorResult>& answer) {
    limit(state_.config.request_deadline);
    answer_ = write_answer(answer) + "\n";
    asio::async_write(socket_, asio::buffer(answer_), [self = this->shared_from_this()](ErrorCode, std::size_t) {
      self->timer_.cancel();
    });
  }

 private:
  void limit(std::chrono::milliseconds time) {
    timer_.expires_after(time);
    timer_.async_wait([weak = this->weak_from_this()](ErrorCode stopped) {
      const auto self = weak.lock();
      if (!stopped && self) {
        ErrorCode ignored;
        self->socket_.close(ignored);
      }
    });
  }

  void on_request(ErrorCode error, std::size_t size) {
    if (error == asio::error::not_found) {
      respond(fail(ErrorKind::limit, "the request is longer than " + std::to_string(max_request_bytes) + " bytes"));
      return;
    }
    if (error) {
      timer_.cancel();
      return;
    }
    auto request = parse_request(std::string_view(line_).substr(0, size - 1));
    explicit_bzero(line_.data(), line_.size());
    line_.clear();
    if (!request) {
      respond(fail(request.error()));
      return;
    }
    limit(state_.config.answer_deadline);
    // The state is kept as well: the command may outlast the ControlServer on the executor. It is named first, so that it goes
    // last: an Exchange refers to it.
    state_.executor.post([state = state_.shared_from_this(), self = this->shared_from_this(), request = std::move(*request)]() mutable {
      spawn(command(std::move(state), std::move(self), std::move(request)));
    });
  }

  static Task<void> command(std::shared_ptr<State> state, std::shared_ptr<Exchange> self, CommandRequest request) {
    const std::string who = "uid " + std::to_string(self->peer_.uid) + " pid " + std::to_string(self->peer_.pid);
    auto answer = co_await run_command(state->target, std::move(request.command), std::move(request.arguments), who);
    asio::io_context& io = state->loop.io();
    asio::post(io, [self = std::move(self), answer = std::move(answer)] { self->respond(answer); });
  }

  Local::socket socket_;
  PeerUser peer_;
  State& state_;
  asio::steady_timer timer_;
  std::string line_;
  std::string answer_;
};

}  // namespace

void ControlServer::State::take(Local::socket socket) {
  const auto peer = peer_of(socket.native_handle());
  if (!peer || !may_command(peer->uid, ::geteuid())) {
    refused.add();
    log::warning("audit-control-refused", {{"uid", peer ? static_cast<std::int64_t>(peer->uid) : -1}});
  } else if (loop.open >= config.connections) {
    refused.add();
  } else {
    std::make_shared<Exchange<State>>(std::move(socket), *peer, *this)->run();
  }
}

bool may_command(std::uint32_t peer_uid, std::uint32_t own_uid) { return peer_uid == 0 || peer_uid == own_uid; }

Result<std::unique_ptr<ControlServer>> ControlServer::start(ControlServerConfig config, AdminTarget& target, Executor& executor) {
  if (config.path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(ErrorKind::invalid, "the control socket's path is longer than a socket's path may be: " + config.path);
  }
  if (is_served(config.path)) {
    return fail(ErrorKind::already_exists, "another server listens on " + config.path);
  }
  struct stat status {};
  if (::lstat(config.path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) {
      return fail(ErrorKind::unavailable, config.path + " is there and is no socket");
    }
    ::unlink(config.path.c_str());
  }
  auto state = std::make_shared<State>(std::move(config), target, executor);
  ErrorCode error;
  state->loop.acceptor().open(Local{}, error);
  // The mode is right from the first moment: the file is made by bind, under this mask.
  const mode_t mask = ::umask(0177);
  if (!error) {
    state->loop.acceptor().bind(Local::endpoint(state->config.path), error);
  }
  ::umask(mask);
  if (!error) {
    state->loop.acceptor().listen(8, error);
  }
  if (error) {
    return fail(ErrorKind::unavailable, "the control socket " + state->config.path + " cannot be made: " + error.message());
  }
  state->loop.start("control", [raw = state.get()](Local::socket socket) { raw->take(std::move(socket)); });
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(state)));
}

ControlServer::~ControlServer() {
  state_->loop.stop();
  ::unlink(state_->config.path.c_str());
}

bool is_served(const std::string& path) {
  const Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.get() >= 0 && connect_to(fd.get(), path) == 0;
}

Result<nlohmann::json> ask_server(const std::string& path, const CommandRequest& request, std::chrono::seconds deadline) {
  auto line = write_request(request);
  if (!line) {
    return fail(line.error());
  }
  if (line->size() >= max_request_bytes) {
    return fail(ErrorKind::limit, "the request is longer than " + std::to_string(max_request_bytes) + " bytes");
  }
  const Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{deadline.count(), 0};
  if (fd.get() < 0 || ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
    return fail(ErrorKind::unavailable, std::string("no socket: ") + std::strerror(errno));
  }
  if (const int error = connect_to(fd.get(), path); error != 0) {
    const bool is_stopped = error == ENOENT || error == ECONNREFUSED;
    return fail(is_stopped ? ErrorKind::not_found : ErrorKind::unavailable, path + ": " + std::strerror(error));
  }
  *line += '\n';
  for (std::string_view rest = *line; !rest.empty();) {
    const ssize_t sent = ::send(fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      explicit_bzero(line->data(), line->size());
      return fail(ErrorKind::unavailable, "the server closed the control socket (only its own user and root are heard)");
    }
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  explicit_bzero(line->data(), line->size());
  std::string answer;
  std::array<char, 16384> buffer{};
  while (!answer.ends_with('\n')) {
    const ssize_t received = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return fail(ErrorKind::timeout, "the server did not answer in time");
    }
    if (received <= 0) {
      return fail(ErrorKind::unavailable, "the server closed the control socket (only its own user and root are heard)");
    }
    answer.append(buffer.data(), static_cast<std::size_t>(received));
    if (answer.size() > max_answer_bytes) {
      return fail(ErrorKind::limit, "the server's answer is too long");
    }
  }
  return parse_answer(std::string_view(answer).substr(0, answer.size() - 1));
}

}  // namespace aldis::admin
