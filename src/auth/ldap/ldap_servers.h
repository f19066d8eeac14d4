// LdapServers: the servers of one directory: connections that are kept for the next question, and another server where one does not
// answer. Every call blocks and is made on a worker; any number at a time.
//
// A server that fails is left alone for a while; then one question tries it, and the others go on without it until it has answered. So
// nobody waits long for who is away, and who comes back is not met by a crowd.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "auth/ldap/ldap_connection.h"
#include "base/clock.h"

namespace aldis::ldap {

class LdapServers {
 public:
  // `clock` outlives it. At most `idle` connections of each of the two kinds are kept for each server.
  LdapServers(std::vector<Endpoint> endpoints, ServiceIdentity identity, std::size_t idle, const Clock& clock);
  ~LdapServers();

  // As LdapConnection's, on a connection that this server has logged in on. Two servers are tried at most, each for its timeout.
  [[nodiscard]] Result<std::vector<Entry>> search(const std::string& base, const std::string& filter, const std::vector<std::string>& attributes, int limit);
  [[nodiscard]] Result<std::vector<Entry>> search_all(const std::string& base, const std::string& filter, const std::vector<std::string>& attributes,
                                                      const ListLimits& limits = {});
  // Several questions to one server, on one such connection. Where it breaks they are asked again, of the next server perhaps.
  [[nodiscard]] Result<std::size_t> together(const std::function<Result<std::size_t>(LdapConnection&)>& questions);
  // On connections for nothing else: after a bind they are that person's.
  [[nodiscard]] Result<PasswordAnswer> proves(const std::string& dn, const SecretBytes& password);

  [[nodiscard]] const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  [[nodiscard]] const ServiceIdentity& identity() const { return identity_; }

 private:
  enum class Use : std::uint8_t { questions, proofs };
  using Connection = std::unique_ptr<LdapConnection>;
  struct Server {
    Monotonic away_until{};   // until then only who has nobody else asks it, and not even they
    std::vector<Connection> idle[2];
  };
  [[nodiscard]] Result<Connection> take(std::size_t server, Use use, bool& was_idle);
  void give_back(std::size_t server, Use use, Connection connection);
  void failed(std::size_t server, std::string_view cause);
  // Whether to ask it now.
  [[nodiscard]] bool claim(std::size_t server);
  template <class T>
  [[nodiscard]] Result<T> ask(Use use, const std::function<Result<T>(LdapConnection&)>& question);

  std::vector<Endpoint> endpoints_;
  ServiceIdentity identity_;
  std::size_t idle_;
  const Clock& clock_;
  std::mutex mutex_;
  std::vector<Server> servers_;   // guarded by mutex_
};

}  // namespace aldis::ldap
