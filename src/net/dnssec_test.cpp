// Finding servers through DNSSEC as it is: Debian's knot serves a signed zone on loopback, libunbound validates it, and one
// record was changed after it was signed (RFC 4033, RFC 7673 section 3).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "net/resolver.h"
#include "net/server_lookup.h"

namespace aldis::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view signed_zone = R"($ORIGIN aldis.example.
$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 192.0.2.53
_xmpp-server._tcp.good IN SRV 10 0 5269 host.good
_xmpps-server._tcp.good IN SRV 0 0 5270 host.good
host.good IN A 192.0.2.1
host.good IN AAAA 2001:db8::1
_5270._tcp.host.good IN TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
_xmpp-server._tcp.outside IN SRV 0 0 5269 host.plain.example.
_xmpp-server._tcp.forged IN SRV 0 0 5269 host.good
_xmpp-server._tcp.pinned IN SRV 0 0 5271 host.pinned
host.pinned IN A 192.0.2.4
_5271._tcp.host.pinned IN TLSA 3 1 1 ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100
alias IN CNAME good
_xmpp-server._tcp.alias IN CNAME _xmpp-server._tcp.good
none IN A 192.0.2.9
_xmpp-server._tcp.none IN SRV 0 0 0 .
)";
constexpr std::string_view plain_zone = R"($ORIGIN plain.example.
$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 192.0.2.53
host IN A 192.0.2.2
_xmpp-server._tcp IN SRV 0 0 5269 host
_5269._tcp.host IN TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
)";

// One knotd for all tests of this file.
class Knot {
 public:
  static Knot& get() {
    static Knot knot;
    return knot;
  }
  bool is_ready = false;
  std::uint16_t port = 0;
  std::string anchor;
  std::string log;

