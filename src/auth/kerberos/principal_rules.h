// PrincipalRules: whose account a Kerberos principal is. The name decides, in realms that the operator has named; or an
// attribute of the domain's directory. Nobody is taken for somebody with nearly the same name.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/kerberos/kerberos_options.h"
#include "auth/ticket_acceptor.h"

namespace aldis {

// "juliet@EXAMPLE.ORG", taken apart.
struct PersonsPrincipal {
  std::string name;
  std::string realm;
};
// As MIT's library writes them, of one part. Nothing: it has an instance ("juliet/admin"), a character that must be
// escaped, or is none.
[[nodiscard]] std::optional<PersonsPrincipal> parse_principal(std::string_view text);

class PrincipalRules {
 public:
  // `domain` prepared. invalid names the option first.
  [[nodiscard]] static Result<PrincipalRules> make(const KerberosOptions& options, std::string_view domain);

  [[nodiscard]] PrincipalMapping account_of(std::string_view principal) const;

 private:
  struct Realm {
    std::string name;
    std::string before;  // the name, in the account's localpart
    std::string behind;
  };
  PrincipalRules() = default;
  [[nodiscard]] PrincipalMapping by_name(const PersonsPrincipal& principal, const Realm& realm) const;

  std::string domain_;
  std::vector<Realm> realms_;
  std::string attribute_;
  bool attribute_has_name_alone_ = false;
  bool folds_case_ = false;
};

}  // namespace aldis
