// What a certificate can be looked up by (storage/certificate_store.h), as operators write it and as certificates have it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/certificate_store.h"
#include "tls/certificate_fields.h"

namespace aldis {

// "fingerprint", "issuer-serial", "upn", "mail", "edipi", "fascn", "uuid"
[[nodiscard]] std::string_view to_string(CertificateKey key);
[[nodiscard]] std::optional<CertificateKey> parse_certificate_key(std::string_view name);

// The value as it is stored and looked up: case, colons and the like do not tell two apart that are the same. invalid: it can
// be no such key; the text says what one looks like.
[[nodiscard]] Result<std::string> prepare_certificate_value(CertificateKey key, std::string_view text);

// The values a certificate has for a key, each once, in its order. An EDIPI is read from a UPN of the form "1234567890@mil".
[[nodiscard]] std::vector<std::string> certificate_values(const tls::CertificateFields& fields, CertificateKey key);

}  // namespace aldis
