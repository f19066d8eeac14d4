// Finding the servers of a domain, against a script (RFC 2782, RFC 6120 section 3.2, XEP-0368, RFC 7673, security D06).
#include "net/server_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "net/scripted_dns.h"
#include "runtime/shard.h"
#include "tests/support/manual_clock.h"

namespace aldis::net {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) {
      state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
      byte = static_cast<std::uint8_t>(state_ >> 56U);
    }
  }

 private:
  std::uint64_t state_ = 1;
};

using Found = Result<std::vector<ServerTarget>>;

struct Lookup : testing::Test {
  aldis::test::ManualClock clock;
  Shard shard{clock, {.scene = true}};
  test::ScriptedDns dns;
  CountingRandom random;
  LookupOptions options;
  LookupReport report;

  template <class T>
  static Task<void> keep(Task<T> question, std::optional<T>& answer) {
    T got = co_await std::move(question);
    answer.emplace(std::move(got));
  }
  Found find(const std::string& domain) {
    ServerLookup lookup(dns, random, options);
    std::optional<Found> found;
    shard.post([&] { spawn(keep(lookup.find(domain, report), found)); });
    shard.run_ready();
    EXPECT_TRUE(found.has_value());
    return std::move(*found);
  }
  Result<void> resolve(ServerTarget& target) {
    ServerLookup lookup(dns, random, options);
    std::optional<Result<void>> done;
    shard.post([&] { spawn(keep(lookup.resolve(target, report), done)); });
    shard.run_ready();
    EXPECT_TRUE(done.has_value());
    return std::move(*done);
  }
  std::vector<std::string> names(const Found& found) {
    std::vector<std::string> texts;
    for (const ServerTarget& target : found.value()) {
      texts.push_back(target.str());
    }
    return texts;
  }
  std::string said() const {
    std::string text;
    for (const LookupReport::Line& line : report.lines) {
      text += (line.is_good ? "+ " : "- ") + line.text + "\n";
    }
    return text;
  }
  void serves(const std::string& service, std::vector<SrvRecord> records, bool is_secure = false) {
    dns.services.insert_or_assign(service, DnsAnswer<SrvRecord>{std::move(records), is_secure});
  }
};

const std::string plain = "_xmpp-server._tcp.peer.example";
const std::string direct = "_xmpps-server._tcp.peer.example";

// ---- where

TEST_F(Lookup, BothServicesAreMixedByPriority) {  // XEP-0368 section 3, rule 1
  serves(plain, {{20, 0, 5269, "b.peer.example"}, {5, 0, 5269, "a.peer.example"}});
  serves(direct, {{10, 0, 5270, "a.peer.example"}});
  EXPECT_THAT(names(find("peer.example")),
              ElementsAre("a.peer.example:5269", "a.peer.example:5270 with direct TLS", "b.peer.example:5269"));
  EXPECT_THAT(said(), HasSubstr("+ SRV _xmpps-server._tcp.peer.example: 1 record, not protected by DNSSEC"));
  EXPECT_THAT(said(), HasSubstr("+ target 2: a.peer.example:5270 with direct TLS"));
}

TEST_F(Lookup, WithoutSrvTheDomainItself) {  // RFC 6120 section 3.2.2
  const Found found = find("peer.example");
  EXPECT_THAT(names(found), ElementsAre("peer.example:5269"));
  EXPECT_FALSE(found->front().is_direct_tls);
  EXPECT_THAT(dns.asked, ElementsAre("SRV " + plain, "SRV " + direct));
  EXPECT_THAT(said(), HasSubstr("no SRV record"));
}

TEST_F(Lookup, ADotSaysThatThereIsNone) {  // RFC 2782, XEP-0368 section 5
  serves(plain, {{0, 0, 0, ""}});
  EXPECT_EQ(find("peer.example").error().kind, ErrorKind::not_found);
  EXPECT_THAT(said(), HasSubstr("- peer.example says that it has no XMPP service"));
  dns.services.clear();
  serves(direct, {{0, 0, 5270, ""}});
  EXPECT_EQ(find("peer.example").error().kind, ErrorKind::not_found) << "and no address of the domain itself is tried";
  serves(plain, {{0, 0, 5269, "a.peer.example"}});
  EXPECT_THAT(names(find("peer.example")), ElementsAre("a.peer.example:5269")) << "only direct TLS is not there";
}

