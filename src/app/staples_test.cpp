// OCSP responses about our own certificates: fetched, kept, renewed in time, shown in handshakes, read from files; and what is not
// "good" is never shown.
#include "app/staples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "app/check.h"
#include "app/check_tls.h"
#include "app/extensions.h"
#include "app/server_tls.h"
#include "tests/support/answering_server.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_revocation.h"
#include "tests/support/tls_pair.h"

namespace aldis::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using test::root_authority;

class Staples : public testing::Test {
 protected:
  // The domain's certificate, with its issuer behind it, and the configuration that names it.
  void has_certificate(std::vector<std::pair<std::string, std::string>> extensions) {
    identity_ = test::issue({.common_name = "capulet.example", .names = "DNS:capulet.example", .key = "P-256/staples", .extensions = std::move(extensions)},
                            &root_authority());
    write("chain.pem", identity_.pem() + root_authority().pem());
    write("key.pem", identity_.key_pem());
  }
  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
    ::chmod((folder_.path() / name).c_str(), 0600);
  }
  [[nodiscard]] Config config(const std::string& more = "", const std::string& general = "") {
    auto read = parse_config("[server]\ndata_dir = \"data\"\n" + general + "[[listener]]\ntls = \"direct\"\n[[domain]]\nname = \"capulet.example\"\n"
                             "certificates = [\"chain.pem\"]\nkeys = [\"key.pem\"]\n" + more, (folder_.path() / "aldis.toml").string(), config_schema());
    EXPECT_TRUE(read) << (read ? "" : read.error().front().text);
    return std::move(*read);
  }
  [[nodiscard]] DomainCertificates certificates(const Config& config) { return load_certificates(config, clock_).value(); }
  // What a client gets in the handshake.
  [[nodiscard]] static std::string stapled(const DomainCertificates& certificates) {
    test::TlsPair pair(*tls::TlsContext::server({}, {{.domain = "capulet.example", .certificates = certificates.front().second}}),
                       test::client_context({.verify = false, .ask_for_staple = true}));
    EXPECT_TRUE(pair.handshake());
    return pair.client.presented_chain().stapled;
  }
  // The same response each time: signing it again would give another signature.
  [[nodiscard]] const std::string& good(std::chrono::hours from, std::chrono::hours to) {
    std::string& made = good_[{from, to}];
    if (made.empty()) {
      made = test::make_ocsp(identity_, root_authority(), {.from = from, .to = to});
    }
    return made;
  }

  testing_support::TemporaryFolder folder_;
  test::ManualClock clock_;
  test::Identity identity_;
  std::map<std::pair<std::chrono::hours, std::chrono::hours>, std::string> good_;
};

