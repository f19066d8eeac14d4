// Which attributes say what, and which changes of an entry a card asks for; words about certificates as directories write them.
#include "auth/ldap/ldap_profile.h"

#include <gtest/gtest.h>

#include "auth/ldap/ldap_certificates.h"

using namespace aldis;
using namespace aldis::ldap;
using F = ProfileField;

namespace {

Entry entry(std::map<std::string, std::vector<std::string>, std::less<>> attributes) { return {"cn=somebody,dc=example", std::move(attributes)}; }
const Entry juliet = entry({{"cn", {"Juliet Capulet", "J. Capulet"}},
                            {"sn", {"Capulet"}},
                            {"givenname", {"Juliet"}},
                            {"mail", {"juliet@example.org", "jc@example.org"}},
                            {"mobile", {"+39 1"}},
                            {"jpegphoto", {"\xff\xd8\xff image"}}});

ProfileMap map_of(DirectoryOptions options) { return ProfileMap::make(options).value(); }
ProfileMap writable(std::vector<std::string> fields) {
  DirectoryOptions options;
  options.profile_writable = std::move(fields);
  return map_of(std::move(options));
}
std::string said(const Result<ProfileMap::Changes>& changes) {
  if (!changes) {
    return std::string(to_string(changes.error().kind)) + ": " + changes.error().what;
  }
  std::string all;
  for (const Change& change : changes->changes) {
    all += change.kind == Change::Kind::add ? "+" : change.kind == Change::Kind::remove ? "-" : "=";
    all += change.attribute;
    for (const std::string& value : change.values) all += " [" + value + "]";
    all += "\n";
  }
  return all;
}
std::string problem(const DirectoryOptions& options) {
  const auto made = ProfileMap::make(options);
  return made ? "" : made.error().what;
}

}  // namespace

TEST(LdapProfile, PresetsReadEntries) {
  const Profile profile = map_of({}).read(juliet);
  EXPECT_EQ(profile.values, (ProfileValues{{F::full_name, {"Juliet Capulet"}}, {F::family, {"Capulet"}}, {F::given, {"Juliet"}},
                                           {F::email, {"juliet@example.org", "jc@example.org"}}, {F::mobile, {"+39 1"}}, {F::photo, {"\xff\xd8\xff image"}}}));
  DirectoryOptions ad;
  ad.kind = Kind::active_directory;
  EXPECT_EQ(map_of(ad).read(entry({{"displayname", {"Romeo M."}}, {"cn", {"Romeo"}}, {"company", {"Montague"}}, {"thumbnailphoto", {"x"}}})).values,
            (ProfileValues{{F::full_name, {"Romeo M."}}, {F::organization, {"Montague"}}, {F::photo, {"x"}}}));
}

TEST(LdapProfile, WhatIsNoTextIsNotShown) {
  const Profile profile = map_of({}).read(entry({{"cn", {std::string("a\0b", 3)}}, {"sn", {"\xff\xfe"}}, {"givenname", {std::string(5000, 'x')}}, {"title", {"  "}},
                                                 {"mail", {"bad\x01", " good@example.org "}}}));
  EXPECT_EQ(profile.values, (ProfileValues{{F::email, {"good@example.org"}}}));
}

