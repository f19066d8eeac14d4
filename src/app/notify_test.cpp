// Tests of notify.h: what reaches the socket that NOTIFY_SOCKET names, and that nothing is said where it names none.
#include "app/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace aldis::app {
namespace {

// A supervisor's socket; `name` begins with "@" for an abstract one.
class Supervisor {
 public:
  explicit Supervisor(const std::string& name) : name_(name), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') {
      address.sun_path[0] = '\0';
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0) << std::strerror(errno);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Supervisor() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
    ::unlink(name_.c_str());
  }
  Supervisor(const Supervisor&) = delete;

  // The next datagram; empty when there is none.
  [[nodiscard]] std::string hears() const {
    std::array<char, 256> buffer{};
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : std::string();
  }

 private:
  std::string name_;
  int fd_;
};

std::string path() {
  return testing::TempDir() + "aldis_notify_" + std::to_string(::getpid());
}

TEST(Notify, TellsTheSocketOfAFile) {
  const Supervisor supervisor(path());
  notify_supervisor("READY=1");
  EXPECT_EQ(supervisor.hears(), "READY=1");
  EXPECT_EQ(supervisor.hears(), "");
}

TEST(Notify, TellsAnAbstractSocket) {
  const Supervisor supervisor("@aldis_notify_" + std::to_string(::getpid()));
  notify_supervisor("STOPPING=1");
  EXPECT_EQ(supervisor.hears(), "STOPPING=1");
}

TEST(Notify, ReloadingCarriesTheClock) {  // systemd ignores RELOADING=1 of a notify-reload unit without it
  const Supervisor supervisor(path());
  notify_reloading();
  const std::string heard = supervisor.hears();
  EXPECT_TRUE(heard.starts_with("RELOADING=1\nMONOTONIC_USEC=")) << heard;
  EXPECT_GT(std::atoll(heard.c_str() + heard.rfind('=') + 1), 0);
}

TEST(Notify, SaysNothingWhereNobodyListens) {
  ::unsetenv("NOTIFY_SOCKET");
  notify_supervisor("READY=1");
  for (const std::string& name :
       {std::string(), std::string("relative"), std::string("/nowhere/at/all"), "/" + std::string(200, 'x')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    notify_supervisor("READY=1");
  }
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace aldis::app
