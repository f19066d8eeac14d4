// CertificateDirectory: where it is looked up which account a certificate is of. One adapter per kind of directory; the local
// one reads the CertificateStore. Called and resumed on the executor of the one who logs people in.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "storage/certificate_store.h"
#include "xmpp/jid.h"

namespace aldis {

class CertificateDirectory {
 public:
  virtual ~CertificateDirectory() = default;
  // The accounts of the domain that have it; none: a clear no. Every doubt is an error (security S09); denied: it is no one's, for it is
  // more than one's.
  virtual Task<Result<std::vector<BareJid>>> find(std::string domain, CertificateKey key, std::string value) = 0;
  // Whether there is such an account, enabled or not.
  virtual Task<Result<bool>> has_account(BareJid account) = 0;
};

}  // namespace aldis
