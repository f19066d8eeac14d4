// What a configuration says of TLS, with the files it names read: for serving, and for `aldis check`, which must look at the same.
#pragma once
#include "app/config.h"
#include "core/listener_tls.h"
#include "federation/federation.h"
#include "tls/revocation_cache.h"

namespace aldis::app {

// By domain, in the order of the file. An error names the file.
[[nodiscard]] Result<DomainCertificates> load_certificates(const Config& config, const Clock& clock);
[[nodiscard]] Entrance entrance_of(const ListenerOptions& listener);
[[nodiscard]] std::vector<federation::FederationListener> federation_listeners(const Config& config);
[[nodiscard]] federation::FederationTls federation_tls(const Config& config, const DomainCertificates& certificates,
                                                      const DomainCertificates& of_components);

// [tls] crl_files into what is known of revocation: at the start, at each reload, and when one has changed. On one thread.
class CrlFiles {
 public:
  explicit CrlFiles(tls::RevocationCache& known) : known_(known) {}
  // Reads them all. not_found, invalid: with the file's name; those before it count.
  [[nodiscard]] Result<void> read(const Config& config);
  // Those that have changed since; what is wrong with one goes to the log, and what was known stays.
  void look_again();

 private:
  struct File {
    std::string path;
    std::filesystem::file_time_type written{};
  };
  [[nodiscard]] Result<void> read(File& file);

  tls::RevocationCache& known_;
  std::vector<File> files_;
};

}  // namespace aldis::app
