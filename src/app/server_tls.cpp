// Certificates, doors, and files with CRLs.
#include "app/server_tls.h"

#include <fstream>
#include <sstream>

#include "base/log.h"

namespace aldis::app {
namespace {

constexpr std::uintmax_t largest_crl_file = 64 * 1024 * 1024;

stream::TlsMode to_mode(ListenerTls tls) {
  switch (tls) {
    case ListenerTls::starttls: return stream::TlsMode::starttls;
    case ListenerTls::direct: return stream::TlsMode::direct;
    case ListenerTls::none: return stream::TlsMode::none;
  }
  return stream::TlsMode::starttls;
}

}  // namespace

Result<DomainCertificates> load_certificates(const Config& config, const Clock& clock) {
  DomainCertificates all;
  for (const DomainConfig& domain : config.domains) {
    const DomainOptions& options = domain.get();
    std::vector<tls::Certificate> loaded;
    for (std::size_t i = 0; i < options.certificates.size(); ++i) {
      auto one = tls::Certificate::load(config.resolve(options.certificates[i]), config.resolve(options.keys[i]), clock);
      if (!one) {
        return fail(one.error());
      }
      loaded.push_back(std::move(*one));
    }
    all.emplace_back(options.name, std::move(loaded));
  }
  return all;
}

Entrance entrance_of(const ListenerOptions& listener) {
  return {to_mode(listener.tls), listener.allow_integrity_only, listener.client_certificates, to_profile(listener.tls_profile)};
}

std::vector<federation::FederationListener> federation_listeners(const Config& config) {
  std::vector<federation::FederationListener> all;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerOptions& listener = config.listener(i);
    if (listener.serves != ListenerUse::clients) {
      all.push_back({net::PeerAddress::parse(listener.address, listener.port).value(), listener.tls == ListenerTls::direct,
                     listener.serves == ListenerUse::components, listener.tls_profile});
    }
  }
  return all;
}

federation::FederationTls federation_tls(const Config& config, const DomainCertificates& certificates, const DomainCertificates& of_components) {
  federation::FederationTls out;
  for (const auto& [domain, list] : certificates) {
    out.domains.emplace_back(std::string(BareJid::parse(domain).value().domain()), list);
  }
  out.domains.insert(out.domains.end(), of_components.begin(), of_components.end());
  out.choice = config.section<TlsOptions>("tls").choice();
  for (const OptionObject& peer : config.peers) {
    if (const auto profile = to_profile(peer.as<policy::PeerOptions>().tls_profile)) {
      out.peer_profiles.insert(*profile);
    }
  }
  return out;
}

// ---- CRLs

Result<void> CrlFiles::read(File& file) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(file.path, error);
  const std::uintmax_t size = error ? 0 : std::filesystem::file_size(file.path, error);
  std::ifstream in(file.path, std::ios::binary);
  if (error || !in) {
    return fail(ErrorKind::not_found, "[tls] crl_files: " + file.path + " cannot be read");
  }
  if (size > largest_crl_file) {
    return fail(ErrorKind::limit, "[tls] crl_files: " + file.path + " is larger than 64 MiB");
  }
  file.written = written;   // a file with a fault is not read again and again
  std::ostringstream text;
  text << in.rdbuf();
  const auto newer = known_.import_crls(std::move(text).str());
  if (!newer) {
    return fail(newer.error().kind, "[tls] crl_files: " + file.path + ": " + newer.error().what);
  }
  if (*newer != 0) {
    log::info("crl-file-read", {{"file", file.path}, {"newer", *newer}});
  }
  return {};
}

Result<void> CrlFiles::read(const Config& config) {
  std::vector<File> files;
  for (const std::string& name : config.section<TlsOptions>("tls").crl_files) {
    files.push_back({config.resolve(name)});
    if (auto done = read(files.back()); !done) {
      return done;
    }
  }
  files_ = std::move(files);
  return {};
}

void CrlFiles::look_again() {
  for (File& file : files_) {
    std::error_code error;
    const auto written = std::filesystem::last_write_time(file.path, error);
    if (error || written == file.written) {
      continue;   // who replaces it may have taken it away for a moment
    }
    if (const auto done = read(file); !done) {
      log::warning("crl-file-not-read", {{"cause", done.error().what}});
    }
  }
}

}  // namespace aldis::app
