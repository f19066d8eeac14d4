// What is read from a person's certificate (security C01).
#include "tls/certificate_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace aldis::tls {
namespace {

using test::der;
using test::der_other_name;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string upn("\x2B\x06\x01\x04\x01\x82\x37\x14\x02\x03", 10);
const std::string fasc_n("\x60\x86\x48\x01\x65\x03\x06\x06", 8);
const std::string xmpp_addr("\x2B\x06\x01\x05\x05\x07\x08\x05", 8);
// The example of PACS 2.3 section 6.1.
const std::string card = *hex_decode("d0439458210c2c19a0846d83685a1082108ce73984108ca3fc");

test::Identity with_names(const std::string& general_names) {
  return test::issue({.common_name = "DOE.JANE.Q.1112223333",
                      .extensions = {{"subjectAltName", test::der_value(der(0x30, general_names))}}, .serial = "00ABCD01"},
                     &test::root_authority());
}

TEST(CertificateFields, OfASmartCard) {
  const test::Identity made = with_names(
      der_other_name(upn, der(0x0C, "1112223333@mil")) + der(0x81, "Jane.Doe@navy.example") + der_other_name(fasc_n, der(0x04, card)) +
      der(0x86, "urn:uuid:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6") + der(0x86, "https://navy.example/") +
      der_other_name(xmpp_addr, der(0x0C, "jane@navy.example")));
  for (const std::string& file : {made.pem(), made.der()}) {
    const auto fields = fields_of(file);
    ASSERT_TRUE(fields) << fields.error().what;
    EXPECT_THAT(fields->upn, ElementsAre("1112223333@mil"));
    EXPECT_THAT(fields->email, ElementsAre("Jane.Doe@navy.example"));
    EXPECT_THAT(fields->uuids, ElementsAre("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
    EXPECT_THAT(fields->names.xmpp_addr, ElementsAre("jane@navy.example"));
    EXPECT_THAT(fields->common_names, ElementsAre("DOE.JANE.Q.1112223333"));
    EXPECT_EQ(fields->subject, "CN=DOE.JANE.Q.1112223333");
    EXPECT_EQ(fields->issuer, "CN=Verona Root");
    EXPECT_EQ(fields->serial, "abcd01");
    EXPECT_EQ(fields->fingerprint_sha256.size(), 64U);
    EXPECT_EQ(fields->not_after - fields->not_before, std::chrono::hours(24 * 365 + 1));
    ASSERT_EQ(fields->fasc_n.size(), 1U);
    const FascN& number = fields->fasc_n.front();
    EXPECT_EQ(number.bytes, "d0439458210c2c19a0846d83685a1082108ce73984108ca3fc");
    EXPECT_EQ(number.agency, "0032");
    EXPECT_EQ(number.system, "0001");
    EXPECT_EQ(number.credential, "092446");
    EXPECT_EQ(number.series, "0");
    EXPECT_EQ(number.issue, "1");
    EXPECT_EQ(number.person, "1112223333");
    EXPECT_EQ(number.category, "1");
    EXPECT_EQ(number.organization, "1223");
    EXPECT_EQ(number.association, "2");
  }
}

TEST(CertificateFields, AFascNWithAnyBitFlippedIsNone) {
  for (std::size_t bit = 0; bit < card.size() * 8; ++bit) {
    std::string broken = card;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (0x80 >> (bit % 8)));
    EXPECT_FALSE(parse_fasc_n(broken)) << bit;
  }
  EXPECT_FALSE(parse_fasc_n(card.substr(1)));
  EXPECT_FALSE(parse_fasc_n(card + card.front()));
}

TEST(CertificateFields, AreReadFromAsn1AndNotFromText) {  // security C01: OU="CN=admin,"
  const test::Identity made = with_names(der(0x81, "a@b.example"));
  X509_NAME* const subject = X509_NAME_new();
  const auto add = [subject](int nid, int type, std::string_view text) {
    ASSERT_EQ(X509_NAME_add_entry_by_NID(subject, nid, type, reinterpret_cast<const unsigned char*>(text.data()),
                                         static_cast<int>(text.size()), -1, 0), 1);
  };
  add(NID_organizationName, MBSTRING_UTF8, "CN=root");
  add(NID_organizationalUnitName, MBSTRING_UTF8, "CN=admin,");
  add(NID_commonName, MBSTRING_UTF8, "Käthe, \"die\" <Große>");
  add(NID_commonName, V_ASN1_BMPSTRING, std::string_view("\x00R\x00o\x00m\x00\xE9\x00o", 10));
  add(NID_commonName, V_ASN1_T61STRING, "Jos\xE9");
  add(NID_commonName, V_ASN1_PRINTABLESTRING, std::string_view("admin\0.x", 8));
  ASSERT_EQ(X509_set_subject_name(made.certificate.get(), subject), 1);
  X509_NAME_free(subject);
  const auto fields = fields_of(made.certificate.get());
  ASSERT_TRUE(fields);
  EXPECT_THAT(fields->common_names, ElementsAre("Käthe, \"die\" <Große>", "Roméo", "José"));
  // RFC 4514 2.4
  EXPECT_THAT(fields->subject, testing::EndsWith(",CN=José,CN=Roméo,CN=Käthe\\, \\\"die\\\" \\<Große\\>,OU=CN=admin\\,,O=CN=root"));
}

TEST(CertificateFields, WhatIsNotOfItsTypeIsLeftOut) {
  using namespace std::string_literals;
  const test::Identity made = with_names(
      der_other_name(upn, der(0x16, "1@mil")) + der_other_name(upn, der(0x0C, "2\0@mil"s)) + der_other_name(upn, der(0x0C, "3@mil")) +
      der_other_name(fasc_n, der(0x0C, card)) + der(0x81, "a\0b@c.example"s) + der(0x81, "k\xE4the@c.example") + der(0x81, "") +
      der(0x86, "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf") + der(0x86, "urn:uuid:f81d4fae-7dec-11d0-a765_00a0c91e6bf6"));
  const auto fields = fields_of(made.certificate.get());
  ASSERT_TRUE(fields);
  EXPECT_THAT(fields->upn, ElementsAre("3@mil"));
  EXPECT_THAT(fields->email, IsEmpty());
  EXPECT_THAT(fields->uuids, IsEmpty());
  EXPECT_THAT(fields->fasc_n, IsEmpty());
}

TEST(CertificateFields, WhatCannotBeReadIsRefusedAsAWhole) {
  EXPECT_EQ(fields_of(with_names(der(0x81, "a@b.example") + der(0xA0, der(0x06, upn))).certificate.get()).error().kind, ErrorKind::invalid);
  std::string many;
  for (int i = 0; i < 101; ++i) {
    many += der(0x81, "a@b.example");
  }
  EXPECT_EQ(fields_of(with_names(many).certificate.get()).error().kind, ErrorKind::limit);
  for (const std::string& file : {std::string(), std::string("nothing"), with_names(der(0x81, "a@b.example")).der().substr(0, 300)}) {
    EXPECT_EQ(fields_of(file).error().kind, ErrorKind::invalid);
  }
  EXPECT_EQ(fields_of(std::string(70000, 'x')).error().kind, ErrorKind::limit);
}

TEST(CertificateFields, TwoSubjectAltNamesAreRefused) {  // RFC 5280 4.2
  const test::Identity made = with_names(der(0x81, "a@b.example"));
  test::detail::add_extension(made.certificate.get(), made.certificate.get(), "subjectAltName", "email:c@d.example");
  EXPECT_THAT(fields_of(made.certificate.get()).error().what, HasSubstr("two"));
}

TEST(CertificateFields, NegativeSerialsAreToldApart) {
  const test::Identity made = test::issue({.serial = "-05"}, &test::root_authority());
  EXPECT_EQ(fields_of(made.certificate.get())->serial, "-05");
}

TEST(CertificateFields, TenThousandNamesTakeNoTime) {  // security C01: refused in less than 10 ms
  std::string many;
  for (int i = 0; i < 10000; ++i) {
    many += der_other_name(upn, der(0x0C, "1112223333@mil"));
  }
  const test::Identity made = with_names(many);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(fields_of(made.certificate.get()).error().kind, ErrorKind::limit);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(10));
}

}  // namespace
}  // namespace aldis::tls
