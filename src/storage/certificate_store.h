// CertificateStore: which account a certificate is of, by something in it. What is kept are words about certificates, never a
// certificate. A word is of one account in a domain at most; accounts of other domains may have the same one.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"
#include "xmpp/jid.h"

namespace aldis {

// Stored by number: new ones are added at the end.
enum class CertificateKey : std::uint8_t {
  fingerprint,     // SHA-256 of the whole certificate, hexadecimal
  issuer_serial,   // serial number in hexadecimal, a space, the issuer's name (RFC 4514)
  upn,             // User Principal Name, lower case
  mail,            // rfc822Name, lower case
  edipi,           // ten digits
  fascn,           // FASC-N of FIPS 201, 25 bytes in hexadecimal
  uuid,            // lower case, with its hyphens
};

struct CertificateMapping {
  CertificateKey key = CertificateKey::fingerprint;
  std::string value;     // not empty, written as CertificateKey says; compared byte by byte
  WallTime added{};
};

class CertificateStore {
 public:
  virtual ~CertificateStore() = default;
  // In the order of keys and values.
  virtual Task<Result<std::vector<CertificateMapping>>> load(BareJid owner) = 0;
  // The accounts of the domain that have it, in the order of their addresses.
  virtual Task<Result<std::vector<BareJid>>> find(std::string domain, CertificateKey key, std::string value) = 0;
  // Success, and nothing changes, where the owner has it. not_found: there is no such account. already_exists: another account
  // of the domain has it. full: the owner has `max`.
  virtual Task<Result<void>> add(BareJid owner, CertificateMapping mapping, std::size_t max) = 0;
  virtual Task<Result<void>> remove(BareJid owner, CertificateKey key, std::string value) = 0;   // not_found
};

}  // namespace aldis
