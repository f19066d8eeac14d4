// The authorities a configuration names: for people (client_anchors of a [[domain]]), and for other servers (anchors of [federation] and
// [[peer]]). What an operator brings of theirs (OCSP responses) is taken over.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/config.h"
#include "tls/trust.h"

namespace aldis::app {

// Every file that a rule for other servers believes, and by which tables.
[[nodiscard]] std::map<std::string, std::string> peer_anchors_in_use(const Config& config);

// Any thread.
class AuthorityFiles {
 public:
  void follow(const Config& config);   // from now on
  // As the files are now. One that cannot be read is passed over: with it the server does not start and is not reloaded.
  [[nodiscard]] std::vector<std::shared_ptr<X509>> read() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> paths_;
};

}  // namespace aldis::app
