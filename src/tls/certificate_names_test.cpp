// Names of certificates and domains (RFC 9525, RFC 6120 13.7.1; security C01, C03): what is read, and what covers what.
#include "tls/certificate_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/punycode.h"
#include "tests/support/test_ca.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

using test::der;
using test::der_other_name;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string xmpp_addr("\x2B\x06\x01\x05\x05\x07\x08\x05", 8);
const std::string srv_name("\x2B\x06\x01\x05\x05\x07\x08\x07", 8);

std::string dns(std::string_view name) { return der(0x82, name); }

CertificateNames names_in(const std::string& general_names) {
  const test::Identity made =
      test::issue({.common_name = "cn.example", .extensions = {{"subjectAltName", test::der_value(der(0x30, general_names))}}}, nullptr);
  return names_of(made.certificate.get());
}

TEST(CertificateNames, CoverAsRfc9525Says) {
  CertificateNames names;
  names.dns = {"capulet.example", "*.verona.example"};
  names.srv = {"_xmpp-server.montague.example"};
  names.xmpp_addr = {"lit.example", "romeo@poem.example"};
  for (const char* covered :
       {"capulet.example", "CAPULET.example", "chat.verona.example", "montague.example", "lit.example"}) {
    EXPECT_TRUE(names.cover(covered)) << covered;
  }
  for (const char* stranger : {"", "example", "x.capulet.example", "verona.example", "a.b.verona.example",
                               ".verona.example", "poem.example", "*.verona.example2", "capulet.example."}) {
    EXPECT_FALSE(names.cover(stranger)) << stranger;
  }
  CertificateNames only_cn;
  only_cn.common_name = "capulet.example";
  EXPECT_FALSE(only_cn.cover("capulet.example"));
}

TEST(CertificateNames, WildcardTable) {  // security C03; RFC 9525 6.3
  struct Row {
    const char* presented;
    const char* domain;
    bool is_covered;
  };
  const Row rows[] = {
      {"example.com", "example.com", true},
      {"example.com", "EXAMPLE.Com", true},
      {"example.com", "example.com.", false},   // RFC 7622 3.2: a domainpart has no dot at its end
      {"example.com", "x.example.com", false},
      {"*.example.com", "x.example.com", true},
      {"*.example.com", "X.Example.COM", true},
      {"*.example.com", "example.com", false},
      {"*.example.com", "x.y.example.com", false},
      {"*.example.com", "evilexample.com", false},
      {"*.example.com", ".example.com", false},
      {"*.example.com", "*.example.com", false},
      {"*.example.com", "xn--bcher-kva.example.com", true},
      {"*.example.com", "bücher.example.com", true},
      {"xn--bcher-kva.example.com", "bücher.example.com", true},
      {"bücher.example.com", "bücher.example.com", false},   // a certificate holds A-labels
      {"f*.example.com", "foo.example.com", false},
      {"*o.example.com", "foo.example.com", false},
      {"x*.example.com", "xn--bcher-kva.example.com", false},
      {"*.*.example.com", "a.b.example.com", false},
      {"a.*.com", "a.example.com", false},
      {"*.com", "example.com", false},
      {"*", "example", false},
      {"*", "example.com", false},
      {"*.", "example.", false},
      {"*.example.com.", "x.example.com", false},
      {"*.0.0.1", "127.0.0.1", false},
      {"127.0.0.1", "127.0.0.1", false},   // an address is no dNSName
      {"example.com", "", false},
      {"example.com", "romeo@example.com", false},
  };
  for (const Row& row : rows) {
    CertificateNames names;
    names.dns = {row.presented};
    EXPECT_EQ(names.cover(row.domain), row.is_covered) << row.presented << " for " << row.domain;
    EXPECT_EQ(names_in(dns(row.presented)).cover(row.domain), row.is_covered) << "read: " << row.presented << " for " << row.domain;
    EXPECT_FALSE(names.covers_service("stranger.example", "_xmpp-server"));
  }
}

TEST(CertificateNames, OnlyTheNamedServiceCounts) {  // RFC 4985, RFC 6120 13.7.1.2
  CertificateNames names;
  names.srv = {"_xmpp-client.capulet.example", "_imap.montague.example", "_xmpp-server.*.example"};
  EXPECT_TRUE(names.cover("capulet.example"));
  EXPECT_TRUE(names.covers_service("capulet.example", "_xmpp-client"));
  EXPECT_FALSE(names.covers_service("capulet.example", "_xmpp-server"));
  EXPECT_FALSE(names.cover("montague.example"));
  EXPECT_FALSE(names.covers_service("verona.example", "_xmpp-server"));   // no wildcards in SRVName
  names.dns = {"montague.example"};
  EXPECT_TRUE(names.covers_service("montague.example", "_xmpp-server"));
}

