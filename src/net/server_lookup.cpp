// SRV records in their order, and the addresses of one target.
#include "net/server_lookup.h"

#include <algorithm>
#include <iterator>

#include "runtime/executor.h"

namespace aldis::net {
namespace {

// Runs two questions side by side.
template <class T>
Task<void> into(Task<T> question, Completion<T> answer) {
  T got = co_await std::move(question);
  answer.complete(std::move(got));
}

std::optional<PeerAddress> literal(std::string_view host, std::uint16_t port) {
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  return PeerAddress::parse(host, port);
}

std::string counted(std::size_t count, std::string_view noun, std::string_view plural = "s") {
  return std::to_string(count) + " " + std::string(noun) + std::string(count == 1 ? "" : plural);
}

std::string_view validated(bool is_secure) { return is_secure ? ", validated by DNSSEC" : ", not protected by DNSSEC"; }

// RFC 8305 section 4: the families in turn, IPv6 first, each in the order it came.
std::vector<PeerAddress> in_turn(const std::vector<PeerAddress>& addresses) {
  std::vector<PeerAddress> v6;
  std::vector<PeerAddress> v4;
  for (const PeerAddress& address : addresses) {
    (address.is_v4() ? v4 : v6).push_back(address);
  }
  std::vector<PeerAddress> mixed;
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    for (const std::vector<PeerAddress>* family : {&v6, &v4}) {
      if (i < family->size() && std::ranges::find(mixed, (*family)[i]) == mixed.end()) {
        mixed.push_back((*family)[i]);
      }
    }
  }
  return mixed;
}

bool is_same(const ServerTarget& a, const ServerTarget& b) {
  return a.host == b.host && a.port == b.port && a.is_direct_tls == b.is_direct_tls;
}

}  // namespace

std::string ServerTarget::str() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return name + ":" + std::to_string(port) + (is_direct_tls ? " with direct TLS" : "");
}

ServerLookup::ServerLookup(Dns& dns, Random& random, LookupOptions options) : dns_(dns), random_(random), options_(options) {}

std::vector<SrvChoice> in_order(std::vector<SrvChoice> choices, Random& random) {
  // Those of weight 0 first: RFC 2782 wants them to have a very small chance beside others, not none.
  std::ranges::stable_sort(choices, [](const SrvChoice& a, const SrvChoice& b) {
    return a.record.priority != b.record.priority ? a.record.priority < b.record.priority : (a.record.weight == 0) > (b.record.weight == 0);
  });
  auto group = choices.begin();
  while (group != choices.end()) {
    const auto end = std::find_if(group, choices.end(), [&](const SrvChoice& c) { return c.record.priority != group->record.priority; });
    for (; group != end; ++group) {
      std::uint64_t sum = 0;
      for (auto at = group; at != end; ++at) {
        sum += at->record.weight;
      }
      const std::uint64_t drawn = random_u64(random) % (sum + 1);
      auto chosen = group;
      for (std::uint64_t running = chosen->record.weight; running < drawn; running += chosen->record.weight) {
        ++chosen;
      }
      std::rotate(group, chosen, chosen + 1);
    }
  }
  return choices;
}

