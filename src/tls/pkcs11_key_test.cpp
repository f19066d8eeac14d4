// Private keys in a token, with SoftHSM (packages softhsm2 and libengine-pkcs11-openssl).
#include "tls/pkcs11_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "tests/support/temporary_folder.h"
#include "tests/support/test_ca.h"
#include "tests/support/tls_pair.h"

namespace aldis::tls {
namespace {

using testing::HasSubstr;

constexpr const char* module = "/usr/lib/softhsm/libsofthsm2.so";

// A token with one key, made once: the module reads where it is only when it is loaded.
struct Token {
  Token() {
    const std::filesystem::path& place = folder.path();
    std::filesystem::create_directory(place / "tokens");
    write("softhsm2.conf", "directories.tokendir = " + (place / "tokens").string() + "\nobjectstore.backend = file\n");
    write("key.pem", identity.key_pem());
    write("chain.pem", identity.pem());
    write("pin", "5678\n");
    write("wrong", "9999\n");
    ::setenv("SOFTHSM2_CONF", (place / "softhsm2.conf").c_str(), 1);
    is_made = std::system("softhsm2-util --init-token --free --label aldis --so-pin 1234 --pin 5678 >/dev/null") == 0 &&
              std::system(("softhsm2-util --import " + (place / "key.pem").string() + " --token aldis --label server --id 01 --pin 5678 >/dev/null").c_str()) == 0;
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path() / name) << text;
    ::chmod((folder.path() / name).c_str(), 0600);
  }
  [[nodiscard]] std::string uri(const std::string& object = "server", const std::string& pin = "pin") const {
    return "pkcs11:token=aldis;object=" + object + ";type=private?module-path=" + module + "&pin-source=file:" + (folder.path() / pin).string();
  }
  testing_support::TemporaryFolder folder;
  test::Identity identity = test::issue({.common_name = "capulet.example", .names = "DNS:capulet.example", .key = "P-256/token"}, &test::root_authority());
  bool is_made = false;
};
const Token& token() {
  static const Token made;
  return made;
}
Result<Certificate> load(const std::string& key) { return Certificate::load(token().folder.path() / "chain.pem", key, test::ManualClock()); }

TEST(Pkcs11, AKeyInATokenServesHandshakes) {
  ASSERT_TRUE(token().is_made) << "apt-get install softhsm2";
  const auto certificate = load(token().uri());
  ASSERT_TRUE(certificate) << certificate.error().what;
  EXPECT_EQ(certificate->key_type(), "ECDSA P-256");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    test::TlsPair pair(*TlsContext::server({}, {{"capulet.example", {*certificate}}}),
                       test::client_context({.trust_pem = test::root_authority().pem(), .verify = false, .max_version = version}));
    ASSERT_TRUE(pair.handshake()) << pair.server_error;
    ASSERT_EQ(pair.client.presented_chain().certificates.size(), 1U);
    EXPECT_EQ(X509_cmp(pair.client.presented_chain().certificates[0].get(), token().identity.certificate.get()), 0);
  }
  // And as a client's, where a server asks for one.
  test::TlsPair asked(test::server_context({.request_client_certificate = true}), test::client_context({.verify = false, .certificates = {*certificate}}));
  ASSERT_TRUE(asked.handshake());
  EXPECT_EQ(asked.server.presented_chain().certificates.size(), 1U);
}

TEST(Pkcs11, WhatIsWrongIsSaid) {
  ASSERT_TRUE(token().is_made);
  const auto kind = [](const std::string& uri) { return load(uri).error().kind; };
  EXPECT_EQ(kind(token().uri("nobody")), ErrorKind::denied);
  EXPECT_EQ(kind(token().uri("server", "no such file")), ErrorKind::not_found);
  ASSERT_EQ(::chmod((token().folder.path() / "wrong").c_str(), 0644), 0);
  EXPECT_THAT(load(token().uri("server", "wrong")).error().what, HasSubstr("chmod 600"));   // a PIN that others can read
}

TEST(Pkcs11, UrisAreReadStrictly) {
  const std::string good = "pkcs11:token=a;object=b?module-path=/m.so&pin-source=file:/p";
  const auto uri = parse_pkcs11(good);
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->key, "pkcs11:token=a;object=b");
  EXPECT_EQ(uri->module_path, "/m.so");
  EXPECT_EQ(uri->pin, "/p");
  EXPECT_TRUE(parse_pkcs11("pkcs11:token=a;id=%01?pin-source=/p&module-path=/m.so"));
  for (const char* bad : {"", "/etc/key.pem", "pkcs11:", "pkcs11:token=a?module-path=/m.so&pin-source=file:/p", "pkcs11:token=a;object=b",
                          "pkcs11:token=a;object=b?module-path=m.so&pin-source=file:/p", "pkcs11:token=a;object=b?module-path=/m.so",
                          "pkcs11:token=a;object=b?module-path=/m.so&pin-source=file:p"}) {
    EXPECT_EQ(parse_pkcs11(bad).error().kind, ErrorKind::invalid) << bad;
  }
  EXPECT_EQ(parse_pkcs11("pkcs11:token=a;object=b?module-path=/m.so&pin-value=5678").error().kind, ErrorKind::denied);
}

}  // namespace
}  // namespace aldis::tls
