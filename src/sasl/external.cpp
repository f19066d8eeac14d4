// EXTERNAL: message = authzid as UTF-8, without NUL (RFC 4422 appendix A.1); empty: whoever the certificate says.
#include "sasl/external.h"

#include <algorithm>
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

// XEP-0178 section 2, step 11.
Outcome External::supply_identities(std::vector<std::string> identities, std::optional<std::string> wanted) {
  ensure(state_ == State::identities, "identities are supplied only where they were asked for");
  state_ = State::over;
  if (identities.empty()) {
    return Failed{Failure::not_authorized, "the certificate is nobody's"};
  }
  if (authzid_.empty()) {
    if (identities.size() != 1) {
      return Failed{Failure::invalid_authzid, "the certificate has several identities, and none was chosen"};
    }
    return Success{std::move(identities.front()), {}, {}, false, {}};
  }
  if (!wanted || std::ranges::find(identities, *wanted) == identities.end()) {
    return Failed{Failure::invalid_authzid, "another identity was asked for"};   // security S01, S10
  }
  return Success{std::move(*wanted), std::move(authzid_), {}, false, {}};
}

}  // namespace aldis::sasl
