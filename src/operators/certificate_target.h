// What every AdminTarget does alike about certificates of people.
#pragma once
#include "operators/admin_target.h"

namespace aldis::admin {

[[nodiscard]] Task<Result<std::vector<CertificateMapping>>> certificates_of(Stores stores, BareJid jid);
[[nodiscard]] Task<Result<void>> give_certificate(Stores stores, BareJid jid, CertificateMapping mapping);
[[nodiscard]] Task<Result<void>> take_certificate(Stores stores, BareJid jid, CertificateKey key, std::string value);
// As a client would show it, from PEM.
[[nodiscard]] Result<tls::PresentedChain> read_chain(const std::string& pem);
// Takes over OCSP responses about certificates of these authorities, and of those in `issuers` (PEM; may be empty): that these are
// believed need not be shown, for what is kept of an issuer speaks of the certificates of its key alone.
[[nodiscard]] Result<tls::RevocationCache::Imported> import_responses(tls::RevocationCache& known, const Authorities& authorities,
                                                                      const std::string& responses, const std::string& issuers, WallTime now);

}  // namespace aldis::admin
