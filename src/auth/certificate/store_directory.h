// StoreDirectory: what this server's own store knows of certificates.
#pragma once
#include "auth/certificate/certificate_directory.h"
#include "storage/account_store.h"

namespace aldis {

class StoreDirectory final : public CertificateDirectory {
 public:
  StoreDirectory(CertificateStore& certificates, AccountStore& accounts) : certificates_(certificates), accounts_(accounts) {}
  Task<Result<std::vector<BareJid>>> find(std::string domain, CertificateKey key, std::string value) override;
  Task<Result<bool>> has_account(BareJid account) override;

 private:
  CertificateStore& certificates_;
  AccountStore& accounts_;
};

}  // namespace aldis
