// One datagram to the socket that NOTIFY_SOCKET names; "@" begins an abstract name.
#include "app/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

namespace aldis::app {

void notify_supervisor(std::string_view state) {
  const char* given = std::getenv("NOTIFY_SOCKET");   // read before threads write the environment: nobody here does
  sockaddr_un address{};
  if (given == nullptr || (given[0] != '/' && given[0] != '@') || std::strlen(given) >= sizeof address.sun_path) {
    return;
  }
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(given);
  std::memcpy(address.sun_path, given, size);
  if (given[0] == '@') {
    address.sun_path[0] = '\0';
  }
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    (void)::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
    ::close(fd);
  }
}

void notify_reloading() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  notify_supervisor("RELOADING=1\nMONOTONIC_USEC=" +
                    std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
}

}  // namespace aldis::app