Task<Result<std::vector<ServerTarget>>> ServerLookup::find(std::string domain, LookupReport& report) {
  std::vector<ServerTarget> targets;
  if (const auto address = literal(domain, server_port)) {
    report.good(domain + " is an IP address: no DNS");
    targets.push_back({.host = address->ip_str(), .port = server_port});
    co_return targets;
  }
  const std::string names[2] = {"_xmpp-server._tcp." + domain, "_xmpps-server._tcp." + domain};
  const Completion<Result<DnsAnswer<SrvRecord>>> answers[2];
  for (std::size_t i = 0; i < 2; ++i) {
    spawn(into(dns_.srv(names[i]), answers[i]));
  }
  std::vector<SrvChoice> choices;
  std::optional<Error> trouble;
  bool is_refused = false;  // "." in either answer
  for (std::size_t i = 0; i < 2; ++i) {
    const Result<DnsAnswer<SrvRecord>> answer = co_await answers[i];
    if (!answer) {
      report.bad("SRV " + names[i] + ": " + answer.error().what);
      if (!trouble || answer.error().kind == ErrorKind::denied) {
        trouble = answer.error();
      }
      continue;
    }
    const bool is_direct = i == 1;
    std::size_t found = 0;
    for (const SrvRecord& record : answer->records) {
      if (record.target.empty()) {
        is_refused = true;
      } else if (record.port == 0) {
        report.bad("SRV " + names[i] + ": " + record.target + " has port 0");
      } else {
        choices.push_back({record, is_direct, answer->is_secure});
        ++found;
      }
    }
    report.good("SRV " + names[i] + ": " + (found == 0 && !answer->records.empty() ? "\".\"" : counted(found, "record")) +
                std::string(validated(answer->is_secure)));
  }
  // A forged answer may hide where the domain really is: nothing else is believed then. Other trouble with one name leaves the
  // other's records, but no guess that there are none.
  if (trouble && (trouble->kind == ErrorKind::denied || choices.empty())) {
    co_return fail(std::move(*trouble));
  }
  if (choices.empty() && is_refused) {
    report.bad(domain + " says that it has no XMPP service for other servers");  // RFC 2782, XEP-0368 section 5
    co_return fail(ErrorKind::not_found, domain + " has no XMPP service for other servers");
  }
  if (choices.empty()) {
    // RFC 6120 section 3.2.2. The host is the domain itself, so no name from DNS is believed.
    report.good("no SRV record: " + domain + " itself, port " + std::to_string(server_port));
    targets.push_back({.host = domain, .port = server_port, .is_name_secure = true});
    co_return targets;
  }
  for (const SrvChoice& choice : in_order(std::move(choices), random_)) {
    ServerTarget target;
    target.host = choice.record.target;
    target.port = choice.record.port;
    target.is_direct_tls = choice.is_direct_tls;
    target.is_name_secure = choice.is_secure;
    if (std::ranges::any_of(targets, [&](const ServerTarget& known) { return is_same(known, target); })) {
      continue;
    }
    if (targets.size() == options_.targets) {
      report.bad("more than " + counted(options_.targets, "target") + ": the rest is not looked at");
      break;
    }
    report.good("target " + std::to_string(targets.size() + 1) + ": " + target.str());
    targets.push_back(std::move(target));
  }
  co_return targets;
}

std::vector<ServerTarget> ServerLookup::next_hops(const std::vector<NextHop>& hops, LookupReport& report) const {
  std::vector<NextHop> sorted = hops;
  std::ranges::stable_sort(sorted, {}, &NextHop::priority);
  std::vector<ServerTarget> targets;
  for (const NextHop& hop : sorted) {
    const auto address = literal(hop.host, hop.port);
    ServerTarget target;
    target.host = address ? address->ip_str() : hop.host;
    target.port = hop.port;
    target.is_direct_tls = hop.is_direct_tls;
    target.is_configured = true;
    target.is_name_secure = true;
    if (std::ranges::none_of(targets, [&](const ServerTarget& known) { return is_same(known, target); })) {
      report.good("configured: " + target.str());
      targets.push_back(std::move(target));
    }
  }
  return targets;
}

Task<Result<void>> ServerLookup::resolve(ServerTarget& target, LookupReport& report) {
  target.addresses.clear();
  target.tlsa.clear();
  target.is_secure = false;
  std::vector<PeerAddress> found;
  const auto address = literal(target.host, target.port);
  if (address) {
    found.push_back(*address);
  } else {
    const Result<DnsAnswer<PeerAddress>> answer = co_await dns_.addresses(target.host, target.port);
    if (!answer) {
      report.bad("addresses of " + target.host + ": " + answer.error().what);
      co_return fail(answer.error());
    }
    found = answer->records;
    target.is_secure = target.is_name_secure && answer->is_secure;
    report.lines.push_back({target.host + ": " + counted(found.size(), "address", "es") + std::string(validated(answer->is_secure)),
                            !found.empty()});
  }
  for (const PeerAddress& one : in_turn(found)) {
    if (!target.is_configured && !options_.filter.allows(one)) {
      report.bad(one.str() + " is " + std::string(to_string(kind_of(one))) + ": not gone to");  // security D06
    } else if (target.addresses.size() < options_.addresses) {
      target.addresses.push_back(one);
    }
  }
  if (target.addresses.empty()) {
    co_return fail(ErrorKind::not_found, target.host + (found.empty() ? " has no address" : " has no address that we may go to"));
  }
  if (target.is_secure) {
    const std::string name = "_" + std::to_string(target.port) + "._tcp." + target.host;
    const Result<DnsAnswer<TlsaRecord>> answer = co_await dns_.tlsa(name);
    if (!answer) {
      report.bad("TLSA " + name + ": " + answer.error().what);
      co_return fail(answer.error().kind, "TLSA " + name + ": " + answer.error().what);
    }
    if (answer->is_secure) {
      target.tlsa = answer->records;
    }
    report.good("TLSA " + name + ": " + counted(answer->records.size(), "record") + std::string(validated(answer->is_secure)));
  }
  co_return Result<void>();
}

}  // namespace aldis::net
