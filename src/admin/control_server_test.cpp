// Tests of control_server.h over a real Unix socket, with a shard that runs the commands.
#include "admin/control_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "operators/fake_target.h"
#include "runtime/shard.h"

namespace aldis::admin {
namespace {

class Control : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }
  ~Control() override {
    server_.reset();
    shard_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  void start(ControlServerConfig config = {}) {
    config.path = path_;
    auto started = ControlServer::start(config, target_, shard_);
    ASSERT_TRUE(started) << started.error().what;
    server_ = std::move(*started);
    if (!thread_.joinable()) {
      thread_ = std::thread([this] { shard_.run(); });
    }
  }
  [[nodiscard]] Result<nlohmann::json> ask(std::string name, std::map<std::string, std::string, std::less<>> values = {}) const {
    CommandRequest request{std::move(name), {}};
    request.arguments.values = std::move(values);
    return ask_server(path_, request, std::chrono::seconds(10));
  }
  // A connection that says `text` and gives back everything up to its end.
  [[nodiscard]] int connect() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path_.c_str());
    const timeval limit{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  [[nodiscard]] static std::string finish(int fd, std::string_view text) {
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        break;
      }
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string out;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
      out.append(buffer.data(), static_cast<std::size_t>(n));
    }
    ::close(fd);
    return out;
  }

  std::string path_ = testing::TempDir() + "aldis_control_" + std::to_string(::getpid()) + ".sock";
  SystemClock clock_;
  Shard shard_{clock_};
  FakeTarget target_;
  std::unique_ptr<ControlServer> server_;
  std::thread thread_;
};

TEST_F(Control, RunsCommandsOnTheExecutor) {
  target_.accounts["juliet@capulet.example"] = {};
  start();
  const auto list = ask("user list");
  ASSERT_TRUE(list) << list.error().what;
  EXPECT_EQ((*list)[0]["account"], "juliet@capulet.example");
  EXPECT_EQ(ask("user delete", {{"account", "romeo@capulet.example"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(ask("nonsense").error().kind, ErrorKind::not_found);
}

TEST_F(Control, TheSocketIsItsOwnersAndGoesWithTheServer) {            // security O03
  start();
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_TRUE(is_served(path_));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(ask("status").error().kind, ErrorKind::not_found);         // nobody there: the caller acts on the store
}

TEST_F(Control, OnlyRootAndTheServersUserAreHeard) {
  EXPECT_TRUE(may_command(0, 1000));
  EXPECT_TRUE(may_command(1000, 1000));
  EXPECT_FALSE(may_command(1001, 1000));
  EXPECT_FALSE(may_command(1000, 0));
}

TEST_F(Control, ADeadSocketIsReplacedALivingOneAndAFileAreNot) {
  start();
  const auto second = ControlServer::start({.path = path_}, target_, shard_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::already_exists);
  server_.reset();
  {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path_.c_str());
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(fd);   // as after kill -9
  }
  start();
  EXPECT_TRUE(ask("status"));
  server_.reset();
  std::ofstream(path_) << "not a socket";
  EXPECT_EQ(ControlServer::start({.path = path_}, target_, shard_).error().kind, ErrorKind::unavailable);
  std::filesystem::remove(path_);
  EXPECT_EQ(ControlServer::start({.path = std::string(200, 'x')}, target_, shard_).error().kind, ErrorKind::invalid);
}

TEST_F(Control, NonsenseIsAnsweredAndHurtsNobody) {
  start();
  EXPECT_EQ(parse_answer(finish(connect(), "hello\n")).error().kind, ErrorKind::invalid);
  EXPECT_EQ(parse_answer(finish(connect(), std::string(100'000, '[') + "\n")).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(ask("status"));
}

TEST_F(Control, AnEndlessRequestIsRefusedAtItsLimit) {
  start();
  const std::string answer = finish(connect(), std::string(max_request_bytes + 1, ' '));
  EXPECT_TRUE(answer.empty() || parse_answer(answer).error().kind == ErrorKind::limit) << answer;
  EXPECT_TRUE(ask("status"));
}

TEST_F(Control, AnIdleConnectionIsClosedAtTheDeadline) {
  start({.request_deadline = std::chrono::milliseconds(100)});
  EXPECT_EQ(finish(connect(), "{\"command\":"), "");
}

TEST_F(Control, ConnectionsAreBounded) {
  start({.connections = 2});
  const int a = connect();
  const int b = connect();
  EXPECT_EQ(finish(connect(), ""), "");
  EXPECT_TRUE(parse_answer(finish(a, "{\"command\":\"status\"}\n")));
  EXPECT_TRUE(parse_answer(finish(b, "{\"command\":\"status\"}\n")));
}

TEST_F(Control, ACommandMayOutlastTheServer) {
  start();
  shard_.post([] { std::this_thread::sleep_for(std::chrono::milliseconds(200)); });
  const int fd = connect();
  const std::string request = "{\"command\":\"status\"}\n";
  ASSERT_EQ(::send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  server_.reset();
  ::close(fd);
}

}  // namespace
}  // namespace aldis::admin