 private:
  Knot() : folder_(std::filesystem::temp_directory_path() / ("aldis-knot-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_ / "db");
    std::filesystem::create_directories(folder_ / "out");
    write("signed.zone", signed_zone);
    write("out/plain.zone", plain_zone);
    write("sign.conf", settings(1) + "policy:\n  - id: fast\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n"
                                     "zone:\n  - domain: aldis.example\n    storage: " + folder_.string() +
                                     "\n    file: signed.zone\n    dnssec-signing: on\n    dnssec-policy: fast\n");
    const std::string config = " -c " + (folder_ / "sign.conf").string();
    anchor = (folder_ / "anchor").string();
    if (!runs("kzonesign" + config + " -o " + (folder_ / "out").string() + " aldis.example > /dev/null") ||
        !runs("keymgr" + config + " aldis.example ds > " + anchor)) {
      log = "kzonesign or keymgr failed: is the package knot-dnssecutils there?";
      return;
    }
    forge("_xmpp-server._tcp.forged.aldis.example.", "5269", "5299");
    forge("_5271._tcp.host.pinned.aldis.example.", "FFEEDDCC", "00EEDDCC");
    for (int tries = 0; tries < 5 && !is_ready; ++tries) {   // free for UDP may be taken for TCP, or soon after
      end();
      port = free_port();
      write("serve.conf", settings(port) + "zone:\n  - domain: aldis.example\n    storage: " + (folder_ / "out").string() +
                              "\n    file: signed.zone\n  - domain: plain.example\n    storage: " + (folder_ / "out").string() +
                              "\n    file: plain.zone\n");
      start();
    }
  }
  ~Knot() {
    end();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] std::string settings(std::uint16_t on) const {
    return "server:\n  rundir: " + folder_.string() + "\n  listen: 127.0.0.1@" + std::to_string(on) + "\ndatabase:\n  storage: " +
           (folder_ / "db").string() + "\nlog:\n  - target: stderr\n    any: info\n";
  }
  void write(const std::string& name, std::string_view text) const { std::ofstream(folder_ / name) << text; }
  static bool runs(const std::string& command) { return std::system(("PATH=$PATH:/usr/sbin " + command + " 2>/dev/null").c_str()) == 0; }
  static std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static_cast<void>(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
    socklen_t length = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    ::close(fd);
    return ntohs(address.sin_port);
  }
  // Changes a record of the signed zone and leaves its signature.
  void forge(const std::string& owner, const std::string& what, const std::string& by) const {
    std::ifstream in(folder_ / "out/signed.zone");
    std::ostringstream changed;
    for (std::string line; std::getline(in, line);) {
      const std::size_t at = line.find(what);
      if (line.starts_with(owner) && line.find("RRSIG") == std::string::npos && line.find("NSEC") == std::string::npos && at != std::string::npos) {
        line.replace(at, what.size(), by);
      }
      changed << line << '\n';
    }
    in.close();
    write("out/signed.zone", changed.str());
  }
  void end() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = 0;
    }
  }
  void start() {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const std::string config = (folder_ / "serve.conf").string();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(ends[1], 1);
      ::dup2(ends[1], 2);
      ::execl("/usr/sbin/knotd", "knotd", "-c", config.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    char part[4096];
    pollfd said{ends[0], POLLIN, 0};
    while (log.find("server started") == std::string::npos && ::poll(&said, 1, 20'000) == 1) {
      const ssize_t n = ::read(ends[0], part, sizeof part);
      if (n <= 0) {
        break;
      }
      log.append(part, static_cast<std::size_t>(n));
    }
    is_ready = log.find("server started") != std::string::npos;
    // The read end stays open, so that what knotd says later does not end it.
  }

  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

struct Dnssec : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(Knot::get().is_ready) << Knot::get().log;
    thread = std::thread([this] { shard.run(); });
    on_shard([this] {
      auto opened = Resolver::open(shard, {.trust_anchor = Knot::get().anchor, .forwarder = "127.0.0.1@" + std::to_string(Knot::get().port)});
      ASSERT_TRUE(opened) << opened.error().what;
      resolver = std::move(*opened);
      lookup.emplace(*resolver, random);
    });
  }
  void TearDown() override {
    if (thread.joinable()) {
      on_shard([this] { resolver.reset(); });
      shard.stop();
      thread.join();
    }
  }
  void on_shard(std::function<void()> work) {
    std::promise<void> done;
    shard.post([&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }
  template <class T>
  static Task<void> keep(Task<T> question, std::promise<T>& answer) {
    T got = co_await std::move(question);
    answer.set_value(std::move(got));
  }
  Result<std::vector<ServerTarget>> find(const std::string& domain) {
    std::promise<Result<std::vector<ServerTarget>>> answer;
    on_shard([&] { spawn(keep(lookup->find(domain, report), answer)); });
    return answer.get_future().get();
  }
  Result<void> resolve(ServerTarget& target) {
    std::promise<Result<void>> answer;
    on_shard([&] { spawn(keep(lookup->resolve(target, report), answer)); });
    return answer.get_future().get();
  }
  std::string said() const {
    std::string text;
    for (const LookupReport::Line& line : report.lines) {
      text += (line.is_good ? "+ " : "- ") + line.text + "\n";
    }
    return text;
  }

  SystemClock clock;
  SystemRandom random;
  Shard shard{clock, {.name = "dnssec-test"}};
  std::thread thread;
  std::unique_ptr<Resolver> resolver;
  std::optional<ServerLookup> lookup;
  LookupReport report;
};

TEST_F(Dnssec, ASignedDomainIsFoundWithItsPins) {
  const auto found = find("good.aldis.example");
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_EQ(found->size(), 2U);
  ServerTarget target = found->front();
  EXPECT_EQ(target.str(), "host.good.aldis.example:5270 with direct TLS");
  EXPECT_TRUE(target.is_name_secure);
  ASSERT_TRUE(resolve(target)) << said();
  ASSERT_EQ(target.addresses.size(), 2U);
  EXPECT_EQ(target.addresses[0].str(), "[2001:db8::1]:5270");
  EXPECT_TRUE(target.is_secure);
  ASSERT_EQ(target.tlsa.size(), 1U);
  EXPECT_EQ(target.tlsa[0].data.size(), 32U);
  EXPECT_EQ(target.tlsa[0].data[1], 0x11);
  ServerTarget other = (*found)[1];
  ASSERT_TRUE(resolve(other));
  EXPECT_TRUE(other.is_secure);
  EXPECT_TRUE(other.tlsa.empty()) << "TLSA is of a port";
}

TEST_F(Dnssec, AForgedAnswerIsRefused) {
  const auto found = find("forged.aldis.example");
  ASSERT_FALSE(found) << said();
  EXPECT_EQ(found.error().kind, ErrorKind::denied);
  EXPECT_THAT(said(), HasSubstr("- SRV _xmpp-server._tcp.forged.aldis.example: DNSSEC: "));
}

TEST_F(Dnssec, AForgedPinKeepsUsAway) {  // RFC 7673 section 3.3
  const auto found = find("pinned.aldis.example");
  ASSERT_TRUE(found) << found.error().what;
  ServerTarget target = found->front();
  EXPECT_TRUE(target.is_name_secure);
  const Result<void> done = resolve(target);
  ASSERT_FALSE(done) << said();
  EXPECT_EQ(done.error().kind, ErrorKind::denied);
}

TEST_F(Dnssec, AnUnsignedDomainIsFoundWithoutThem) {
  const auto found = find("plain.example");
  ASSERT_TRUE(found) << found.error().what;
  ServerTarget target = found->front();
  EXPECT_FALSE(target.is_name_secure);
  ASSERT_TRUE(resolve(target));
  EXPECT_FALSE(target.is_secure);
  EXPECT_TRUE(target.tlsa.empty()) << "records that nobody vouches for";
}

TEST_F(Dnssec, ASignedWayToAnUnsignedHostIsNotSecure) {  // RFC 7673 section 3.2
  ServerTarget target = find("outside.aldis.example")->front();
  EXPECT_TRUE(target.is_name_secure);
  ASSERT_TRUE(resolve(target)) << said();
  EXPECT_FALSE(target.is_secure);
  EXPECT_TRUE(target.tlsa.empty());
}

TEST_F(Dnssec, AliasesAreFollowed) {
  const auto found = find("alias.aldis.example");
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->front().host, "host.good.aldis.example");
  EXPECT_TRUE(found->front().is_name_secure);
}

TEST_F(Dnssec, ASignedNoIsANo) {
  const auto found = find("none.aldis.example");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::not_found);
  // And what does not exist, provably, leaves the domain itself (RFC 6120 section 3.2.2).
  const auto absent = find("host.good.aldis.example");
  ASSERT_TRUE(absent) << absent.error().what;
  ServerTarget target = absent->front();
  EXPECT_EQ(target.str(), "host.good.aldis.example:5269");
  ASSERT_TRUE(resolve(target));
  EXPECT_TRUE(target.is_secure);
}

}  // namespace
}  // namespace aldis::net
