// DirectoryCertificates: whose a certificate is: what operators have told this server (auth/certificate/store_directory.h), and on domains with
// a directory what that says too. Two that say different accounts are a conflict, as two entries are.
#pragma once
#include "auth/certificate/store_directory.h"
#include "core/directory_accounts.h"

namespace aldis {

class DirectoryCertificates final : public CertificateDirectory {
 public:
  // Both outlive it.
  DirectoryCertificates(CertificateDirectory& own, const Directories& directories) : own_(own), directories_(directories) {}
  Task<Result<std::vector<BareJid>>> find(std::string domain, CertificateKey key, std::string value) override;
  Task<Result<bool>> has_account(BareJid account) override { return own_.has_account(std::move(account)); }

 private:
  CertificateDirectory& own_;
  const Directories& directories_;
};

}  // namespace aldis
