// ScriptedDns: a Dns that answers from a table, for the tests of this folder. What is not in it does not exist.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "net/dns.h"

namespace aldis::net::test {

class ScriptedDns final : public Dns {
 public:
  std::map<std::string, Result<DnsAnswer<SrvRecord>>> services;
  std::map<std::string, Result<DnsAnswer<PeerAddress>>> hosts;   // the port is put in
  std::map<std::string, Result<DnsAnswer<TlsaRecord>>> pins;
  std::vector<std::string> asked;
  bool is_secure = false;   // of what does not exist

  Task<Result<DnsAnswer<SrvRecord>>> srv(std::string name) override {
    asked.push_back("SRV " + name);
    co_return answer(services, name);
  }
  Task<Result<DnsAnswer<PeerAddress>>> addresses(std::string name, std::uint16_t port) override {
    asked.push_back("A " + name);
    Result<DnsAnswer<PeerAddress>> found = answer(hosts, name);
    if (found) {
      for (PeerAddress& address : found->records) {
        address.port = port;
      }
    }
    co_return found;
  }
  Task<Result<DnsAnswer<TlsaRecord>>> tlsa(std::string name) override {
    asked.push_back("TLSA " + name);
    co_return answer(pins, name);
  }

  void has_host(const std::string& name, const std::vector<std::string>& ips, bool secure = false) {
    DnsAnswer<PeerAddress> found{{}, secure};
    for (const std::string& ip : ips) {
      found.records.push_back(PeerAddress::parse(ip, 0).value());
    }
    hosts.insert_or_assign(name, std::move(found));
  }

 private:
  template <class T>
  Result<DnsAnswer<T>> answer(const std::map<std::string, Result<DnsAnswer<T>>>& from, const std::string& name) const {
    const auto found = from.find(name);
    return found != from.end() ? found->second : Result<DnsAnswer<T>>(DnsAnswer<T>{{}, is_secure});
  }
};

}  // namespace aldis::net::test
