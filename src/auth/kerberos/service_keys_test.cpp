// Keytabs as files: what is taken out of them, and what is said where nothing can be. The format is MIT's
// (https://web.mit.edu/kerberos/krb5-latest/doc/formats/keytab_file_format.html), written here by hand.
#include "auth/kerberos/service_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "auth/kerberos/kerberos_acceptor.h"

// Read by LeakSanitizer: MIT's library (1.20) leaks a component of a principal when an entry ends in the midst of it.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libkrb5.so.3\n"; }

namespace aldis {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::string number(std::uint32_t value, int bytes) {
  std::string out;
  while (bytes-- > 0) {
    out += static_cast<char>(value >> (8 * bytes));
  }
  return out;
}
std::string counted(const std::string& text) {
  return number(static_cast<std::uint32_t>(text.size()), 2) + text;
}

std::string entry(const std::vector<std::string>& parts, const std::string& realm, std::uint32_t version,
                  std::uint32_t encryption, std::size_t key_bytes) {
  std::string out = number(static_cast<std::uint32_t>(parts.size()), 2) + counted(realm);
  for (const std::string& part : parts) {
    out += counted(part);
  }
  out += number(1, 4) + number(0, 4) + number(version & 0xff, 1) + number(encryption, 2) +
         counted(std::string(key_bytes, 'k')) + number(version, 4);
  return number(static_cast<std::uint32_t>(out.size()), 4) + out;
}

class Keytab : public testing::Test {
 protected:
  Keytab() { ::setenv("KRB5_CONFIG", "/dev/null", 1); }
  ~Keytab() override { std::filesystem::remove_all(folder); }
  std::string write(const std::string& bytes) {
    const std::string path = folder + "/keytab";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  static std::string temporary() {
    std::string name = std::filesystem::temp_directory_path() / "keytab-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }
  std::string folder = temporary();
  const std::string begin = "\x05\x02";
  const std::string ours = entry({"xmpp", "chat.example.org"}, "EXAMPLE.ORG", 2, 18, 32);
  const std::string others = entry({"host", "chat.example.org"}, "EXAMPLE.ORG", 7, 18, 32);
};

TEST_F(Keytab, KeysOfTheServiceAreTakenAndNoOthers) {
  const std::string newer = entry({"xmpp", "Chat.Example.org"}, "EXAMPLE.ORG", 300, 17, 16);
  const auto keys = ServiceKeys::load(write(begin + others + ours + newer), {"xmpp/chat.example.org"});
  ASSERT_TRUE(keys.has_value()) << keys.error().what;
  std::vector<std::string> shown;
  for (const auto& key : (*keys)->keys()) {
    shown.push_back(key.principal + " " + std::to_string(key.version) + " " + key.encryption +
                    (key.is_weak ? " weak" : ""));
  }
  EXPECT_THAT(shown, ElementsAre("xmpp/chat.example.org@EXAMPLE.ORG 2 aes256-cts-hmac-sha1-96",
                                 "xmpp/Chat.Example.org@EXAMPLE.ORG 300 aes128-cts-hmac-sha1-96"));
}

TEST_F(Keytab, ARealmThatIsNamedCounts) {
  const std::string path = write(begin + ours + entry({"xmpp", "chat.example.org"}, "EVIL", 1, 18, 32));
  EXPECT_EQ((*ServiceKeys::load(path, {"xmpp/chat.example.org@EXAMPLE.ORG"}))->keys().size(), 1U);
  EXPECT_EQ((*ServiceKeys::load(path, {"xmpp/chat.example.org"}))->keys().size(), 2U);
  EXPECT_FALSE(ServiceKeys::load(path, {"xmpp/chat.example.org@example.org"}).has_value());
}

TEST_F(Keytab, WeakKeysAreSaidToBe) {
  const auto keys = ServiceKeys::load(write(begin + entry({"xmpp", "chat.example.org"}, "EXAMPLE.ORG", 1, 23, 16)),
                                      {"xmpp/chat.example.org"});
  ASSERT_TRUE(keys.has_value());
  EXPECT_TRUE((*keys)->keys().front().is_weak);
}

TEST_F(Keytab, WhatIsMissingIsNamed) {
  const auto missing = ServiceKeys::load(write(begin + others), {"xmpp/chat.example.org", "xmpp/example.org"});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_THAT(
      missing.error().what,
      HasSubstr("has no key of xmpp/chat.example.org or xmpp/example.org; it has host/chat.example.org@EXAMPLE.ORG"));
  EXPECT_THAT(ServiceKeys::load(write(begin), {"xmpp/chat.example.org"}).error().what, HasSubstr("it is empty"));
}

TEST_F(Keytab, WhatIsNoKeytabIsRefused) {
  for (const std::string& bytes :
       {""s, "\x05"s, "hello, world"s, begin + ours.substr(0, 20), begin + number(0x7fffffff, 4) + "x"}) {
    const auto keys = ServiceKeys::load(write(bytes), {"xmpp/chat.example.org"});
    EXPECT_FALSE(keys.has_value()) << bytes.size();
  }
  EXPECT_FALSE(ServiceKeys::load(folder + "/nothing", {"xmpp/chat.example.org"}).has_value());
}

TEST_F(Keytab, OneThatWasCutOffIsNotWhole) {
  const std::string hole = number(0U - 20U, 4) + std::string(20, 'x');
  for (const std::string& whole : {begin, begin + ours, begin + hole + ours, begin + ours + others + hole, begin + ours + number(0, 4) + "rest"}) {
    EXPECT_TRUE(is_whole_keytab(whole)) << whole.size();
  }
  for (std::size_t size = 0; size < (begin + ours).size(); ++size) {
    EXPECT_EQ(is_whole_keytab((begin + ours).substr(0, size)), size == begin.size()) << size;
  }
  for (const std::string& other : {"\x05\x01"s + ours, begin + number(0x80000000U, 4) + "x", begin + number(0x7fffffff, 4)}) {
    EXPECT_FALSE(is_whole_keytab(other));
  }
}

TEST_F(Keytab, GarbageIsRefusedByTheLibraryAndNotByUs) {
  auto keys = ServiceKeys::load(write(begin + ours), {"xmpp/chat.example.org"});
  ASSERT_TRUE(keys.has_value());
  const auto acceptor = KerberosAcceptor::make({}, "chat.example.org", *keys, folder + "/replays");
  ASSERT_TRUE(acceptor.has_value()) << acceptor.error().what;
  const std::string krb5 = "\x60\x0f\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\0"s;
  const std::string spnego = "\x60\x08\x06\x06\x2b\x06\x01\x05\x05\x02"s;
  for (const std::string& token : {"x"s, krb5, krb5.substr(0, 7), krb5 + std::string(60'000, 'n'),
                                   "\x60\x84\xff\xff\xff\xff"s, spnego, std::string(100, '\0'), "NTLMSSP"s}) {
    for (const auto& binding : {std::optional<std::string>(), std::optional<std::string>("n,,")}) {
      const auto answer = (*acceptor)->begin()->take({sasl::NeedContext::Call::accept, token, binding});
      ASSERT_TRUE(answer.has_value()) << answer.error().what;
      EXPECT_NE(answer->refusal, "");
      EXPECT_FALSE(answer->is_established);
    }
  }
}

TEST(KerberosServices, AreTheHostsAndTheDomains) {
  KerberosOptions options;
  EXPECT_THAT(kerberos_services(options, "example.org"),
              ElementsAre("xmpp/example.org", "xmpp/example.org/example.org"));
  options.kerberos_hostname = "chat.example.org";
  EXPECT_THAT(kerberos_services(options, "example.org"),
              ElementsAre("xmpp/chat.example.org", "xmpp/example.org", "xmpp/chat.example.org/example.org"));
  options.kerberos_services = {"xmpp/other"};
  EXPECT_THAT(kerberos_services(options, "example.org"), ElementsAre("xmpp/other"));
}

}  // namespace
}  // namespace aldis
