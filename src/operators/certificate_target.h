// What every AdminTarget does alike about certificates of people.
#pragma once
#include "operators/admin_target.h"

namespace aldis::admin {

[[nodiscard]] Task<Result<std::vector<CertificateMapping>>> certificates_of(Stores stores, BareJid jid);
[[nodiscard]] Task<Result<void>> give_certificate(Stores stores, BareJid jid, CertificateMapping mapping);
[[nodiscard]] Task<Result<void>> take_certificate(Stores stores, BareJid jid, CertificateKey key, std::string value);
// As a client would show it, from PEM.
[[nodiscard]] Result<tls::PresentedChain> read_chain(const std::string& pem);

}  // namespace aldis::admin