TEST_F(Staples, AreFetchedKeptAndRenewedWellBeforeTheyEnd) {
  test::AnsweringServer responder;
  has_certificate({{"authorityInfoAccess", "OCSP;URI:" + responder.url()}});
  const std::string first = good(-1h, 24h);
  responder.answers(first);
  const Config read = config();
  std::filesystem::create_directory(folder_.path() / "data");
  {
    StapleKeeper keeper(staple_folder(read), clock_);
    DomainCertificates all = certificates(read);
    keeper.watch(read, all);
    EXPECT_EQ(stapled(all), "");
    keeper.look();
    EXPECT_EQ(responder.requests, 1);
    EXPECT_EQ(stapled(all), first);
    clock_.advance(11h);
    keeper.look();
    EXPECT_EQ(responder.requests, 1) << "it holds for longer than that";
    const std::string second = good(10h, 48h);
    responder.answers(second);
    clock_.advance(2h);
    keeper.look();
    EXPECT_EQ(responder.requests, 2);
    EXPECT_EQ(stapled(all), second) << "the next handshake has it";
    DomainCertificates again = certificates(read);   // a reload
    keeper.watch(read, again);
    EXPECT_EQ(stapled(again), second);
    keeper.look();
    EXPECT_EQ(responder.requests, 2);
  }
  StapleKeeper after_restart(staple_folder(read), clock_);
  DomainCertificates all = certificates(read);
  after_restart.watch(read, all);
  EXPECT_EQ(stapled(all), good(10h, 48h)) << "without asking anybody";
  EXPECT_EQ(responder.requests, 2);
  struct stat status {};
  ASSERT_EQ(::stat(staple_folder(read).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 077U, 0U);
}

TEST_F(Staples, WhatHasEndedOrIsNotGoodIsNotShown) {
  test::AnsweringServer responder;
  has_certificate({{"authorityInfoAccess", "OCSP;URI:" + responder.url()}});
  responder.answers(good(-1h, 24h));
  const Config read = config();
  std::filesystem::create_directory(folder_.path() / "data");
  StapleKeeper keeper(staple_folder(read), clock_);
  DomainCertificates all = certificates(read);
  keeper.watch(read, all);
  keeper.look();
  EXPECT_NE(stapled(all), "");
  responder.answers("the responder is out of order");
  clock_.advance(23h);
  keeper.look();
  EXPECT_NE(stapled(all), "") << "it still holds";
  clock_.advance(2h);
  keeper.look();
  EXPECT_EQ(stapled(all), "");
  responder.answers(test::make_ocsp(identity_, root_authority(), {.status = V_OCSP_CERTSTATUS_REVOKED, .from = 0h, .to = 48h}));
  clock_.advance(10min);
  keeper.look();
  EXPECT_EQ(stapled(all), "");
  const int asked = responder.requests;
  clock_.advance(1min);
  keeper.look();
  EXPECT_EQ(responder.requests, asked) << "five minutes after a failure";
}

TEST_F(Staples, OfFilesAreReadAgainWhenTheyChange) {
  has_certificate({});
  write("s.ocsp", good(-1h, 24h));
  const Config read = config("staples = [\"s.ocsp\"]\n");
  StapleKeeper keeper(staple_folder(read), clock_);
  DomainCertificates all = certificates(read);
  keeper.watch(read, all);
  EXPECT_EQ(stapled(all), good(-1h, 24h));
  write("s.ocsp", good(-1h, 72h));
  std::filesystem::last_write_time(folder_.path() / "s.ocsp", std::filesystem::file_time_type::clock::now() + 1s);
  keeper.look();
  EXPECT_EQ(stapled(all), good(-1h, 72h));
  write("s.ocsp", test::make_ocsp(identity_, root_authority(), {.status = V_OCSP_CERTSTATUS_REVOKED}));
  std::filesystem::last_write_time(folder_.path() / "s.ocsp", std::filesystem::file_time_type::clock::now() + 2s);
  keeper.look();
  EXPECT_EQ(stapled(all), good(-1h, 72h)) << "what it says now is nothing to show";
  clock_.advance(73h);
  keeper.look();
  EXPECT_EQ(stapled(all), "");
}

TEST_F(Staples, AnothersResponseAndOneThatCannotBeCheckedAreNotShown) {
  has_certificate({});
  static const test::Identity other = test::issue({.common_name = "other"}, &root_authority());
  write("s.ocsp", test::make_ocsp(other, root_authority()));
  const Config read = config("staples = [\"s.ocsp\"]\n");
  StapleKeeper keeper(staple_folder(read), clock_);
  DomainCertificates all = certificates(read);
  keeper.watch(read, all);
  EXPECT_EQ(stapled(all), "");
  write("s.ocsp", good(-1h, 24h));
  write("chain.pem", identity_.pem());   // without its issuer
  all = certificates(read);
  StapleKeeper second(staple_folder(read), clock_);
  second.watch(read, all);
  EXPECT_EQ(stapled(all), "");
}

TEST_F(Staples, CheckWarnsOfOneThatMustBeStapledAndIsNot) {
  has_certificate({{"tlsfeature", "status_request"}});
  const auto said = [&](const Config& read) {
    std::string all;
    for (const Finding& finding : check_tls(read, clock_)) {
      all += std::string(to_string(finding.severity)) + " " + finding.what + "\n";
    }
    return all;
  };
  EXPECT_THAT(said(config()), HasSubstr("warning certificate"));
  EXPECT_THAT(said(config()), HasSubstr("must be stapled (RFC 7633)"));
  write("s.ocsp", good(-1h, 24h));
  EXPECT_EQ(said(config("staples = [\"s.ocsp\"]\n")), "");
  EXPECT_THAT(said(config("staples = [\"none.ocsp\"]\n")), HasSubstr("cannot be shown now"));
  EXPECT_THAT(said(config("", "[tls]\nprofile = \"cnsa\"\n")), HasSubstr("error certificate"));
  EXPECT_THAT(said(config("", "[tls]\ncrl_files = [\"none.crl\"]\n")), HasSubstr("error CRL file"));
  write("old.crl", test::make_crl(root_authority(), {.from = -48h, .to = -1h}));
  EXPECT_THAT(said(config("", "[tls]\ncrl_files = [\"old.crl\"]\n")), HasSubstr("holds no more"));
}

TEST_F(Staples, WhatIsSpokenIsShownWithThem) {
  has_certificate({});
  write("s.ocsp", good(-1h, 24h));
  const auto spoken = spoken_tls(config("staples = [\"s.ocsp\"]\n[[peer]]\ndomain = \"*.mil.example\"\ntls_profile = \"nist\"\n"), clock_);
  ASSERT_TRUE(spoken) << spoken.error().what;
  ASSERT_EQ(spoken->size(), 3U);
  EXPECT_EQ((*spoken)[0].where, "listener 127.0.0.1 port 5222");
  EXPECT_TRUE((*spoken)[0].offer.has_staple);
  EXPECT_TRUE((*spoken)[0].certificates.front().has_staple);
  EXPECT_EQ((*spoken)[0].profile, "modern");
  EXPECT_EQ((*spoken)[1].where, "calls");
  EXPECT_THAT((*spoken)[1].offer.groups, testing::ElementsAre("X25519", "P-256", "P-384"));
  EXPECT_EQ((*spoken)[2].where, "calls to *.mil.example");
  EXPECT_THAT((*spoken)[2].offer.groups, testing::ElementsAre("P-256", "P-384", "P-521"));
  EXPECT_THAT(to_text((*spoken)[0]), HasSubstr("stapled, SHA-256"));
  const auto unfit = spoken_tls(config("", "[tls]\nprofile = \"cnsa\"\n"), clock_);
  ASSERT_FALSE(unfit);
  EXPECT_THAT(unfit.error().what, HasSubstr("the profile cnsa takes no ECDSA key of 256 bits"));
}

// Files of authorities, and of CRLs that change while the server runs.
TEST_F(Staples, AnchorsOfPeersAreLookedAtBeforeAnybodyIsServed) {
  has_certificate({});
  write("ca.pem", root_authority().pem());
  const std::string peer = "[[peer]]\ndomain = \"verona.example\"\nanchors = ";
  EXPECT_TRUE(require_peer_anchors(config(peer + "\"ca.pem\"\n")));
  const auto missing = require_peer_anchors(config(peer + "\"none.pem\"\n"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().what, HasSubstr("anchors of [[peer]] verona.example: "));
  EXPECT_THAT(missing.error().what, HasSubstr("none.pem cannot be read; put the certificates"));
  write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_FALSE(require_peer_anchors(config(peer + "\"broken.pem\"\n")));
  EXPECT_TRUE(require_peer_anchors(config(peer + "\"none.pem\"\naction = \"reject\"\n"))) << "nobody needs it";
  EXPECT_FALSE(require_peer_anchors(config("", "[federation]\nprofile = \"open\"\nanchors = \"none.pem\"\n")));
  EXPECT_TRUE(require_peer_anchors(config("", "[federation]\nanchors = \"none.pem\"\n"))) << "there are no other servers";
  const auto findings = check_peer_anchors(config(peer + "\"none.pem\"\n[[peer]]\ndomain = \"mantua.example\"\nanchors = \"ca.pem\"\n"));
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].what, "servers are believed by 1 authorities in " + (folder_.path() / "ca.pem").string());
  EXPECT_EQ(findings[1].severity, Severity::error);
  EXPECT_NE(findings[1].mend, "");
}

TEST_F(Staples, CrlFilesAreReadAgainWhenTheyChange) {
  has_certificate({});
  write("list.crl", test::make_crl(root_authority(), {.number = 1}));
  tls::RevocationCache known;
  CrlFiles files(known);
  const Config read = config("", "[tls]\ncrl_files = [\"list.crl\"]\n");
  ASSERT_TRUE(files.read(read));
  ASSERT_EQ(known.known().size(), 1U);
  EXPECT_EQ(known.known().front().says, "0 revoked");
  write("list.crl", test::make_crl(root_authority(), {.revoked = {&identity_}, .number = 2}));
  std::filesystem::last_write_time(folder_.path() / "list.crl", std::filesystem::file_time_type::clock::now() + 1s);
  files.look_again();
  EXPECT_EQ(known.known().front().says, "1 revoked");
  std::filesystem::remove(folder_.path() / "list.crl");
  files.look_again();
  EXPECT_EQ(known.known().front().says, "1 revoked") << "what was known stays";
  EXPECT_FALSE(files.read(read));
}

}  // namespace
}  // namespace aldis::app
