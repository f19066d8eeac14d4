// BlockList: the addresses an account refuses to hear from and to send to, with the matching of XEP-0191 (1.3) section 2
// (as XEP-0016 section 2.1 matches): a listed user@domain/resource, user@domain, domain/resource or domain covers the
// addresses it names.
#pragma once
#include <string>
#include <unordered_set>
#include <vector>

#include "xmpp/jid.h"

namespace aldis::policy {

class BlockList {
 public:
  [[nodiscard]] bool empty() const { return jids_.empty(); }
  [[nodiscard]] std::size_t size() const { return jids_.size(); }
  [[nodiscard]] bool blocks(const Jid& peer) const { return !jids_.empty() && covers(peer); }
  [[nodiscard]] bool contains(const Jid& jid) const { return jids_.contains(jid); }

  void add(const Jid& jid) { jids_.insert(jid); }
  void remove(const Jid& jid) { jids_.erase(jid); }
  void clear() { jids_.clear(); }
  [[nodiscard]] std::vector<Jid> all() const { return {jids_.begin(), jids_.end()}; }

 private:
  [[nodiscard]] bool covers(const Jid& peer) const;
  std::unordered_set<Jid, JidHash, JidEqual> jids_;
};

}  // namespace aldis::policy
