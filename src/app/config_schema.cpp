// The options of the sections that app/ itself reads.
#include "app/config_schema.h"

#include <algorithm>

#include "extensions/muc/room_options.h"
#include "policy/component_options.h"
#include "policy/peer_options.h"
#include "policy/position_options.h"

namespace aldis::app {
namespace {

using namespace std::chrono_literals;

// Options of a base as options of what has it.
template <class D, class B, class T>
constexpr Option<D, T> in_derived(const Option<B, T>& option) {
  Option<D, T> own(option.name, static_cast<T D::*>(option.member), option.help, option.reload);
  own.bounds.min = option.bounds.min;
  own.bounds.max = option.bounds.max;
  return own;
}
template <class D, class... O>
constexpr auto all_in_derived(const std::tuple<O...>& options) {
  return std::apply([](const auto&... option) { return std::tuple{in_derived<D>(option)...}; }, options);
}

constexpr auto server_options = std::tuple{
    Option{"data_dir", &ServerOptions::data_dir, Range{1, 4000},
           "Where the store and the control socket are. A relative path starts at this file's folder."},
    Option{"shards", &ServerOptions::shards, Range{0, 256}, "Threads that serve accounts; 0 means one for each processor."},
    Option{"shutdown_timeout", &ServerOptions::shutdown_timeout, Range{1s, 60s},
           "How long sessions may take to finish their writes when the server ends.", Reload::live},
};

constexpr auto configuration_options = std::tuple{
    Option{"servers", &ConfigurationOptions::servers, Range{0, 8},
           "Its servers, as of a [[directory]]: \"ldaps://host\", \"ldap://host\" (with StartTLS), \"ldapi://%2Fpath\". Empty: this file says everything."},
    Option{"base", &ConfigurationOptions::base, Range{0, 2000}, "The entry (aldisConfiguration) below which the configuration is, such as \"cn=aldis,dc=example,dc=org\"."},
    Option{"name", &ConfigurationOptions::name, Range{0, 200},
           "This server's own name there: besides what stands below cn=common, it reads what stands below cn=NAME. Empty: only what is common."},
    Option{"bind_dn", &ConfigurationOptions::bind_dn, Range{0, 2000}, "The entry this server logs in as, to read. Empty: by certificate and key, or, with ldapi, as the process's own user."},
    Option{"password_file", &ConfigurationOptions::password_file, Range{0, 4000}, "A file with its password on one line, which only the server's user may read."},
    Option{"certificate", &ConfigurationOptions::certificate, Range{0, 4000}, "A PEM file with a certificate to show to the directory's servers."},
    Option{"key", &ConfigurationOptions::key, Range{0, 4000}, "A PEM file with its private key, which only the server's user may read."},
    Option{"ca_file", &ConfigurationOptions::ca_file, Range{0, 4000},
           "A PEM file with the authorities that the servers' certificates must come from. Empty: those of the system."},
    Option{"starttls", &ConfigurationOptions::starttls,
           "false: no TLS with ldap:// servers; allowed on loopback addresses only."},
    Option{"timeout", &ConfigurationOptions::timeout, Range{100ms, 1200ms}, "How long one server may take for one answer; then the next is asked."},
    Option{"refresh", &ConfigurationOptions::refresh, Range{1s, 86'400s}, "How often is asked whether the configuration has changed."},
};

constexpr auto listener_options = std::tuple{
    Option{"address", &ListenerOptions::address, Range{1, 64}, "The IPv4 or IPv6 address to listen on; \"::\" means all."},
    Option{"port", &ListenerOptions::port, Range{1, 65535}, "The TCP port."},
    Option{"tls", &ListenerOptions::tls,
           "\"starttls\": TLS is required and begins by STARTTLS (RFC 6120). \"direct\": TLS from the first byte (XEP-0368). "
           "\"none\": no TLS, allowed on loopback addresses only, for proxies and benchmarks."},
    Option{"serves", &ListenerOptions::serves,
           "Who connects here: \"clients\", other \"servers\" (port 5269, with direct TLS 5270), or \"components\" (XEP-0114, usually port "
           "5347; tls is then \"none\" or \"direct\")."},
    Option{"beyond_loopback", &ListenerOptions::beyond_loopback,
           "For components: let them connect from other machines too. With tls = \"none\" whoever sees the network there reads everything "
           "they say and can guess at their secrets."},
    Option{"allow_integrity_only", &ListenerOptions::allow_integrity_only,
           "Accept, as the last choice, TLS suites that protect integrity and do not encrypt, for sites that must read their own "
           "traffic: ECDHE-ECDSA-NULL-SHA and ECDHE-RSA-NULL-SHA, and those of RFC 9150 where OpenSSL has them. See operating.md."},
    Option{"client_certificates", &ListenerOptions::client_certificates,
           "For domains whose client_certificates is \"optional\": \"off\" does not ask clients here for a certificate, \"required\" lets "
           "nobody log in here without one."},
    Option{"tls_profile", &ListenerOptions::tls_profile,
           "What is spoken here: \"server\", as [tls] says, or \"modern\", \"nist\", \"cnsa\" with that profile's lists."},
};

constexpr auto tls_options = std::tuple{
    Option{"profile", &TlsOptions::profile,
           "Versions, suites, groups, signatures and keys, for clients and other servers: \"modern\" (RFC 9325), \"nist\" (SP 800-52r2) or "
           "\"cnsa\" (RFC 9151). `aldis check --tls` shows what comes of it.",
           Reload::live},
    Option{"groups", &TlsOptions::groups, Range{0, 16},
           "Groups for the key exchange in the order of preference, of those the profile has, such as \"P-384\" and \"P-256\"; `modern` also "
           "takes X448, P-521 and brainpool's. Empty: the profile's.",
           Reload::live},
    Option{"signature_algorithms", &TlsOptions::signature_algorithms, Range{0, 32},
           "Signatures in handshakes in the order of preference, of those the profile has, such as \"ECDSA+SHA384\". Empty: the profile's.",
           Reload::live},
    Option{"fetch_staples", &TlsOptions::fetch_staples,
           "Ask the OCSP responder that our own certificates name, and show its answer in handshakes (stapling).", Reload::live},
    Option{"crl_files", &TlsOptions::crl_files, Range{0, 100},
           "CRLs, PEM or DER, of people's and servers' authorities; read at the start, at each reload, and when a file has changed.", Reload::live},
};

constexpr auto own_domain_options = std::tuple{
    Option{"name", &DomainOptions::name, Range{1, 1023}, "The domain of the addresses served here."},
    Option{"serves", &DomainOptions::serves, 
           "What is at its addresses: \"accounts\" of people, \"rooms\" (Multi-User Chat; see rooms.md), or \"pubsub\": nothing; it has nodes "
           "(publish-subscribe; see pubsub.md)."},
    Option{"directory", &DomainOptions::directory, Range{0, 64},
           "The [[directory]] whose people have the accounts here. Empty: this server has accounts of its own."},
    Option{"certificates", &DomainOptions::certificates, Range{0, 4},
           "PEM files, each a certificate with its chain. One for each kind of key: ECDSA and RSA may stand side by side.",
           Reload::live},
    Option{"keys", &DomainOptions::keys, Range{0, 4},
           "PEM files with the private keys, in the order of the certificates; only their owner may be able to read them. Or URIs of "
           "keys in a token, \"pkcs11:...\"; see certificates.md.",
           Reload::live},
    Option{"staples", &DomainOptions::staples, Range{0, 4},
           "OCSP responses (DER) about the certificates, in their order, \"\" for none; read again when they have changed. Without one it is "
           "fetched, if [tls] fetch_staples says so.",
           Reload::live},
    Option{"see_other_host", &DomainOptions::see_other_host, Range{0, 255},
           "Send this domain's clients to another server, \"host\" or \"host:port\" (RFC 6120 section 4.9.3.19). Empty: they stay."},
    Option{"administrators", &DomainOptions::administrators, Range{0, 1000},
           "Addresses of the accounts that may use the administrators' commands.", Reload::live},
    Option{"administrator_groups", &DomainOptions::administrator_groups, Range{0, 100},
           "Groups of the domain's directory whose members may too, as the directory has them now; \"group@domain\" of another domain here.",
           Reload::live},
    Option{"enable", &DomainOptions::enable, Range{0, 200}, "Extensions to enable beyond those that are on by default."},
    Option{"disable", &DomainOptions::disable, Range{0, 200}, "Extensions to leave out although they are on by default."},
};
constexpr auto domain_options =
    std::tuple_cat(own_domain_options, all_in_derived<DomainOptions>(certificate_options), all_in_derived<DomainOptions>(kerberos_options));

constexpr auto all_directory_options =
    std::tuple_cat(ldap::directory_options, all_in_derived<ldap::DirectoryOptions>(ldap::profile_options));

constexpr auto log_options = std::tuple{
    Option{"level", &LogOptions::level, "The least severe records that are written.", Reload::live},
    Option{"format", &LogOptions::format, "One line of text, or one JSON object, for each record.", Reload::live},
    Option{"file", &LogOptions::file, Range{0, 4000}, "Where records go; empty means standard error."},
    Option{"rate", &LogOptions::rate, Range{1, 1000000},
           "Records of one kind written in a second at most; the rest are counted, and the count is written.", Reload::live},
};

constexpr auto metrics_options = std::tuple{
    Option{"enabled", &MetricsOptions::enabled, "Whether /metrics, /healthz and /readyz are served over HTTP."},
    Option{"address", &MetricsOptions::address, Range{1, 64}, "A loopback address."},
    Option{"port", &MetricsOptions::port, Range{1, 65535}, "The TCP port."},
};

constexpr auto admin_options = std::tuple{
    Option{"socket", &AdminOptions::socket, Range{0, 100},
           "The Unix socket of the operators' commands; empty means admin.sock in data_dir."},
};

}  // namespace

log::Level to_log_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return log::Level::debug;
    case LogLevel::info: return log::Level::info;
    case LogLevel::warning: return log::Level::warning;
    case LogLevel::error: return log::Level::error;
  }
  return log::Level::info;
}

ldap::DirectoryOptions ConfigurationOptions::directory() const {
  ldap::DirectoryOptions options;
  options.servers = servers;
  options.base = base;
  options.bind_dn = bind_dn;
  options.password_file = password_file;
  options.certificate = certificate;
  options.key = key;
  options.ca_file = ca_file;
  options.starttls = starttls;
  options.timeout = timeout;
  return options;
}

namespace {

Result<void> validate(const ConfigurationOptions& options) {
  const bool says_nothing = options.base.empty() && options.name.empty() && options.bind_dn.empty() && options.password_file.empty() && options.certificate.empty();
  if (!options.is_used() && says_nothing) {
    return {};
  }
  if (options.name == "common") {
    return fail(ErrorKind::invalid, "name: \"common\" is what all servers read");
  }
  return ldap::validate(options.directory());
}

}  // namespace

const SectionSchema* ConfigSchema::section(std::string_view name) const {
  const auto found = std::ranges::find(sections, name, &SectionSchema::name);
  return found == sections.end() ? nullptr : &*found;
}

const ExtensionSchema* ConfigSchema::extension(std::string_view name) const {
  const auto found = std::ranges::find(extensions, name, &ExtensionSchema::name);
  return found == extensions.end() ? nullptr : &*found;
}

ConfigSchema own_schema() {
  ConfigSchema schema;
  schema.sections = {
      {"server", &option_table<ServerOptions>(server_options), "The process as a whole.", false},
      {"configuration", &option_table<ConfigurationOptions>(configuration_options),
       "A directory that says the rest of the configuration. See configuration-in-the-directory.md.", false,
       [](const OptionObject& object) { return validate(object.as<ConfigurationOptions>()); }},
      {"listener", &option_table<ListenerOptions>(listener_options), "A port for clients, for other servers, or for components. May be repeated.", true},
      {"domain", &option_table<DomainOptions>(domain_options), "A domain that is served. May be repeated.", true},
      {"tls", &option_table<TlsOptions>(tls_options), "TLS, to clients and to other servers.", false,
       [](const OptionObject& object) { return tls::check(object.as<TlsOptions>().choice()); }},
      {"federation", &option_table<policy::FederationOptions>(policy::federation_options), "Other servers. See federation.md.", false},
      {"peer", &option_table<policy::PeerOptions>(policy::peer_options),
       "What holds for one other server, or for several. May be repeated. See federation.md.", true},
      {"location", &option_table<policy::LocationOptions>(policy::location_options),
       "A group that is shown less of positions. May be repeated. See positions.md.", true},
      {"component", &option_table<policy::ComponentOptions>(policy::component_options),
       "A component of this server (XEP-0114). May be repeated. See components.md.", true},
      {"directory", &option_table<ldap::DirectoryOptions>(all_directory_options),
       "An LDAP directory that owns the people of domains. May be repeated. See directory.md.", true},
      {"room", &option_table<muc::RoomOptions>(muc::room_option_list),
       "A room that is there as long as it is written here. May be repeated. See rooms.md.", true},
      {"log", &option_table<LogOptions>(log_options), "The log: one record for each event.", false},
      {"metrics", &option_table<MetricsOptions>(metrics_options), "Metrics for Prometheus, and health checks.", false},
      {"admin", &option_table<AdminOptions>(admin_options), "How operators' commands reach the running server.", false},
  };
  return schema;
}

}  // namespace aldis::app
