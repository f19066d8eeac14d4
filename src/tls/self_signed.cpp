// Self-signed certificates for a first start and for tests.
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tls/certificate.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

// Domains go into OpenSSL's configuration syntax, so only what a domain in ASCII form may hold is let through.
bool is_plain_domain(std::string_view domain) {
  return !domain.empty() && domain.size() <= 253 && std::all_of(domain.begin(), domain.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<void> write_new(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) {
    return fail(errno == EEXIST ? ErrorKind::already_exists : ErrorKind::unavailable,
                "cannot create " + path.string() + ": " + std::strerror(errno));
  }
  bool written = true;
  while (written && !text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    written = n > 0;
    text.remove_prefix(written ? static_cast<std::size_t>(n) : 0);
  }
  written = ::fsync(fd) == 0 && written;
  ::close(fd);
  if (!written) {
    ::unlink(path.c_str());
    return fail(ErrorKind::unavailable, "cannot write " + path.string());
  }
  return {};
}

}  // namespace

Result<SelfSigned> make_self_signed(const std::vector<std::string>& domains, const Clock& clock,
                                    std::chrono::days valid, KeyKind kind) {
  std::string names;
  for (const std::string& domain : domains) {
    if (!is_plain_domain(domain)) {
      return fail(ErrorKind::invalid, "not a domain in ASCII form: " + domain);
    }
    names += (names.empty() ? "DNS:" : ",DNS:") + domain;
    if (domain == "localhost") {
      names += ",IP:127.0.0.1,IP:::1";
    }
  }
  if (names.empty()) {
    return fail(ErrorKind::invalid, "a certificate needs a domain");
  }
  ERR_clear_error();
  const KeyPtr key(kind == KeyKind::p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048U));
  const X509Ptr certificate(X509_new());
  const std::time_t now = std::chrono::duration_cast<std::chrono::seconds>(clock.wall().time_since_epoch()).count();
  const std::time_t until = now + std::chrono::duration_cast<std::chrono::seconds>(valid).count();
  std::uint8_t serial[16];
  bool good = key && certificate && RAND_bytes(serial, sizeof serial) == 1;
  if (good) {
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x3F) | 0x40);  // RFC 5280 4.1.2.2: positive
    BIGNUM* const number = BN_bin2bn(serial, sizeof serial, nullptr);
    good = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get())) != nullptr;
    BN_free(number);
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    const std::string cn = domains.front().substr(0, 64);  // RFC 5280 ub-common-name
    good = good && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
           ASN1_TIME_set(X509_getm_notBefore(certificate.get()), now - 3600) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate.get()), until) != nullptr &&
           X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(cn.data()), static_cast<int>(cn.size()),
                                      -1, 0) == 1 &&
           X509_set_issuer_name(certificate.get(), subject) == 1 &&
           X509_set_pubkey(certificate.get(), key.get()) == 1 &&
           add_extension(certificate.get(), NID_subject_alt_name, names) &&
           add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
           add_extension(certificate.get(), NID_subject_key_identifier, "hash") &&
           X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  }
  const BioPtr chain_out(BIO_new(BIO_s_mem()));
  const BioPtr key_out(BIO_new(BIO_s_secmem()));
  good = good && chain_out && key_out && PEM_write_bio_X509(chain_out.get(), certificate.get()) == 1 &&
         PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (!good) {
    return fail(ErrorKind::unavailable, "cannot make a certificate: " + openssl_error());
  }
  return SelfSigned{contents(chain_out.get()), contents(key_out.get())};
}

Result<void> write_key_pair(const SelfSigned& pair, const std::filesystem::path& chain,
                            const std::filesystem::path& key) {
  Result<void> written = write_new(key, pair.key_pem, 0600);
  if (!written) {
    return written;
  }
  written = write_new(chain, pair.chain_pem, 0644);
  if (!written) {
    ::unlink(key.c_str());
  }
  return written;
}

}  // namespace aldis::tls