TEST_F(Lookup, AForgedAnswerIsNoAnswer) {  // RFC 7673 section 3.1
  for (const std::string& forged : {plain, direct}) {
    dns.services.clear();
    serves(plain, {{0, 0, 5269, "a.peer.example"}});
    serves(direct, {{0, 0, 5270, "a.peer.example"}});
    dns.services.insert_or_assign(forged, Result<DnsAnswer<SrvRecord>>(fail(ErrorKind::denied, "DNSSEC: forged")));
    EXPECT_EQ(find("peer.example").error().kind, ErrorKind::denied);
  }
}

TEST_F(Lookup, TroubleWithOneNameLeavesTheOther) {  // security D06
  serves(plain, {{0, 0, 5269, "a.peer.example"}});
  dns.services.insert_or_assign(direct, Result<DnsAnswer<SrvRecord>>(fail(ErrorKind::timeout, "no DNS answer")));
  EXPECT_THAT(names(find("peer.example")), ElementsAre("a.peer.example:5269"));
  dns.services.erase(plain);
  EXPECT_EQ(find("peer.example").error().kind, ErrorKind::timeout) << "an absent name is not guessed from a missing answer";
}

TEST_F(Lookup, LiteralsAskNobody) {
  EXPECT_THAT(names(find("192.0.2.7")), ElementsAre("192.0.2.7:5269"));
  EXPECT_THAT(names(find("[2001:db8::7]")), ElementsAre("[2001:db8::7]:5269"));
  EXPECT_TRUE(dns.asked.empty());
  ServerTarget own{.host = "::1"};
  EXPECT_FALSE(resolve(own)) << "a literal passes the filter too (security D06)";
}

TEST_F(Lookup, TooManyTargetsAndDuplicates) {  // security D06
  std::vector<SrvRecord> records;
  for (std::uint16_t i = 0; i < 1000; ++i) {
    records.push_back({i, 0, 5269, "h" + std::to_string(i / 2) + ".peer.example"});
  }
  serves(plain, std::move(records));
  const Found found = find("peer.example");
  ASSERT_EQ(found->size(), 10U);
  EXPECT_EQ(names(found).back(), "h9.peer.example:5269");
  EXPECT_THAT(said(), HasSubstr("- more than 10 targets"));
}

TEST_F(Lookup, PortZeroIsNoPort) {
  serves(plain, {{0, 0, 0, "a.peer.example"}, {1, 0, 5269, "b.peer.example"}});
  EXPECT_THAT(names(find("peer.example")), ElementsAre("b.peer.example:5269"));
}

TEST_F(Lookup, NextHopsReplaceDns) {
  ServerLookup lookup(dns, random, options);
  const auto targets = lookup.next_hops({{"b.example", 5270, 20, true}, {"10.0.0.7", 5269, 10, false}, {"[::1]", 5269, 10, false}, {"10.0.0.7", 5269, 30, false}}, report);
  ASSERT_EQ(targets.size(), 3U);
  EXPECT_EQ(targets[0].str(), "10.0.0.7:5269");
  EXPECT_EQ(targets[1].str(), "[::1]:5269");
  EXPECT_EQ(targets[2].str(), "b.example:5270 with direct TLS");
  ServerTarget own = targets[0];
  EXPECT_TRUE(resolve(own)) << "the operator may name an address of their own network";
  EXPECT_TRUE(dns.asked.empty());
}

// ---- in what order

std::vector<std::string> order(std::vector<SrvRecord> records, Random& random) {
  std::vector<SrvChoice> choices;
  for (SrvRecord& record : records) {
    choices.push_back({std::move(record)});
  }
  std::vector<std::string> names;
  for (const SrvChoice& choice : in_order(std::move(choices), random)) {
    names.push_back(choice.record.target);
  }
  return names;
}

TEST(SrvOrder, WeightIsAShareOfTheChance) {  // RFC 2782
  CountingRandom random;
  std::map<std::string, int> first;
  for (int i = 0; i < 10'000; ++i) {
    ++first[order({{1, 60, 1, "sixty"}, {1, 30, 1, "thirty"}, {1, 10, 1, "ten"}, {1, 0, 1, "zero"}, {0, 0, 1, "before"}}, random)[1]];
  }
  EXPECT_NEAR(first["sixty"], 6000, 300);
  EXPECT_NEAR(first["thirty"], 3000, 300);
  EXPECT_NEAR(first["ten"], 1000, 200);
  EXPECT_GT(first["zero"], 10) << "a very small chance is not none";
  EXPECT_LT(first["zero"], 300);
}

