// ServiceKeys: the keys of one service, taken out of a keytab into the library's memory. What else the file has (other
// services, other domains) is not there, so that no ticket for it can be good here; and a file that is being written is
// not read in the midst.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace aldis {

// Whether a keytab's entries end where the file does: the library takes a file that was cut off for a shorter one.
[[nodiscard]] bool is_whole_keytab(std::string_view bytes);

class ServiceKeys {
 public:
  struct Key {
    std::string principal;      // with its realm
    std::uint32_t version = 0;  // kvno
    std::string encryption;     // as MIT names it
    bool is_weak = false;       // RC4, DES (RFC 8429)
  };

  // `services`: principals with or without a realm; host names in them compare without case. Blocks. not_found: there
  // is no keytab, or no key of these; invalid: it is no keytab. The error names the file, and what is in it.
  [[nodiscard]] static Result<std::shared_ptr<const ServiceKeys>> load(const std::string& path,
                                                                       const std::vector<std::string>& services);
  ~ServiceKeys();
  ServiceKeys(const ServiceKeys&) = delete;
  ServiceKeys& operator=(const ServiceKeys&) = delete;

  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }
  // How the library calls them.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  struct Library;  // its handles
  ServiceKeys();
  [[nodiscard]] Result<void> take(const std::string& path, const std::vector<std::string>& services);

  std::unique_ptr<Library> library_;
  std::string name_;
  std::vector<Key> keys_;
};

}  // namespace aldis
