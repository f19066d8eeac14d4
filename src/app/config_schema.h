// What aldis.toml may say: its sections, the extensions a domain may enable, and the options of each. The parser, the
// documentation, the commented example and reload all read this one description.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/certificate/certificate_options.h"
#include "auth/kerberos/kerberos_options.h"
#include "auth/ldap/ldap_options.h"
#include "base/log.h"
#include "base/options.h"
#include "base/result.h"
#include "core/extension.h"
#include "tls/profile.h"

namespace aldis::app {

enum class ListenerTls : std::uint8_t { starttls, direct, none };
constexpr auto option_names(ListenerTls) {
  return std::array{OptionName{"starttls", ListenerTls::starttls}, OptionName{"direct", ListenerTls::direct},
                    OptionName{"none", ListenerTls::none}};
}

struct ServerOptions {
  std::string data_dir = "aldis-data";
  std::uint32_t shards = 0;
  std::chrono::milliseconds shutdown_timeout = std::chrono::seconds(8);
};

enum class ListenerUse : std::uint8_t { clients, servers, components };
constexpr auto option_names(ListenerUse) {
  return std::array{OptionName{"clients", ListenerUse::clients}, OptionName{"servers", ListenerUse::servers},
                    OptionName{"components", ListenerUse::components}};
}

struct ListenerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 5222;
  ListenerTls tls = ListenerTls::starttls;
  ListenerUse serves = ListenerUse::clients;
  bool beyond_loopback = false;
  bool allow_integrity_only = false;
  CertificateUse client_certificates = CertificateUse::optional;
  tls::OwnProfile tls_profile = tls::OwnProfile::server;
};

// What all TLS here has in common.
struct TlsOptions {
  tls::TlsProfile profile = tls::TlsProfile::modern;
  std::vector<std::string> groups;
  std::vector<std::string> signature_algorithms;
  bool fetch_staples = true;
  std::vector<std::string> crl_files;

  [[nodiscard]] tls::TlsChoice choice() const { return {profile, groups, signature_algorithms}; }
};

// What is at a domain's addresses.
enum class DomainUse : std::uint8_t { accounts, rooms, pubsub };
constexpr auto option_names(DomainUse) {
  return std::array{OptionName{"accounts", DomainUse::accounts}, OptionName{"rooms", DomainUse::rooms},
                    OptionName{"pubsub", DomainUse::pubsub}};
}

struct DomainOptions : CertificateOptions, KerberosOptions {
  std::string name;
  DomainUse serves = DomainUse::accounts;
  std::string directory;
  std::vector<std::string> certificates;
  std::vector<std::string> keys;
  std::vector<std::string> staples;
  std::vector<std::string> administrators;
  std::vector<std::string> administrator_groups;
  std::string see_other_host;
  std::vector<std::string> enable;
  std::vector<std::string> disable;
};

enum class LogFormat : std::uint8_t { text, json };
constexpr auto option_names(LogFormat) {
  return std::array{OptionName{"text", LogFormat::text}, OptionName{"json", LogFormat::json}};
}
enum class LogLevel : std::uint8_t { debug, info, warning, error };
constexpr auto option_names(LogLevel) {
  return std::array{OptionName{"debug", LogLevel::debug}, OptionName{"info", LogLevel::info},
                    OptionName{"warning", LogLevel::warning}, OptionName{"error", LogLevel::error}};
}
[[nodiscard]] log::Level to_log_level(LogLevel level);

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::string file;
  std::uint32_t rate = 100;
};

struct MetricsOptions {
  bool enabled = true;
  std::string address = "127.0.0.1";
  std::uint16_t port = 9422;
};

struct AdminOptions {
  std::string socket;
};

// The directory that says the rest (config_source.h).
struct ConfigurationOptions {
  std::string name;
  std::vector<std::string> servers;
  std::string base;
  std::string bind_dn;
  std::string password_file;
  std::string certificate;
  std::string key;
  std::string ca_file;
  bool starttls = true;
  std::chrono::milliseconds timeout{1000};
  std::chrono::seconds refresh{60};

  [[nodiscard]] bool is_used() const { return !servers.empty(); }
  [[nodiscard]] ldap::DirectoryOptions directory() const;   // how it is reached
};

// A section of the file and the options in it.
struct SectionSchema {
  std::string name;
  const OptionTable* table = nullptr;
  std::string help;
  bool is_repeated = false;   // [[name]]
  std::function<Result<void>(const OptionObject&)> check = {};   // what the ranges of single options cannot say
};

// An extension as configuration sees it.
struct ExtensionSchema {
  std::string name;
  std::string help;
  const OptionTable* table = nullptr;   // null: nothing to configure
  bool is_default = true;               // on unless a domain disables it
  ServedBy on = ServedBy::accounts;     // the kinds of domains that may have it
};

struct ConfigSchema {
  std::vector<SectionSchema> sections;   // among them "server", "listener", "domain", "log", "metrics", "admin"
  std::vector<ExtensionSchema> extensions;

  [[nodiscard]] const SectionSchema* section(std::string_view name) const;
  [[nodiscard]] const ExtensionSchema* extension(std::string_view name) const;
};

// The sections that app/ itself reads; the core's and the extensions' are added by app/extensions.cpp.
[[nodiscard]] ConfigSchema own_schema();

}  // namespace aldis::app
