// Reading what components need.
#include "app/components.h"

#include <algorithm>

#include "app/private_file.h"

namespace aldis::app {
namespace {

constexpr std::size_t least_secret_bytes = 16;   // who saw a handshake may try guesses at home
constexpr std::size_t most_secret_bytes = 1024;

}  // namespace

Result<SecretBytes> load_component_secret(const std::string& path) {
  auto read = read_private_file(path, most_secret_bytes + 2);
  if (!read) {
    return read;
  }
  std::span<const std::uint8_t> line = std::as_const(*read).bytes();
  for (const std::uint8_t end : {std::uint8_t{'\n'}, std::uint8_t{'\r'}}) {
    if (!line.empty() && line.back() == end) {
      line = line.first(line.size() - 1);
    }
  }
  if (line.size() < least_secret_bytes || line.size() > most_secret_bytes || std::ranges::count(line, std::uint8_t{'\n'}) != 0) {
    return fail(ErrorKind::invalid, path + " must hold one line of 16 to 1024 bytes (\"openssl rand -hex 32\" makes one)");
  }
  return SecretBytes(line);
}

Result<LoadedComponents> load_components(const Config& config, const DomainCertificates& of_domains, const Clock& clock) {
  LoadedComponents loaded;
  for (const OptionObject& object : config.components) {
    const auto& options = object.as<policy::ComponentOptions>();
    const auto named = [&](const Error& error) { return fail(error.kind, "[[component]] " + options.domain + ": " + error.what); };
    auto secret = load_component_secret(config.resolve(options.secret_file));
    if (!secret) {
      return named(secret.error());
    }
    loaded.settings.emplace(options.domain, federation::ComponentSettings{.secret = std::move(*secret),
                                                                          .replaces = options.second_connection == policy::SecondConnection::replace});
    if (!options.abroad) {
      continue;
    }
    std::vector<tls::Certificate> certificates;
    for (std::size_t i = 0; i < options.certificates.size(); ++i) {
      auto one = tls::Certificate::load(config.resolve(options.certificates[i]), config.resolve(options.keys[i]), clock);
      if (!one) {
        return named(one.error());
      }
      certificates.push_back(std::move(*one));
    }
    if (!certificates.empty()) {
      loaded.own_certificates.emplace_back(options.domain, certificates);
    }
    // One domain's, so that there is one of each kind of key.
    for (auto domain = of_domains.begin(); certificates.empty() && domain != of_domains.end(); ++domain) {
      std::ranges::copy_if(domain->second, std::back_inserter(certificates),
                           [&](const tls::Certificate& certificate) { return certificate.names().cover(options.domain); });
    }
    if (!certificates.empty()) {
      loaded.certificates.emplace_back(options.domain, std::move(certificates));
    }
  }
  return loaded;
}

}  // namespace aldis::app
