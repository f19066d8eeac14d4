// TLSA records and chains: RFC 6698, RFC 7671, RFC 7673.
#include "tls/dane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "tests/support/manual_clock.h"
#include "tls/openssl.h"

namespace aldis::tls {
namespace {

using testing::HasSubstr;
using CertificatePtr = std::shared_ptr<X509>;
using Bytes = std::vector<std::uint8_t>;

struct Issued {
  CertificatePtr certificate;
  std::shared_ptr<EVP_PKEY> key;
};

// An authority when `names` is empty.
Issued issue(const std::string& subject, const Issued* issuer, const std::string& names, std::chrono::days from, std::chrono::days until) {
  static long serial = 1;
  Issued made{CertificatePtr(X509_new(), X509_free), std::shared_ptr<EVP_PKEY>(EVP_EC_gen("P-256"), EVP_PKEY_free)};
  X509* const x = made.certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
  const aldis::test::ManualClock clock;
  const std::time_t now = std::chrono::system_clock::to_time_t(clock.wall());
  ASN1_TIME_set(X509_getm_notBefore(x), now + std::chrono::seconds(from).count());
  ASN1_TIME_set(X509_getm_notAfter(x), now + std::chrono::seconds(until).count());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  const Issued& by = issuer != nullptr ? *issuer : made;
  X509_set_issuer_name(x, X509_get_subject_name(by.certificate.get()));
  X509_set_pubkey(x, made.key.get());
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, by.certificate.get(), x, nullptr, nullptr, 0);
  const auto add = [&](int nid, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    EXPECT_TRUE(extension != nullptr && X509_add_ext(x, extension, -1) == 1) << value;
    X509_EXTENSION_free(extension);
  };
  add(NID_basic_constraints, names.empty() ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add(NID_key_usage, names.empty() ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  add(NID_subject_key_identifier, "hash");
  add(NID_authority_key_identifier, "keyid:always");
  if (!names.empty()) {
    add(NID_ext_key_usage, "serverAuth,clientAuth");
    add(NID_subject_alt_name, names);
  }
  EXPECT_GT(X509_sign(x, by.key.get(), EVP_sha256()), 0);
  return made;
}

constexpr std::chrono::days yesterday{-1};
constexpr std::chrono::days later{30};

struct Authority {
  Issued root = issue("Root", nullptr, "", yesterday, later);
  Issued middle = issue("Middle", &root, "", yesterday, later);
  Issued server = issue("server", &middle, "DNS:peer.example", yesterday, later);
  Issued expired = issue("expired", &middle, "DNS:peer.example", std::chrono::days{-30}, yesterday);
  Issued elsewhere = issue("elsewhere", &middle, "DNS:other.example", yesterday, later);
  Issued other_root = issue("Root", nullptr, "", yesterday, later);   // the same name, another key
  static const Authority& get() {
    static const Authority made;
    return made;
  }
};

TlsaRecord record_of(std::uint8_t usage, std::uint8_t selector, std::uint8_t type, const Issued& of) {
  unsigned char* der = nullptr;
  const int size = selector == 0 ? i2d_X509(of.certificate.get(), &der) : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(of.certificate.get()), &der);
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  if (type != 0) {
    Bytes digest(EVP_MAX_MD_SIZE);
    unsigned length = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, type == 1 ? EVP_sha256() : EVP_sha512(), nullptr);
    digest.resize(length);
    bytes = digest;
  }
  return {usage, selector, type, bytes};
}

DaneInput shown(const Issued& server, std::vector<TlsaRecord> records) {
  const Authority& a = Authority::get();
  const aldis::test::ManualClock clock;
  return {.chain = {server.certificate, a.middle.certificate, a.root.certificate},
          .records = std::move(records),
          .names = {"peer.example", "xmpp.host.example"},
          .now = clock.wall()};
}

TEST(Dane, EverySelectorAndMatchingType) {  // RFC 6698 section 2.1
  const Authority& a = Authority::get();
  for (const std::uint8_t usage : std::initializer_list<std::uint8_t>{2, 3}) {
    for (const std::uint8_t selector : std::initializer_list<std::uint8_t>{0, 1}) {
      for (const std::uint8_t type : std::initializer_list<std::uint8_t>{0, 1, 2}) {
        const TlsaRecord record = record_of(usage, selector, type, usage == 3 ? a.server : a.middle);
        const DaneVerdict verdict = dane_verdict(shown(a.server, {record}));
        EXPECT_EQ(verdict.outcome, DaneOutcome::proved) << verdict.detail;
        EXPECT_EQ(verdict.usage, usage);
        const TlsaRecord wrong = record_of(usage, selector, type, a.other_root);
        EXPECT_EQ(dane_verdict(shown(a.server, {wrong})).outcome, DaneOutcome::refused);
        EXPECT_EQ(dane_verdict(shown(a.server, {wrong, record})).outcome, DaneOutcome::proved) << "one of them is enough";
      }
    }
  }
}

TEST(Dane, AnEndEntityRecordIsAboutTheKeyAlone) {  // RFC 7671 section 5.1
  const Authority& a = Authority::get();
  EXPECT_EQ(dane_verdict(shown(a.expired, {record_of(3, 1, 1, a.expired)})).outcome, DaneOutcome::proved);
  EXPECT_EQ(dane_verdict(shown(a.elsewhere, {record_of(3, 1, 1, a.elsewhere)})).outcome, DaneOutcome::proved);
  EXPECT_EQ(dane_verdict(shown(a.server, {record_of(3, 1, 1, a.middle)})).outcome, DaneOutcome::refused) << "the first certificate, no other";
}

TEST(Dane, AnAuthoritysRecordNeedsPathDatesAndName) {  // RFC 7671 section 5.2, RFC 7673 section 4.1
  const Authority& a = Authority::get();
  EXPECT_EQ(dane_verdict(shown(a.server, {record_of(2, 0, 1, a.root)})).outcome, DaneOutcome::proved);
  const DaneVerdict expired = dane_verdict(shown(a.expired, {record_of(2, 0, 1, a.root)}));
  EXPECT_EQ(expired.outcome, DaneOutcome::refused);
  EXPECT_THAT(expired.detail, HasSubstr("expired"));
  const DaneVerdict elsewhere = dane_verdict(shown(a.elsewhere, {record_of(2, 0, 1, a.root)}));
  EXPECT_EQ(elsewhere.outcome, DaneOutcome::refused);
  EXPECT_THAT(elsewhere.detail, HasSubstr("another name"));
  // An authority that is shown but did not issue anything.
  DaneInput decorated = shown(a.server, {record_of(2, 0, 1, a.other_root)});
  decorated.chain.push_back(a.other_root.certificate);
  EXPECT_EQ(dane_verdict(decorated).outcome, DaneOutcome::refused);
  // The target's name will do as well as the domain's.
  DaneInput by_target = shown(a.elsewhere, {record_of(2, 0, 1, a.root)});
  by_target.names = {"peer.example", "other.example"};
  EXPECT_EQ(dane_verdict(by_target).outcome, DaneOutcome::proved);
  // Its own certificate is no authority.
  EXPECT_EQ(dane_verdict(shown(a.server, {record_of(2, 0, 1, a.server)})).outcome, DaneOutcome::refused);
}

TEST(Dane, AWholeAuthorityInTheRecordNeedNotBeShown) {  // RFC 7671 section 5.2.2
  const Authority& a = Authority::get();
  DaneInput input = shown(a.server, {record_of(2, 0, 0, a.root)});
  input.chain.pop_back();
  EXPECT_EQ(dane_verdict(input).outcome, DaneOutcome::proved);
  input.records = {record_of(2, 0, 0, a.other_root)};
  EXPECT_EQ(dane_verdict(input).outcome, DaneOutcome::refused);
  input.records = {record_of(2, 0, 1, a.root)};
  EXPECT_EQ(dane_verdict(input).outcome, DaneOutcome::refused) << "a digest alone finds nothing";
}

TEST(Dane, UsagesZeroAndOneAddToPkix) {  // RFC 6698 section 2.1.1
  const Authority& a = Authority::get();
  for (const bool is_trusted : {false, true}) {
    for (const auto& [record, is_match] : {std::pair(record_of(1, 1, 1, a.server), true), std::pair(record_of(0, 1, 1, a.middle), true),
                                           std::pair(record_of(0, 0, 1, a.root), true), std::pair(record_of(1, 1, 1, a.elsewhere), false),
                                           std::pair(record_of(0, 1, 1, a.server), false), std::pair(record_of(0, 1, 1, a.other_root), false)}) {
      DaneInput input = shown(a.server, {record});
      input.is_trusted = is_trusted;
      input.path = is_trusted ? input.chain : std::vector<CertificatePtr>{};
      EXPECT_EQ(dane_verdict(input).outcome, is_trusted && is_match ? DaneOutcome::proved : DaneOutcome::refused);
    }
  }
}

TEST(Dane, WhatCannotBeUsedIsNotThere) {  // RFC 6698 section 4.1
  const Authority& a = Authority::get();
  const TlsaRecord good = record_of(3, 1, 1, a.server);
  for (const TlsaRecord& odd : {TlsaRecord{4, 1, 1, good.data}, TlsaRecord{255, 1, 1, good.data}, TlsaRecord{3, 2, 1, good.data}, TlsaRecord{3, 1, 3, good.data},
                                TlsaRecord{3, 1, 1, {}}, TlsaRecord{3, 1, 1, Bytes(31, 0)}, TlsaRecord{3, 1, 2, good.data}, TlsaRecord{3, 0, 0, {}}}) {
    EXPECT_EQ(dane_verdict(shown(a.server, {odd})).outcome, DaneOutcome::unusable);
    EXPECT_EQ(dane_verdict(shown(a.server, {odd, good})).outcome, DaneOutcome::proved);
  }
  EXPECT_EQ(dane_verdict(shown(a.server, {})).outcome, DaneOutcome::unusable);
  EXPECT_EQ(dane_verdict(shown(a.server, {TlsaRecord{2, 0, 0, Bytes(40, 7)}})).outcome, DaneOutcome::refused) << "no certificate, but a record";
}

TEST(Dane, WithoutACertificateNothingIsProved) {
  const Authority& a = Authority::get();
  DaneInput input = shown(a.server, {record_of(3, 1, 1, a.server)});
  input.chain.clear();
  EXPECT_EQ(dane_verdict(input).outcome, DaneOutcome::refused);
}

}  // namespace
}  // namespace aldis::tls
