// What a configuration says of components (XEP-0114), with the files it names read: secrets, and what other servers are shown.
#pragma once
#include "app/config.h"
#include "base/clock.h"
#include "federation/federation.h"

namespace aldis::app {

struct LoadedComponents {
  federation::Components settings;
  DomainCertificates certificates;       // of the components that may speak with other servers
  DomainCertificates own_certificates;   // of these, those that are written for a component
};

// `of_domains`: the certificates of the domains served here; where a component has none of its own, those of them that name it are
// shown for it. An error names the component and the file.
[[nodiscard]] Result<LoadedComponents> load_components(const Config& config, const DomainCertificates& of_domains,
                                                       const Clock& clock);

// The secret of one: 16 to 1024 bytes on one line of a file that is the server's user's alone.
[[nodiscard]] Result<SecretBytes> load_component_secret(const std::string& path);

}  // namespace aldis::app
