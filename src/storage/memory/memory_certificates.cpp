// Whose certificates are whose, in memory.
#include "storage/memory/memory_shelves.h"

namespace aldis::memory {
namespace {

class Certificates final : public CertificateStore, OnShelves {
 public:
  using OnShelves::OnShelves;

  Task<Result<std::vector<CertificateMapping>>> load(BareJid owner) override {
    co_await turn();
    const auto held = lock();
    std::vector<CertificateMapping> found;
    for (const auto& [key, added] : shelves_.certificates[owner.str()]) {
      found.push_back({key.first, key.second, added});
    }
    co_return found;
  }
  Task<Result<std::vector<BareJid>>> find(std::string domain, CertificateKey key, std::string value) override {
    co_await turn();
    const auto held = lock();
    co_return holders(domain, {key, value});
  }
  Task<Result<void>> add(BareJid owner, CertificateMapping mapping, std::size_t max) override {
    co_await turn();
    const auto held = lock();
    if (!shelves_.accounts.contains(owner.str())) {
      co_return fail(ErrorKind::not_found, "account " + owner.str());
    }
    const std::pair key(mapping.key, mapping.value);
    auto& own = shelves_.certificates[owner.str()];
    if (own.contains(key)) {
      co_return Result<void>{};
    }
    if (const std::vector<BareJid> others = holders(owner.domain(), key); !others.empty()) {
      co_return fail(ErrorKind::already_exists, others.front().str() + " has it");
    }
    if (own.size() >= max) {
      co_return fail(ErrorKind::full, "certificates of " + owner.str());
    }
    own.emplace(key, mapping.added);
    co_return Result<void>{};
  }
  Task<Result<void>> remove(BareJid owner, CertificateKey key, std::string value) override {
    co_await turn();
    const auto held = lock();
    if (shelves_.certificates[owner.str()].erase({key, value}) == 0) {
      co_return fail(ErrorKind::not_found, owner.str() + " has no such certificate");
    }
    co_return Result<void>{};
  }

 private:
  [[nodiscard]] std::vector<BareJid> holders(std::string_view domain, const std::pair<CertificateKey, std::string>& key) const {
    std::vector<BareJid> found;
    for (const auto& [owner, keys] : shelves_.certificates) {
      if (const auto jid = BareJid::parse(owner); jid && jid->domain() == domain && keys.contains(key)) {
        found.push_back(*jid);
      }
    }
    return found;
  }
};

}  // namespace

std::unique_ptr<CertificateStore> make_certificates(Shelves& shelves, Turn turn) { return std::make_unique<Certificates>(shelves, turn); }

}  // namespace aldis::memory