TEST(SrvOrder, EveryShapeIsTotal) {  // security D06: weight 0 x N, the largest weights, none at all
  CountingRandom random;
  EXPECT_TRUE(order({}, random).empty());
  std::vector<SrvRecord> zero(64, SrvRecord{1, 0, 1, "z"});
  EXPECT_EQ(order(zero, random).size(), 64U);
  std::vector<SrvRecord> heavy(64, SrvRecord{65535, 65535, 65535, "h"});
  EXPECT_EQ(order(heavy, random).size(), 64U);
  std::set<std::string> firsts;
  for (int i = 0; i < 200; ++i) {
    firsts.insert(order({{1, 65535, 1, "a"}, {1, 65535, 1, "b"}}, random)[0]);
  }
  EXPECT_EQ(firsts.size(), 2U);
}

// ---- addresses

TEST_F(Lookup, FamiliesInTurnWithoutDuplicates) {  // RFC 8305 section 4
  dns.has_host("a.peer.example", {"192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3", "2001:db8::1", "2001:db8::2"});
  ServerTarget target{.host = "a.peer.example", .port = 5270};
  ASSERT_TRUE(resolve(target));
  std::vector<std::string> texts;
  for (const PeerAddress& address : target.addresses) {
    texts.push_back(address.str());
  }
  EXPECT_THAT(texts, ElementsAre("[2001:db8::1]:5270", "192.0.2.1:5270", "[2001:db8::2]:5270", "192.0.2.2:5270", "192.0.2.3:5270"));
  EXPECT_FALSE(target.is_secure);
  EXPECT_THAT(dns.asked, testing::Not(Contains(HasSubstr("TLSA")))) << "RFC 7673 section 3.3: not of what is not secure";
}

TEST_F(Lookup, StrangersDoNotSendUsHome) {  // security D06
  for (const auto& [ip, kind] : std::map<std::string, std::string>{
           {"127.0.0.1", "loopback"}, {"127.255.0.9", "loopback"}, {"::1", "loopback"}, {"10.1.2.3", "private"}, {"172.16.0.1", "private"},
           {"172.31.255.255", "private"}, {"192.168.0.1", "private"}, {"100.64.0.1", "private"}, {"fd00::1", "private"}, {"fec0::1", "private"},
           {"169.254.1.1", "link-local"}, {"fe80::1", "link-local"}, {"224.0.0.1", "multicast"}, {"ff02::1", "multicast"},
           {"0.0.0.0", "unspecified"}, {"0.1.2.3", "unspecified"}, {"::", "unspecified"}, {"255.255.255.255", "reserved"}, {"240.0.0.1", "reserved"},
           {"::ffff:127.0.0.1", "loopback"}, {"::ffff:10.0.0.1", "private"}, {"64:ff9b::127.0.0.1", "loopback"}, {"64:ff9b::a00:1", "private"},
           {"2002:7f00:1::", "loopback"}, {"::127.0.0.1", "reserved"}}) {
    report.lines.clear();
    dns.has_host("a.peer.example", {ip});
    ServerTarget target{.host = "a.peer.example"};
    const Result<void> done = resolve(target);
    ASSERT_FALSE(done) << ip;
    EXPECT_EQ(done.error().kind, ErrorKind::not_found);
    EXPECT_TRUE(target.addresses.empty());
    EXPECT_THAT(said(), HasSubstr(" is " + kind + ": not gone to")) << ip;
  }
  for (const std::string& ip : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "64:ff9b::808:808", "2002:808:808::"}) {
    dns.has_host("a.peer.example", {ip});
    ServerTarget target{.host = "a.peer.example"};
    EXPECT_TRUE(resolve(target)) << ip;
  }
  dns.has_host("a.peer.example", {"127.0.0.1", "192.0.2.1"});
  ServerTarget mixed{.host = "a.peer.example"};
  ASSERT_TRUE(resolve(mixed));
  EXPECT_EQ(mixed.addresses.size(), 1U);
}

