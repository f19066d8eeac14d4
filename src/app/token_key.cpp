// The token key's file.
#include "app/token_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "auth/client_tokens.h"

namespace aldis::app {
namespace {

Unexpected<Error> failure(const std::string& path) { return fail(ErrorKind::unavailable, path + ": " + std::strerror(errno)); }

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

Result<SecretBytes> read_key(const std::string& path, int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) {
    return failure(path);
  }
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077U) != 0) {
    return fail(ErrorKind::denied, path + " must be a file that the server's user owns and nobody else may read (chmod 600)");
  }
  std::array<char, token_key_bytes + 1> bytes{};
  const ssize_t got = ::read(file, bytes.data(), bytes.size());
  if (got < 0) {
    return failure(path);
  }
  if (static_cast<std::size_t>(got) != token_key_bytes) {
    return fail(ErrorKind::corrupt, path + " is no token key; remove it to have one made (clients will need their passwords once)");
  }
  SecretBytes key(std::string_view(bytes.data(), token_key_bytes));
  ::explicit_bzero(bytes.data(), bytes.size());
  return key;
}

}  // namespace

Result<SecretBytes> load_token_key(const std::string& path, Random& random) {
  if (const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)); file.get() >= 0) {
    return read_key(path, file.get());
  }
  if (errno != ENOENT) {
    return failure(path);
  }
  SecretBytes key(token_key_bytes);
  random.fill(key.bytes());
  // Made under another name, so that a crash leaves no half of a key.
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  {
    const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0 || ::write(file.get(), key.bytes().data(), key.size()) != static_cast<ssize_t>(key.size()) ||
        ::fsync(file.get()) != 0) {
      return failure(fresh);
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return failure(path);
  }
  return key;
}

}  // namespace aldis::app
