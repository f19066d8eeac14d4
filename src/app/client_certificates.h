// What a configuration says of people's certificates, with the files it names read.
#pragma once
#include "app/config.h"
#include "auth/certificate/certificate_judge.h"
#include "tls/revocation_cache.h"

namespace aldis::app {

// What is known of revoked certificates, kept below data_dir.
[[nodiscard]] Result<std::shared_ptr<tls::RevocationCache>> open_revocation_cache(const Config& config);

// An error names the domain and the file.
// `known`: where revocation is looked up; null: only what is stapled counts.
[[nodiscard]] Result<CertificatePolicies> load_certificate_policies(const Config& config,
                                                                    std::shared_ptr<const tls::RevocationCache> known);

}  // namespace aldis::app
