// What Kerberos adds to an exchange: steps of a security context on a worker, and whose the ticket is.
#include <utility>

#include "auth/authenticator.h"
#include "base/ensure.h"

namespace aldis {
namespace {

// A worker's answer takes microseconds; this is for a disk that hangs.
constexpr std::chrono::milliseconds patience{3000};

}  // namespace

void Authenticator::accept_tickets(TicketAcceptors acceptors, WorkerPool* workers) {
  ensure(acceptors.empty() || workers != nullptr, "tickets are looked at on workers");
  tickets_ = std::move(acceptors);
  ticket_workers_ = workers;
}

std::shared_ptr<TicketAcceptor> Authenticator::tickets_of(std::string_view domain) const {
  const auto found = tickets_.find(domain);
  return found == tickets_.end() ? nullptr : found->second;
}

// The worker keeps the context: after a deadline that has passed it may still be at work.
Task<Result<sasl::Outcome>> AuthenticationExchange::take_steps(sasl::Outcome outcome) {
  while (auto* need = std::get_if<sasl::NeedContext>(&outcome)) {
    ensure(context_of_ticket_ != nullptr, "a mechanism of Kerberos has a context");
    auto work = [context = context_of_ticket_, step = std::move(*need)] { return context->take(step); };
    Result<sasl::ContextAnswer> answer = co_await authenticator_.ticket_workers_->run(std::move(work), patience);
    if (!answer) {
      co_return fail(answer.error());
    }
    outcome = mechanism_->supply_context(std::move(*answer));
  }
  co_return outcome;
}

// The error is of a directory that could not say.
Task<Result<std::vector<BareJid>>> AuthenticationExchange::accounts_of_ticket() {
  PrincipalMapping mapping = tickets_of_domain_->account_of(context_of_ticket_->principal());
  std::vector<BareJid> accounts;
  if (auto* account = std::get_if<BareJid>(&mapping)) {
    accounts.push_back(std::move(*account));
    co_return accounts;
  }
  if (auto* nobody = std::get_if<NobodysPrincipal>(&mapping)) {
    nobodys_ticket_ = std::move(nobody->why);
    co_return accounts;
  }
  auto& asked = std::get<DirectoryAttribute>(mapping);
  Result<std::vector<BareJid>> found = co_await authenticator_.credentials_.find_by_attribute(
      context_.domain, std::move(asked.attribute), std::move(asked.value));
  if (!found && found.error().kind == ErrorKind::denied) {  // two entries have it: nobody's
    nobodys_ticket_ = found.error().what;
    co_return accounts;
  }
  if (found && found->size() > 1) {  // a choice between people is not the client's
    nobodys_ticket_ = "more than one account is its principal's";
    co_return accounts;
  }
  co_return found;
}

}  // namespace aldis
