// People with certificates at the lobby's door: a domain that lets them in, their cards, and the client's side of it.
#pragma once
#include <optional>
#include <string>

#include "auth/certificate/certificate_options.h"
#include "tests/support/sasl2_door.h"
#include "tests/support/test_ca.h"
#include "tls/revocation_cache.h"

namespace aldis::test {

inline std::string xmpp_name(const std::string& address) { return "otherName:1.3.6.1.5.5.7.8.5;UTF8:" + address; }

// A person's certificate of the authority that capulet.example trusts.
inline Identity card_with(Recipe recipe) {
  recipe.common_name = "card";
  recipe.extensions.emplace_back("extendedKeyUsage", "clientAuth");
  return issue(recipe, &intermediate_authority());
}
inline const Identity& card(const std::string& address) {
  static std::map<std::string, Identity> made;
  const auto found = made.find(address);
  return found != made.end() ? found->second : made.emplace(address, card_with({.names = xmpp_name(address)})).first->second;
}

inline CertificatePolicies policies_of(CertificateUse use, const std::string& anchors, tls::RevocationMode mode = tls::RevocationMode::off,
                                       std::shared_ptr<const tls::RevocationCache> known = nullptr) {
  CertificateOptions options;
  options.client_certificates = use;
  options.client_anchors = {"given"};
  CertificatePolicies policies;
  policies.emplace("capulet.example", CertificatePolicy{use,
                                                        tls::TrustStore::make({.anchors_pem = anchors, .revocation = mode, .known = std::move(known)}).value(),
                                                        mapper_rules(options).value()});
  return policies;
}

// A Door whose domain capulet.example uses certificates of the Verona Root; montague.example uses none.
struct CardDoor : Door {
  explicit CardDoor(SceneOptions options = {}, CertificateUse use = CertificateUse::optional)
      : Door(with_policies(std::move(options), use)) {
    const auto make = [](std::vector<std::string> alpn, bool asks) {
      return *tls::TlsContext::server({.alpn = std::move(alpn), .request_client_certificate = asks, .ticket_lifetime_s = asks ? 0U : 7200U},
                                      {{"capulet.example", {certificate("capulet.example")}}});
    };
    scene.lobby().set_tls({.usual = {make({}, false), make({"xmpp-client"}, false)},
                           .usual_with_certificates = {make({}, true), make({"xmpp-client"}, true)}});
  }
  static SceneOptions with_policies(SceneOptions options, CertificateUse use) {
    options.certificates = policies_of(use, root_authority().pem());
    return options;
  }
  void configure(CertificateUse use, const std::string& anchors) { scene.certificate_judge().configure(policies_of(use, anchors)); }
  const Principal& principal_of(std::string_view bare) {
    Account* account = scene.home().find_account(*Jid::parse(bare));
    ensure(account != nullptr && !account->sessions().empty(), "somebody is here");
    return *account->sessions().front()->principal();
  }
};

// Somebody who shows a certificate, or none, in the handshake; the header is sent.
struct CardHolder : Stranger {
  CardHolder(CardDoor& door, std::optional<Identity> identity, stream::TlsMode mode = stream::TlsMode::direct, std::string_view from = "",
             CertificateUse at_entrance = CertificateUse::optional, const std::string& to = "capulet.example",
             std::string_view address = "192.0.2.1")
      : Stranger(door.scene, Entrance{.tls = mode, .certificates = at_entrance}, address) {
    std::string opening = opened(from);
    opening.replace(opening.find("capulet.example"), std::string_view("capulet.example").size(), to);
    if (identity) {
      shows(*identity, {intermediate_authority().certificate});
    }
    if (mode == stream::TlsMode::starttls) {
      sends(opening);
      sends(starttls);
      EXPECT_TRUE(secures());
    } else {
      EXPECT_TRUE(secures({"xmpp-client"}));
    }
    features = sends(opening);
  }
  std::string features;
};

}  // namespace aldis::test
