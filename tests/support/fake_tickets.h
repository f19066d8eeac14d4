// Kerberos without Kerberos: tokens say in clear text whose they are, so that tests of all that stands around a ticket need no KDC.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "auth/ticket_acceptor.h"

namespace aldis::test {

// A token "for juliet@VERONA" is established; "half" needs one more; "disk" cannot be judged; anything else is refused. Words behind a bar
// take flags away: "for juliet@VERONA|unbound". Wrapping puts a "w" before.
class FakeContext final : public SecurityContext {
 public:
  Result<sasl::ContextAnswer> take(const sasl::NeedContext& step) override {
    using Call = sasl::NeedContext::Call;
    if (step.call == Call::wrap) {
      return sasl::ContextAnswer{.refusal = {}, .data = "w" + step.data};
    }
    if (step.call == Call::unwrap) {
      return step.data.starts_with('w') ? sasl::ContextAnswer{.refusal = {}, .data = step.data.substr(1)} : sasl::ContextAnswer{.refusal = "a bad wrapping"};
    }
    const auto has = [&](const char* word) { return step.data.find(word) != std::string::npos; };
    if (has("disk")) {
      return fail(ErrorKind::unavailable, "the disk is full");
    }
    if (has("half")) {
      return sasl::ContextAnswer{.refusal = {}, .data = "more"};
    }
    const std::size_t begin = step.data.find("for ");
    if (begin == std::string::npos) {
      return sasl::ContextAnswer{.refusal = "no ticket"};
    }
    const std::size_t bar = step.data.find('|');
    principal_ = step.data.substr(begin + 4, bar == std::string::npos ? bar : bar - begin - 4);
    return sasl::ContextAnswer{.refusal = {},
                               .data = has("|one-way") ? "" : "reply",
                               .is_established = true,
                               .has_integrity = !has("|open"),
                               .has_mutual = !has("|one-way"),
                               .is_bound = step.binding.has_value() && !has("|unbound")};
  }
  [[nodiscard]] const std::string& principal() const override { return principal_; }

 private:
  std::string principal_;
};

// Of VERONA everybody is who the name says, but "cousin", whom only a directory knows; of other realms nobody is anybody.
class FakeTickets final : public TicketAcceptor {
 public:
  explicit FakeTickets(std::string domain) : domain_(std::move(domain)) {}
  [[nodiscard]] const std::vector<std::string>& mechanisms() const override { return names; }
  [[nodiscard]] const std::string& hostname() const override { return host; }
  [[nodiscard]] std::size_t token_bytes() const override { return 12 * 1024; }
  [[nodiscard]] std::shared_ptr<SecurityContext> begin() override { return std::make_shared<FakeContext>(); }
  [[nodiscard]] PrincipalMapping account_of(std::string_view principal) const override {
    const std::string_view name = principal.substr(0, principal.find('@'));
    if (name == "cousin") {
      return DirectoryAttribute{"krbPrincipalName", std::string(principal)};
    }
    const auto account = BareJid::of(name, domain_);
    if (!principal.ends_with("@VERONA") || !account) {
      return NobodysPrincipal{"of another realm"};
    }
    return *account;
  }

  std::vector<std::string> names{"GS2-KRB5-PLUS", "GS2-KRB5", "GSSAPI"};
  std::string host = "host<1>.verona.example";

 private:
  std::string domain_;
};

inline TicketAcceptors fake_tickets(const std::string& domain) { return {{domain, std::make_shared<FakeTickets>(domain)}}; }

}  // namespace aldis::test
