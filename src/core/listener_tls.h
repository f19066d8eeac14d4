// The TLS of the doors for clients: from certificates and the operator's choice to the contexts that listeners speak with. A function
// of its arguments, so that `aldis check --tls` looks at what would be served.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/lobby.h"
#include "tls/certificate.h"
#include "tls/profile.h"

namespace aldis {

// By domain in ASCII form; the first serves clients that name none.
using DomainCertificates = std::vector<std::pair<std::string, std::vector<tls::Certificate>>>;

// What `entrances` need. Clients are asked for a certificate of one of `client_authorities` (PEM), for none when it is empty. not_found:
// no domain has a certificate; invalid: a certificate does not fit a profile that is used.
[[nodiscard]] Result<AllTlsContexts> make_listener_contexts(const std::vector<Entrance>& entrances, const DomainCertificates& domains,
                                                            const std::string& client_authorities, const tls::TlsChoice& choice);

}  // namespace aldis
