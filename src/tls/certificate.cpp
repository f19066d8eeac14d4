// Loading certificates and their keys.
#include "tls/certificate.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/encoding.h"
#include "tls/asn1.h"
#include "tls/pkcs11_key.h"

namespace aldis::tls {
namespace {

constexpr std::size_t longest_file = 1024 * 1024;
constexpr std::size_t longest_chain = 16;

enum class Secrecy : std::uint8_t { open, secret };

Result<std::string> read_file(const std::filesystem::path& path, Secrecy secrecy) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
                "cannot open " + path.string() + ": " + std::strerror(errno));
  }
  const std::unique_ptr<const int, void (*)(const int*)> closer(&fd, [](const int* f) { ::close(*f); });
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(ErrorKind::invalid, path.string() + " is not a regular file");
  }
  if (secrecy == Secrecy::secret && (status.st_mode & 077U) != 0) {
    return fail(ErrorKind::denied,
                "the key file " + path.string() + " is open to group or others; run: chmod 600 " + path.string());
  }
  if (secrecy == Secrecy::secret && status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return fail(ErrorKind::denied, "the key file " + path.string() + " belongs to another user");
  }
  if (status.st_size > static_cast<off_t>(longest_file)) {
    return fail(ErrorKind::limit, path.string() + " is larger than 1 MiB");
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = ::read(fd, text.data() + have, text.size() - have);
    if (n <= 0) {
      return fail(ErrorKind::unavailable, "cannot read " + path.string());
    }
    have += static_cast<std::size_t>(n);
  }
  return text;
}

int no_password(char*, int, int, void*) {
  return 0;
}  // an encrypted key is an error, never a prompt

Result<std::shared_ptr<EVP_PKEY>> read_key(std::string_view pem) {
  ERR_clear_error();
  const BioPtr in = memory_bio(pem);
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr), EVP_PKEY_free);
  if (!key) {
    return fail(ErrorKind::invalid, "no readable private key in PEM form (encrypted keys are not supported): " + openssl_error());
  }
  return key;
}

}  // namespace

Result<Certificate> Certificate::load(const std::filesystem::path& chain, const std::filesystem::path& key,
                                      const Clock& clock) {
  const Result<std::string> chain_pem = read_file(chain, Secrecy::open);
  if (!chain_pem) {
    return fail(chain_pem.error());
  }
  const auto in_token = is_pkcs11(key.string()) ? parse_pkcs11(key.string()) : Result<Pkcs11Uri>(Pkcs11Uri{});
  if (!in_token) {
    return fail(in_token.error());
  }
  Result<std::string> secret = read_file(is_pkcs11(key.string()) ? in_token->pin : key, Secrecy::secret);
  if (!secret) {
    return fail(secret.error());
  }
  Result<std::shared_ptr<EVP_PKEY>> opened = is_pkcs11(key.string()) ? load_pkcs11_key(*in_token, *secret) : read_key(*secret);
  OPENSSL_cleanse(secret->data(), secret->size());
  Result<Certificate> certificate = opened ? assemble(*chain_pem, *std::move(opened), clock) : fail(opened.error());
  if (!certificate) {
    return fail(certificate.error().kind, chain.string() + ", " + key.string() + ": " + certificate.error().what);
  }
  return certificate;
}

Result<Certificate> Certificate::parse(std::string_view chain_pem, std::string_view key_pem, const Clock& clock) {
  Result<std::shared_ptr<EVP_PKEY>> key = read_key(key_pem);
  return key ? assemble(chain_pem, *std::move(key), clock) : fail(key.error());
}

Result<Certificate> Certificate::assemble(std::string_view chain_pem, std::shared_ptr<EVP_PKEY> key, const Clock& clock) {
  ERR_clear_error();
  Certificate made;
  made.key_ = std::move(key);
  const BioPtr chain = memory_bio(chain_pem);
  while (X509* const one = PEM_read_bio_X509(chain.get(), nullptr, no_password, nullptr)) {
    made.chain_.emplace_back(one, X509_free);
    if (made.chain_.size() > longest_chain) {
      return fail(ErrorKind::limit, "more than 16 certificates in the chain");
    }
  }
  ERR_clear_error();
  if (made.chain_.empty()) {
    return fail(ErrorKind::invalid, "no certificate in PEM form");
  }
  if (X509_check_private_key(made.leaf(), made.key()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "the private key does not belong to the first certificate");
  }
  for (std::size_t i = 1; i < made.chain_.size(); ++i) {
    if (X509_check_issued(made.chain_[i].get(), made.chain_[i - 1].get()) != X509_V_OK) {
      ERR_clear_error();
      return fail(ErrorKind::invalid, "the chain is out of order: certificate " + std::to_string(i + 1) +
                                          " did not issue the one before it");
    }
  }
  const std::optional<WallTime> from = wall_time(X509_get0_notBefore(made.leaf()));
  const std::optional<WallTime> to = wall_time(X509_get0_notAfter(made.leaf()));
  if (!from || !to) {
    return fail(ErrorKind::invalid, "a date of the certificate cannot be read");
  }
  made.not_before_ = *from;
  made.not_after_ = *to;
  if (made.not_after_ <= clock.wall()) {
    return fail(ErrorKind::invalid, "the certificate expired on " + date_text(made.not_after_));
  }
  if (made.not_before_ > clock.wall()) {
    return fail(ErrorKind::invalid, "the certificate is not valid before " + date_text(made.not_before_));
  }
  made.names_ = names_of(made.leaf());
  return made;
}

bool Certificate::is_self_signed() const { return (X509_get_extension_flags(leaf()) & EXFLAG_SS) != 0; }

std::int64_t Certificate::days_left(const Clock& clock) const {
  return std::chrono::floor<std::chrono::days>(not_after_ - clock.wall()).count();
}

bool Certificate::must_staple() const {
  auto* const features = static_cast<TLS_FEATURE*>(X509_get_ext_d2i(leaf(), NID_tlsfeature, nullptr, nullptr));
  bool must = false;
  for (int i = 0; i < sk_ASN1_INTEGER_num(features); ++i) {
    must = must || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == TLSEXT_TYPE_status_request;
  }
  TLS_FEATURE_free(features);
  return must;
}

std::string Certificate::key_type() const {
  if (EVP_PKEY_is_a(key_.get(), "EC") == 1) {
    char group[32] = {};
    std::size_t length = 0;
    EVP_PKEY_get_group_name(key_.get(), group, sizeof group, &length);
    const std::string_view name(group, length);
    return "ECDSA " + std::string(name == "prime256v1" ? "P-256" : name == "secp384r1" ? "P-384" : name);
  }
  const char* const name = EVP_PKEY_get0_type_name(key_.get());
  return std::string(name != nullptr ? name : "?") + " " + std::to_string(EVP_PKEY_get_bits(key_.get()));
}

std::string Certificate::fingerprint_sha256() const {
  std::uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  ensure(X509_digest(leaf(), EVP_sha256(), digest, &length) == 1, "a certificate has a digest");
  return hex_encode({digest, length});
}

}  // namespace aldis::tls
