// What every backend keeps of certificates' accounts: storage/certificate_store.h as tests. Included beside store_contract.h
// by a backend's test.
#pragma once
#include "tests/support/store_contract.h"

namespace aldis::testing_support {

class CertificateContract {
 public:
  static CertificateMapping mapping(CertificateKey key, std::string value) {
    return {.key = key, .value = std::move(value), .added = at_ms(1'700'000'000'456)};
  }
  static std::string names(const std::vector<BareJid>& jids) {
    std::string all;
    for (const BareJid& each : jids) {
      all += (all.empty() ? "" : " ") + each.str();
    }
    return all;
  }
};
using CC = CertificateContract;

TEST_P(StoreContract, CertificateMappingIsFoundAsItWasStored) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  const std::string issuer = "0a CN=Verona's \\22CA\\22,O=Capulet";
  must(stores().certificates.add(juliet_, CC::mapping(CertificateKey::uuid, "b"), 5));
  must(stores().certificates.add(juliet_, CC::mapping(CertificateKey::issuer_serial, issuer), 5));
  must(stores().certificates.add(juliet_, CC::mapping(CertificateKey::uuid, "a"), 5));
  reopen();
  const auto found = get(stores().certificates.load(juliet_));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].key, CertificateKey::issuer_serial);
  EXPECT_EQ(found[0].value, issuer);
  EXPECT_EQ(found[0].added, at_ms(1'700'000'000'456));
  EXPECT_EQ(found[1].value + found[2].value, "ab");
  EXPECT_EQ(CC::names(get(stores().certificates.find("capulet.example", CertificateKey::issuer_serial, issuer))), juliet_.str());
  EXPECT_TRUE(get(stores().certificates.find("capulet.example", CertificateKey::upn, issuer)).empty());
  EXPECT_TRUE(get(stores().certificates.find("capulet.example", CertificateKey::uuid, "A")).empty());
  EXPECT_TRUE(get(stores().certificates.load(romeo_)).empty());
}

TEST_P(StoreContract, CertificateIsOfOneAccountInADomain) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().accounts.create(account("nurse@capulet.example")));
  must(stores().accounts.create(account("juliet@montague.example")));
  const auto mail = CC::mapping(CertificateKey::mail, "j@capulet.example");
  must(stores().certificates.add(juliet_, mail, 5));
  must(stores().certificates.add(juliet_, mail, 5));
  refuses(stores().certificates.add(bare("nurse@capulet.example"), mail, 5), ErrorKind::already_exists);
  must(stores().certificates.add(bare("juliet@montague.example"), mail, 5));
  EXPECT_EQ(CC::names(get(stores().certificates.find("capulet.example", mail.key, mail.value))), juliet_.str());
  EXPECT_EQ(CC::names(get(stores().certificates.find("montague.example", mail.key, mail.value))), "juliet@montague.example");
  EXPECT_TRUE(get(stores().certificates.load(bare("nurse@capulet.example"))).empty());
  must(stores().certificates.remove(juliet_, mail.key, mail.value));
  must(stores().certificates.add(bare("nurse@capulet.example"), mail, 5));
}

TEST_P(StoreContract, CertificateMappingsAreLimitedAndOfAccounts) {
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().certificates.add(juliet_, CC::mapping(CertificateKey::upn, "a"), 2));
  must(stores().certificates.add(juliet_, CC::mapping(CertificateKey::mail, "a"), 2));
  refuses(stores().certificates.add(juliet_, CC::mapping(CertificateKey::upn, "b"), 2), ErrorKind::full);
  must(stores().certificates.add(juliet_, CC::mapping(CertificateKey::upn, "a"), 2));
  refuses(stores().certificates.add(bare("nobody@capulet.example"), CC::mapping(CertificateKey::upn, "c"), 2), ErrorKind::not_found);
  EXPECT_EQ(get(stores().certificates.load(juliet_)).size(), 2U);
  refuses(stores().certificates.remove(juliet_, CertificateKey::upn, "b"), ErrorKind::not_found);
  refuses(stores().certificates.remove(romeo_, CertificateKey::upn, "a"), ErrorKind::not_found);
}

TEST_P(StoreContract, CertificateMappingsGoWithTheAccount) {  // security U01
  must(stores().accounts.create(account("juliet@capulet.example")));
  must(stores().certificates.add(juliet_, CC::mapping(CertificateKey::edipi, "1234567890"), 5));
  must(stores().accounts.remove(juliet_));
  EXPECT_TRUE(get(stores().certificates.load(juliet_)).empty());
  EXPECT_TRUE(get(stores().certificates.find("capulet.example", CertificateKey::edipi, "1234567890")).empty());
  must(stores().accounts.create(account("juliet@capulet.example")));
  EXPECT_TRUE(get(stores().certificates.load(juliet_)).empty());
}

}  // namespace aldis::testing_support
