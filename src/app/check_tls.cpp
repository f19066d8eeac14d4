// Contexts made as for serving, and tried.
#include "app/check_tls.h"

#include <algorithm>

#include "app/client_certificates.h"
#include "app/server_tls.h"
#include "app/staples.h"

namespace aldis::app {
namespace {

std::vector<ShownCertificateInfo> describe(const std::vector<tls::Certificate>& certificates, const Clock& clock) {
  std::vector<ShownCertificateInfo> all;
  for (const tls::Certificate& each : certificates) {
    const bool has_staple = each.staple() != nullptr && !each.staple()->response()->empty();
    all.push_back({each.key_type(), each.fingerprint_sha256(), each.days_left(clock), each.must_staple(), has_staple});
  }
  return all;
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) {
    all.append(all.empty() ? "" : " ").append(name);
  }
  return all.empty() ? "none" : all;
}

std::string profile_name(const tls::TlsChoice& choice) { return tls::settings_of(choice.profile).name; }

// What the rule of a peer changes in a call to it; nothing: it is as any other.
std::optional<federation::TlsKind> own_kind(const policy::PeerOptions& peer) {
  const auto profile = to_profile(peer.tls_profile);
  const bool is_readable = peer.allow_integrity_only && !peer.integrity_only_networks.empty();
  return profile || is_readable ? std::optional(federation::TlsKind{.is_direct = false, .is_readable = is_readable, .profile = profile}) : std::nullopt;
}

}  // namespace

Result<std::vector<SpokenTls>> spoken_tls(const Config& config, const Clock& clock) {
  auto certificates = load_certificates(config, clock);
  const auto policies = load_certificate_policies(config, nullptr);
  if (!certificates || !policies) {
    return fail(!certificates ? certificates.error() : policies.error());
  }
  StapleKeeper staples(staple_folder(config), clock);
  staples.watch(config, *certificates);
  const tls::TlsChoice choice = config.section<TlsOptions>("tls").choice();
  std::vector<Entrance> entrances;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    if (const ListenerOptions& listener = config.listener(i); listener.serves == ListenerUse::clients && listener.tls != ListenerTls::none) {
      entrances.push_back(entrance_of(listener));
    }
  }
  AllTlsContexts doors;
  if (!entrances.empty()) {
    auto made = make_listener_contexts(entrances, *certificates, client_authorities(*policies), choice);
    if (!made) {
      return fail(made.error());
    }
    doors = std::move(*made);
  }
  const std::vector<federation::FederationListener> listeners = federation_listeners(config);
  auto peers = federation::make_peer_contexts(listeners, federation_tls(config, *certificates, {}));
  if (!peers) {
    return fail(peers.error());
  }
  std::vector<SpokenTls> all;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerOptions& listener = config.listener(i);
    if (listener.tls == ListenerTls::none) {
      continue;
    }
    const bool is_direct = listener.tls == ListenerTls::direct;
    const bool is_for_clients = listener.serves == ListenerUse::clients;
    const federation::TlsKind kind{.is_direct = is_direct, .is_readable = false, .profile = to_profile(listener.tls_profile)};
    const TlsContexts* door = is_for_clients ? &doors.of(entrance_of(listener)) : nullptr;
    const bool is_for_components = listener.serves == ListenerUse::components;
    const auto context = is_for_clients      ? (is_direct ? door->direct : door->starttls)
                         : is_for_components ? peers->components
                                             : context_of(peers->server, kind);
    const char* who = is_for_clients ? "clients" : is_for_components ? "components" : "servers";
    const char* alpn = is_for_clients ? "xmpp-client" : is_for_components ? "" : "xmpp-server";
    for (const auto& [domain, list] : *certificates) {
      if (!list.empty()) {
        all.push_back({"listener " + listener.address + " port " + std::to_string(listener.port), who,
                       is_direct ? "direct" : "starttls", domain, profile_name(tls::choice_for(listener.tls_profile, choice)),
                       tls::offered_by(context, domain, alpn), describe(list, clock)});
      }
    }
  }
  for (const auto& [domain, list] : *certificates) {
    const federation::HostTls& host = peers->hosts.find(std::string(BareJid::parse(domain).value().domain()))->second;
    const auto call = [&](std::string where, const federation::TlsKind& kind) {
      const tls::TlsChoice own = kind.profile ? tls::TlsChoice{.profile = *kind.profile} : choice;
      if (const auto context = context_of(host.client, kind)) {
        all.push_back({std::move(where), "servers", "", domain, profile_name(own), tls::offered_to(context, "example.org"), describe(list, clock)});
      }
    };
    call("calls", {});
    for (const OptionObject& peer : config.peers) {
      const auto& options = peer.as<policy::PeerOptions>();
      if (const auto kind = own_kind(options)) {
        call("calls to " + options.domain, *kind);
      }
    }
  }
  return all;
}

std::string to_text(const SpokenTls& spoken) {
  const auto line = [](std::string_view what, const std::string& value) {
    std::string out = "  " + std::string(what);
    out.resize(15, ' ');
    return out + value + "\n";
  };
  std::string out = spoken.where + " (" + spoken.who + (spoken.tls.empty() ? "" : ", " + spoken.tls) + "), " + spoken.domain + ", profile " +
                    spoken.profile + "\n";
  out += line("versions", joined(spoken.offer.versions));
  out += line("suites", joined(spoken.offer.suites));
  out += line("groups", joined(spoken.offer.groups));
  out += line("signatures", joined(spoken.offer.signatures));
  for (const ShownCertificateInfo& each : spoken.certificates) {
    out += line("certificate", each.key + ", " + std::to_string(each.days_left) + " more days, " +
                                   (each.has_staple ? "stapled" : each.must_staple ? "must be stapled and is NOT" : "not stapled") + ", SHA-256 " + each.fingerprint);
  }
  if (spoken.certificates.empty()) {
    out += line("certificate", "none is shown");
  }
  if (spoken.offer.asks_for_certificate) {
    out += line("asks", "for the other side's certificate");
  }
  if (const auto readable = spoken.offer.readable_suites(); !readable.empty()) {
    out += line("ALARM", "not encrypted with " + joined(readable) + ": whoever sees the network reads what is said");
  }
  return out;
}

}  // namespace aldis::app
