// Certificate: a chain with its private key, as a server presents it. Loading refuses keys that others could read (security
// O03), keys that do not fit, and dates that do not hold. It does not decide whom to trust.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tls/certificate_names.h"
#include "tls/staple.h"

using EVP_PKEY = struct evp_pkey_st;

namespace aldis::tls {

class Certificate {
 public:
  // PEM files; the chain begins with the server's own certificate. The key file must not be readable or writable by
  // group or others, and is not followed when it is a symbolic link to such a file. In its place may stand the URI of a key in a
  // token (pkcs11_key.h). Errors name the file.
  [[nodiscard]] static Result<Certificate> load(const std::filesystem::path& chain, const std::filesystem::path& key,
                                                const Clock& clock);
  [[nodiscard]] static Result<Certificate> parse(std::string_view chain_pem, std::string_view key_pem,
                                                 const Clock& clock);

  [[nodiscard]] const CertificateNames& names() const { return names_; }
  [[nodiscard]] WallTime not_before() const { return not_before_; }
  [[nodiscard]] WallTime not_after() const { return not_after_; }
  // Whole days until not_after, negative once it has passed.
  [[nodiscard]] std::int64_t days_left(const Clock& clock) const;
  [[nodiscard]] bool is_self_signed() const;             // its issuer is itself
  [[nodiscard]] std::string key_type() const;            // "ECDSA P-256", "RSA 2048"
  [[nodiscard]] std::string fingerprint_sha256() const;  // hexadecimal

  // Clients that ask for its status must get a response with it (RFC 7633: status_request).
  [[nodiscard]] bool must_staple() const;
  // Its current OCSP response, where somebody keeps one; shared by copies that are made afterwards.
  void set_staple(std::shared_ptr<Staple> staple) { staple_ = std::move(staple); }
  [[nodiscard]] const std::shared_ptr<Staple>& staple() const { return staple_; }

  [[nodiscard]] X509* leaf() const { return chain_.front().get(); }
  [[nodiscard]] const std::vector<std::shared_ptr<X509>>& chain() const { return chain_; }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }

 private:
  Certificate() = default;
  [[nodiscard]] static Result<Certificate> assemble(std::string_view chain_pem, std::shared_ptr<EVP_PKEY> key, const Clock& clock);
  std::vector<std::shared_ptr<X509>> chain_;
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<Staple> staple_;
  CertificateNames names_;
  WallTime not_before_;
  WallTime not_after_;
};

struct SelfSigned {
  std::string chain_pem;
  std::string key_pem;
};

enum class KeyKind : std::uint8_t { p256, rsa2048 };

// For `aldis init` and tests: subjectAltName holds the domains as dNSName, and 127.0.0.1 and ::1 when one of them is
// "localhost". Valid from an hour before now.
[[nodiscard]] Result<SelfSigned> make_self_signed(const std::vector<std::string>& domains, const Clock& clock,
                                                  std::chrono::days valid = std::chrono::days(365),
                                                  KeyKind kind = KeyKind::p256);

// Writes with mode 0600 (the key) and 0644 (the chain); refuses to replace existing files.
[[nodiscard]] Result<void> write_key_pair(const SelfSigned& pair, const std::filesystem::path& chain,
                                          const std::filesystem::path& key);

}  // namespace aldis::tls
