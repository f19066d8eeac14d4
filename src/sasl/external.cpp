// EXTERNAL: message = authzid as UTF-8, without NUL (RFC 4422 appendix A.1); empty: whoever the certificate says.
#include "sasl/external.h"

#include <utility>

#include "base/ensure.h"

namespace aldis::sasl {
namespace {

constexpr std::size_t authzid_max = 3071;   // bytes of a bare address at most (RFC 7622 section 3.1)

}  // namespace

Outcome External::step(std::optional<std::string_view> message) {
  if (state_ != State::message || (!message && has_asked_)) {
    state_ = State::over;
    return Failed{Failure::malformed_request, "message out of order"};
  }
  if (!message) {
    has_asked_ = true;
    return Challenge{};
  }
  state_ = State::over;
  if (message->find('\0') != std::string_view::npos) {
    return Failed{Failure::malformed_request, "NUL in the authorization identity"};
  }
  if (message->size() > authzid_max) {
    return Failed{Failure::malformed_request, "the authorization identity is too long"};
  }
  authzid_ = *message;
  state_ = State::identities;
  return NeedIdentities{authzid_};
}

Outcome External::supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted) {
  ensure(state_ == State::identities, "identities are supplied only where they were asked for");
  state_ = State::over;
  return choose_identity(std::move(identities), std::move(wanted), std::move(authzid_), "the certificate");
}

}  // namespace aldis::sasl