TEST(LdapProfile, AnOverLargePhotoIsLeftOutAndStays) {
  const Entry large = entry({{"cn", {"Juliet"}}, {"jpegphoto", {std::string(40'000, 'p')}}});
  const ProfileMap map = writable({"photo", "fn"});
  EXPECT_EQ(map.read(large).large_photo, 40'000U);
  EXPECT_EQ(map.read(large).values.count(F::photo), 0U);
  EXPECT_EQ(said(map.changes(large, {{F::full_name, {"Juliet"}}}, {})), "") << "a card without a photo is what was shown";
  EXPECT_EQ(said(map.changes(large, {{F::full_name, {"Juliet"}}, {F::photo, {"small"}}}, {})), "=jpegPhoto [small]\n");
  EXPECT_EQ(said(map.changes(large, {{F::full_name, {"Juliet"}}, {F::photo, {std::string(40'000, 'q')}}}, {})), "limit: Too large, or too many: photo.");
}

TEST(LdapProfile, OnlyWhatIsWritableChanges) {
  const ProfileMap map = writable({"mobile", "fn", "email", "title"});
  ProfileValues wanted = map.read(juliet).values;
  EXPECT_EQ(said(map.changes(juliet, wanted, {})), "");
  wanted[F::mobile] = {"+39 2"};
  wanted[F::title] = {"Lady"};
  wanted[F::email] = {"jc@example.org", "juliet@example.org"};   // another order is no change
  EXPECT_EQ(said(map.changes(juliet, wanted, {})), "=mobile [+39 2]\n=title [Lady]\n");
  wanted[F::mobile].clear();
  wanted[F::email] = {"jc@example.org", "new@example.org"};
  EXPECT_EQ(said(map.changes(juliet, wanted, {F::title})), "=mail [jc@example.org] [new@example.org]\n=mobile\n");
  wanted[F::given] = {"Julia"};
  EXPECT_EQ(said(map.changes(juliet, wanted, {})), "denied: The directory alone says what given is.");
  EXPECT_EQ(said(map.changes(juliet, wanted, {F::given, F::email, F::mobile, F::title})), "");
}

TEST(LdapProfile, ValuesThatAreNotShownStay) {
  DirectoryOptions options;
  options.profile = {"fn = cn", "nickname = displayName, uid"};
  options.profile_writable = {"fn", "nickname"};
  const ProfileMap map = map_of(options);
  EXPECT_EQ(said(map.changes(juliet, {{F::full_name, {"Giulietta"}}}, {F::given, F::family, F::email, F::mobile, F::photo})),
            "-cn [Juliet Capulet]\n+cn [Giulietta]\n")
      << "the other common name is not the card's";
  EXPECT_EQ(said(map.changes(juliet, {{F::full_name, {"J. Capulet"}}}, {F::given, F::family, F::email, F::mobile, F::photo})), "-cn [Juliet Capulet]\n");
  const Entry named = entry({{"uid", {"jj"}}, {"cn", {"x"}}});
  EXPECT_EQ(said(map.changes(named, {{F::full_name, {"x"}}, {F::nickname, {"jule"}}}, {})), "=displayName [jule]\n") << "the first is written";
  EXPECT_EQ(said(map.changes(named, {{F::full_name, {"x"}}}, {})), "denied: The directory alone says what nickname is.");
}

TEST(LdapProfile, TooMuchIsRefused) {
  const ProfileMap map = writable({"email", "title"});
  EXPECT_EQ(said(map.changes(entry({}), {{F::title, {std::string(5000, 't')}}}, {})), "limit: Too large, or too many: title.");
  EXPECT_EQ(said(map.changes(entry({}), {{F::title, {"a", "b"}}}, {})), "limit: Too large, or too many: title.");
  EXPECT_EQ(said(map.changes(entry({}), {{F::email, std::vector<std::string>(17, "x")}}, {})), "limit: Too large, or too many: email.");
}

TEST(LdapProfile, WhatOperatorsSayIsChecked) {
  const auto with = [](auto member, std::vector<std::string> value) {
    DirectoryOptions options;
    options.*member = std::move(value);
    return problem(options);
  };
  EXPECT_EQ(with(&DirectoryOptions::profile, {"nickname = displayName", "photo ="}), "");
  EXPECT_EQ(with(&DirectoryOptions::profile, {"shoe = size"}), "profile: \"shoe = size\" is no \"field = attribute\", or its field is not known");
  EXPECT_EQ(with(&DirectoryOptions::profile, {"fn = cn)(uid"}), "profile: \"cn)(uid\" is no attribute's name");
  EXPECT_EQ(with(&DirectoryOptions::profile_writable, {"nickname"}), "profile_writable: no attribute is known for \"nickname\": give it one in profile");
  EXPECT_EQ(with(&DirectoryOptions::search, {"shoe"}), "search: \"shoe\" is no field");
  DirectoryOptions ad;
  ad.kind = Kind::active_directory;
  ad.profile_writable = {"mobile"};
  EXPECT_EQ(problem(ad), "profile_writable: Active Directory does not let this server write as somebody else (RFC 4370)");
}

TEST(LdapProfile, SearchesTakeWordsAsWords) {
  DirectoryOptions options;
  options.search = {"fn", "given", "family", "home-telephone", "photo"};
  const ProfileMap map = map_of(options);
  EXPECT_EQ(map.filter_of({{F::given, "Ju*)(uid=*"}}), "(&(givenName=Ju\\2a\\29\\28uid=\\2a*))");
  EXPECT_EQ(map.filter_of({{F::full_name, "J"}, {F::family, "C"}}), "(&(|(displayName=J*)(cn=J*))(sn=C*))");
  EXPECT_EQ(map.filter_of({{F::home_telephone, "+39"}}), "") << "what its owner alone sees is not guessed at";
  EXPECT_EQ(map.filter_of({{F::title, "x"}}), "") << "not among the fields of search";
  EXPECT_EQ(map.filter_of({{F::photo, "x"}}), "");
  EXPECT_EQ(map.filter_of({}), "");
}

TEST(LdapProfile, WhoSeesWhat) {
  DirectoryOptions options;
  options.profile_peers = {"montague.example"};
  options.profile_for_peers = {"fn"};
  const ProfileMap map = map_of(options);
  const ProfileRules& rules = map.rules();
  const BareJid owner = BareJid::parse("juliet@capulet.example").value();
  const auto sees = [&](ProfileField field, std::string_view reader) { return rules.may_see(field, owner, Jid::parse(reader).value()); };
  EXPECT_TRUE(sees(F::home_telephone, "juliet@capulet.example/balcony"));
  EXPECT_FALSE(sees(F::home_telephone, "nurse@capulet.example/hall"));
  EXPECT_TRUE(sees(F::mobile, "nurse@capulet.example/hall"));
  EXPECT_FALSE(sees(F::mobile, "romeo@montague.example/orchard"));
  EXPECT_TRUE(sees(F::full_name, "romeo@montague.example/orchard"));
  EXPECT_FALSE(sees(F::full_name, "paris@verona.example/street"));
  EXPECT_FALSE(sees(F::full_name, "montague.example"));
  EXPECT_FALSE(sees(F::nickname, "juliet@capulet.example")) << "not the directory's";
}

TEST(LdapCertificates, WordsBecomeFilters) {
  DirectoryOptions options;
  options.certificate_attributes = {"upn = userPrincipalName", "issuer-serial = userCertificate", "issuer-serial = altSecurityIdentities", "edipi=employeeID"};
  const auto lines = certificate_lines(options).value();
  const Schema schema = make_schema({});
  const auto filter = [&](CertificateKey key, const std::string& value) { return certificate_filter(schema, lines, key, value); };
  EXPECT_EQ(filter(CertificateKey::upn, "ro*meo@mil"), "(&(objectClass=inetOrgPerson)(|(userPrincipalName=ro\\2ameo@mil)))");
  EXPECT_EQ(filter(CertificateKey::mail, "romeo@mil"), "") << "no attribute is said for it";
  // The example of Microsoft's page on strong mappings: 2B0000000011AC0000000012 is written the other way round.
  EXPECT_EQ(filter(CertificateKey::issuer_serial, "2b0000000011ac0000000012 CN=CONTOSO-DC-CA,DC=contoso,DC=com"),
            "(&(objectClass=inetOrgPerson)(|(userCertificate={ serialNumber 13307855422322812145769644050, issuer rdnSequence:\"CN=CONTOSO-DC-CA,DC=contoso,DC=com\" })"
            "(altSecurityIdentities=X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000ac11000000002b)))");
  EXPECT_TRUE(has_certificate(entry({{"userprincipalname", {"Romeo@MIL"}}}), lines, CertificateKey::upn, "romeo@mil"));
  EXPECT_FALSE(has_certificate(entry({{"userprincipalname", {"r\xc3\xb6meo@mil"}}}), lines, CertificateKey::upn, "romeo@mil"));
  options.certificate_attributes = {"upn = userCertificate"};
  EXPECT_FALSE(certificate_lines(options).has_value());
  options.certificate_attributes = {"xmpp-address = jid"};
  EXPECT_FALSE(certificate_lines(options).has_value());
}
