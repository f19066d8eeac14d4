// TlsProfile: which versions, suites, groups, signatures and keys are spoken, as one choice for servers and clients. ADR 0037.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"

using X509 = struct x509_st;

namespace aldis::tls {

enum class TlsProfile : std::uint8_t {
  modern,   // RFC 9325: AEAD with ECDHE; X25519, P-256, P-384; also Ed25519 and ChaCha20
  nist,     // NIST SP 800-52r2: AES-GCM with ECDHE on P-256, P-384, P-521; ECDSA and RSA of 2048 bits and more
  cnsa,     // RFC 9151: AES-256-GCM and SHA-384 with ECDHE on P-384; ECDSA on P-384, RSA of 3072 bits and more
};
constexpr auto option_names(TlsProfile) {
  return std::array{OptionName{"modern", TlsProfile::modern}, OptionName{"nist", TlsProfile::nist}, OptionName{"cnsa", TlsProfile::cnsa}};
}

// As OpenSSL writes lists, in the order of our preference.
struct TlsSettings {
  const char* name;
  const char* tls12_ciphers;
  const char* tls13_suites;
  const char* groups;
  const char* signature_algorithms;
  int shortest_rsa;          // bits
  bool only_p384 = false;    // of our own ECDSA keys
  bool has_edwards = false;  // Ed25519 and Ed448
};
[[nodiscard]] const TlsSettings& settings_of(TlsProfile profile);

// What a server, a listener or a link speaks: a profile, and lists of the operator's in the place of the profile's.
struct TlsChoice {
  TlsProfile profile = TlsProfile::modern;
  std::vector<std::string> groups{};                 // as OpenSSL names them, in the order of preference; empty: the profile's
  std::vector<std::string> signature_algorithms{};   // the same
  friend bool operator==(const TlsChoice&, const TlsChoice&) = default;
};
// As OpenSSL writes lists.
[[nodiscard]] std::string groups_of(const TlsChoice& choice);
[[nodiscard]] std::string signature_algorithms_of(const TlsChoice& choice);
// invalid: a list names what is unknown, weak, or not of the profile's document; the text says which and what there is.
[[nodiscard]] Result<void> check(const TlsChoice& choice);

// Of a listener or a peer: a profile of its own, with that profile's lists, or what [tls] says.
enum class OwnProfile : std::uint8_t { server, modern, nist, cnsa };
constexpr auto option_names(OwnProfile) {
  return std::array{OptionName{"server", OwnProfile::server}, OptionName{"modern", OwnProfile::modern}, OptionName{"nist", OwnProfile::nist},
                    OptionName{"cnsa", OwnProfile::cnsa}};
}
// Nothing: as [tls] says.
[[nodiscard]] constexpr std::optional<TlsProfile> to_profile(OwnProfile own) {
  switch (own) {
    case OwnProfile::server: break;
    case OwnProfile::modern: return TlsProfile::modern;
    case OwnProfile::nist: return TlsProfile::nist;
    case OwnProfile::cnsa: return TlsProfile::cnsa;
  }
  return std::nullopt;
}
[[nodiscard]] inline TlsChoice choice_for(OwnProfile own, const TlsChoice& server) {
  const auto profile = to_profile(own);
  return profile ? TlsChoice{.profile = *profile} : server;
}

// Whether what was agreed in a handshake is of a profile: its suite and its group, as TlsInfo names them. Empty: it is, else what is not.
[[nodiscard]] std::string unfit_for(TlsProfile profile, std::string_view cipher, std::string_view group);

// Whether a certificate of ours may be shown under a profile; empty: it may, else why not.
[[nodiscard]] std::string unfit_for(TlsProfile profile, X509* certificate);

}  // namespace aldis::tls