TEST(CertificateNames, AnXmppAddrIsADomainOrNone) {
  CertificateNames names;
  names.xmpp_addr = {"romeo@poem.example", "Lit.example", "*.verona.example", "bücher.example"};
  EXPECT_TRUE(names.covers_service("lit.example", "_xmpp-server"));
  EXPECT_TRUE(names.cover("xn--bcher-kva.example"));
  EXPECT_FALSE(names.cover("poem.example"));
  EXPECT_FALSE(names.cover("x.verona.example"));
}

TEST(CertificateNames, TheCommonNameMatchesNothing) {  // security C01
  EXPECT_EQ(names_in(dns("im.example")).common_name, "cn.example");
  EXPECT_FALSE(names_in(dns("im.example")).cover("cn.example"));
}

TEST(CertificateNames, WhatIsNoNameIsLeftOut) {  // security C01
  using namespace std::string_literals;
  const std::string good = dns("capulet.example");
  EXPECT_THAT(names_in(good + dns("evil.example\0.capulet.example"s)).dns, ElementsAre("capulet.example"));
  EXPECT_THAT(names_in(good + dns("a b.example") + dns("") + dns("\xFF.example") + dns("a..example")).dns, ElementsAre("capulet.example"));
  // xmppAddr must be a UTF8String (RFC 6120 13.7.1.4), SRVName an IA5String.
  EXPECT_THAT(names_in(der_other_name(xmpp_addr, der(0x16, "romeo@montague.example"))).xmpp_addr, IsEmpty());
  EXPECT_THAT(names_in(der_other_name(xmpp_addr, der(0x0C, "romeo\0@montague.example"s))).xmpp_addr, IsEmpty());
  EXPECT_THAT(names_in(der_other_name(xmpp_addr, der(0x0C, "\xC0\xAFromeo"))).xmpp_addr, IsEmpty());
  EXPECT_THAT(names_in(der_other_name(srv_name, der(0x0C, "_xmpp-server.capulet.example"))).srv, IsEmpty());
  EXPECT_THAT(names_in(der_other_name(xmpp_addr, der(0x0C, "a@b.example")) + der_other_name(xmpp_addr, der(0x0C, "c@d.example"))).xmpp_addr,
              ElementsAre("a@b.example", "c@d.example"));
}

TEST(CertificateNames, ABrokenSubjectAltNameNamesNobody) {  // security C01
  const std::string good = dns("capulet.example");
  EXPECT_THAT(names_in(good + der(0xA0, der(0x06, xmpp_addr))).dns, IsEmpty());               // no value
  EXPECT_THAT(names_in(good + der(0xA0, der(0x06, xmpp_addr) + der(0x0C, "a@b"))).dns, IsEmpty());   // not tagged
  EXPECT_THAT(names_in(good + std::string("\x82\x7F\x61", 3)).dns, IsEmpty());                // longer than what is there
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += dns("h" + std::to_string(i) + ".example");
  }
  EXPECT_EQ(names_in(many).dns.size(), 100U);
  EXPECT_THAT(names_in(many + good).dns, IsEmpty());
}

TEST(Punycode, AsRfc3492Says) {  // 7.1, with the case the encoder gives, and 3.1 of RFC 5890
  EXPECT_EQ(ascii_domain("bücher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(ascii_domain("ليهمابتكلموشعربي؟"), "xn--egbpdaj6bu4bxfgehfvwxn");
  EXPECT_EQ(ascii_domain("他们为什么不说中文"), "xn--ihqwcrb4cv8a8dqg056pqjye");
  EXPECT_EQ(ascii_domain("почемужеонинеговорятпорусски"), "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l");
  EXPECT_EQ(ascii_domain("3年b組金八先生"), "xn--3b-ww4c5e180e575a65lsy2b");
  EXPECT_EQ(ascii_domain("Verona.Example"), "verona.example");
  EXPECT_EQ(ascii_domain("\xF0\x9F\x8E\xAD.example"), "xn--el8h.example");
  const std::string too_long(64, 'a');
  for (const std::string& bad : {std::string(), std::string("a."), std::string(".a"), std::string("a..b"), too_long,
                                 std::string("\xC3"), std::string("\xC0\x80"), std::string("\xED\xA0\x80"), std::string("\xF5\x80\x80\x80")}) {
    EXPECT_EQ(ascii_domain(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace aldis::tls
