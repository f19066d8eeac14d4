// Reading secrets from files.
#include "app/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace aldis::app {
namespace {

Result<SecretBytes> read_all(const std::string& path, int file, std::size_t most) {
  struct stat status {};
  if (::fstat(file, &status) != 0) {
    return fail(ErrorKind::unavailable, path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077U) != 0) {
    return fail(ErrorKind::denied, path + " must be a file that the server's user owns and nobody else may read (chmod 600)");
  }
  SecretBytes bytes(most + 1);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(file, bytes.bytes().data() + size, bytes.size() - size);
    if (got < 0) {
      return fail(ErrorKind::unavailable, path + ": " + std::strerror(errno));
    }
    if (got == 0) {
      return SecretBytes(std::span<const std::uint8_t>(bytes.bytes().data(), size));
    }
    size += static_cast<std::size_t>(got);
  }
  return fail(ErrorKind::limit, path + " is longer than " + std::to_string(most) + " bytes");
}

}  // namespace

Result<SecretBytes> read_private_file(const std::string& path, std::size_t most) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    if (errno == ELOOP) {
      return fail(ErrorKind::denied, path + " must not be a symbolic link");
    }
    return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable, path + ": " + std::strerror(errno));
  }
  Result<SecretBytes> read = read_all(path, file, most);
  ::close(file);
  return read;
}

}  // namespace aldis::app
