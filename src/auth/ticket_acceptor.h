// TicketAcceptor: the seam behind which Kerberos is. It takes the tickets that people show for one domain, and knows by
// rule whose account a principal is. Its adapter is auth/kerberos; the mechanisms around it are sasl/gssapi.h.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "sasl/mechanism.h"
#include "xmpp/jid.h"

namespace aldis {

// One exchange's context of the GSS-API. Used by one thread at a time, made and destroyed by any.
class SecurityContext {
 public:
  virtual ~SecurityContext() = default;
  // Blocks (a file of what was seen before): on a worker. An error: whether the token is good could not be found out.
  [[nodiscard]] virtual Result<sasl::ContextAnswer> take(const sasl::NeedContext& step) = 0;
  // Who showed the ticket, as logs may show it; empty before the context is established.
  [[nodiscard]] virtual const std::string& principal() const = 0;
};

// What the directory of the domain is to be asked: whose entry has this.
struct DirectoryAttribute {
  std::string attribute;
  std::string value;
};
// Why the principal has no account here, for the log.
struct NobodysPrincipal {
  std::string why;
};
using PrincipalMapping = std::variant<BareJid, DirectoryAttribute, NobodysPrincipal>;

class TicketAcceptor {
 public:
  virtual ~TicketAcceptor() = default;
  [[nodiscard]] virtual const std::vector<std::string>& mechanisms() const = 0;  // to be offered, in this order
  [[nodiscard]] virtual const std::string& hostname() const = 0;                 // XEP-0233
  [[nodiscard]] virtual std::size_t token_bytes() const = 0;                     // of a message at most, before base64
  [[nodiscard]] virtual std::shared_ptr<SecurityContext> begin() = 0;
  [[nodiscard]] virtual PrincipalMapping account_of(std::string_view principal) const = 0;
};
using TicketAcceptors = std::map<std::string, std::shared_ptr<TicketAcceptor>, std::less<>>;  // by domain

}  // namespace aldis
