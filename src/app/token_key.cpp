// The token key's file.
#include "app/token_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/private_file.h"
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

}  // namespace

Result<SecretBytes> load_token_key(const std::string& path, Random& random) {
  auto read = read_private_file(path, token_key_bytes);
  if ((read && read->size() != token_key_bytes) || (!read && read.error().kind == ErrorKind::limit)) {
    return fail(ErrorKind::corrupt, path + " is no token key; remove it to have one made (clients will need their passwords once)");
  }
  if (read || read.error().kind != ErrorKind::not_found) {
    return read;
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