TEST_F(Lookup, TheOperatorMayAllowTheirOwnNetwork) {
  options.filter.loopback = true;
  dns.has_host("a.peer.example", {"127.0.0.1", "10.0.0.1"});
  ServerTarget target{.host = "a.peer.example"};
  ASSERT_TRUE(resolve(target));
  EXPECT_EQ(target.addresses.size(), 1U);
  options.filter = {.loopback = true, .link_local = true, .private_network = true};
  dns.has_host("b.peer.example", {"0.0.0.0", "224.0.0.1", "255.255.255.255"});
  ServerTarget never{.host = "b.peer.example"};
  EXPECT_FALSE(resolve(never));
}

TEST_F(Lookup, OneTargetHasSoManyAddresses) {
  std::vector<std::string> ips;
  for (int i = 1; i < 100; ++i) {
    ips.push_back("192.0.2." + std::to_string(i));
  }
  dns.has_host("a.peer.example", ips);
  ServerTarget target{.host = "a.peer.example"};
  ASSERT_TRUE(resolve(target));
  EXPECT_EQ(target.addresses.size(), 8U);
}

// ---- DNSSEC

TEST_F(Lookup, TheVerdictGoesAlong) {  // RFC 7673 section 3
  serves(plain, {{0, 0, 5269, "a.host.example"}}, true);
  dns.has_host("a.host.example", {"192.0.2.1"}, true);
  dns.pins.insert_or_assign("_5269._tcp.a.host.example", DnsAnswer<TlsaRecord>{{{3, 1, 1, std::vector<std::uint8_t>(32, 7)}}, true});
  const Found found = find("peer.example");
  ServerTarget target = found->front();
  EXPECT_TRUE(target.is_name_secure);
  ASSERT_TRUE(resolve(target));
  EXPECT_TRUE(target.is_secure);
  ASSERT_EQ(target.tlsa.size(), 1U);
  EXPECT_THAT(said(), HasSubstr("+ TLSA _5269._tcp.a.host.example: 1 record, validated by DNSSEC"));
}

TEST_F(Lookup, AChainIsAsStrongAsItsWeakestLink) {  // RFC 7673 section 3.1, 3.2, security C04
  dns.pins.insert_or_assign("_5269._tcp.a.host.example", DnsAnswer<TlsaRecord>{{{3, 1, 1, std::vector<std::uint8_t>(32, 7)}}, true});
  for (const auto& [srv_secure, address_secure] : {std::pair(false, true), std::pair(true, false), std::pair(false, false)}) {
    serves(plain, {{0, 0, 5269, "a.host.example"}}, srv_secure);
    dns.has_host("a.host.example", {"192.0.2.1"}, address_secure);
    ServerTarget target = find("peer.example")->front();
    ASSERT_TRUE(resolve(target));
    EXPECT_FALSE(target.is_secure);
    EXPECT_TRUE(target.tlsa.empty());
  }
}

TEST_F(Lookup, WithoutSrvTheDomainsOwnRecordsCount) {
  dns.is_secure = true;
  dns.has_host("peer.example", {"192.0.2.1"}, true);
  dns.pins.insert_or_assign("_5269._tcp.peer.example", DnsAnswer<TlsaRecord>{{{3, 1, 1, std::vector<std::uint8_t>(32, 7)}}, true});
  ServerTarget target = find("peer.example")->front();
  ASSERT_TRUE(resolve(target));
  EXPECT_EQ(target.tlsa.size(), 1U);
}

TEST_F(Lookup, WithoutTheAnswerAboutTlsaNobodyIsBelieved) {  // RFC 7673 section 3.3
  dns.has_host("a.host.example", {"192.0.2.1"}, true);
  for (const ErrorKind kind : {ErrorKind::denied, ErrorKind::unavailable, ErrorKind::timeout}) {
    dns.pins.insert_or_assign("_5269._tcp.a.host.example", Result<DnsAnswer<TlsaRecord>>(fail(kind, "DNSSEC: forged")));
    ServerTarget target{.host = "a.host.example", .is_name_secure = true};
    const Result<void> done = resolve(target);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, kind);
  }
  // Records that come without proof are none.
  dns.pins.insert_or_assign("_5269._tcp.a.host.example", DnsAnswer<TlsaRecord>{{{3, 1, 1, std::vector<std::uint8_t>(32, 7)}}, false});
  ServerTarget target{.host = "a.host.example", .is_name_secure = true};
  ASSERT_TRUE(resolve(target));
  EXPECT_TRUE(target.tlsa.empty());
}

}  // namespace
}  // namespace aldis::net
