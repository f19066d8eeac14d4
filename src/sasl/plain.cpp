// PLAIN: message = [authzid] NUL authcid NUL passwd (RFC 4616 section 2).
#include "sasl/plain.h"

#include <algorithm>
#include <utility>

#include "base/ensure.h"

namespace aldis::sasl {
namespace {

constexpr std::size_t part_max = 3071;  // bytes: a bare address at most (RFC 7622 section 3.1), more than any password

}  // namespace

Outcome Plain::step(std::optional<std::string_view> message) {
  if (state_ != State::message || (!message && has_asked_)) {
    state_ = State::over;
    return Failed{Failure::malformed_request, "message out of order"};
  }
  if (!message) {
    has_asked_ = true;
    return Challenge{};
  }
  state_ = State::over;
  if (std::ranges::count(*message, '\0') != 2) {
    return Failed{Failure::malformed_request, "not three parts"};
  }
  const std::size_t first = message->find('\0');
  const std::size_t second = message->find('\0', first + 1);
  const std::string_view authzid = message->substr(0, first);
  const std::string_view authcid = message->substr(first + 1, second - first - 1);
  const std::string_view password = message->substr(second + 1);
  if (authcid.empty() || password.empty()) {
    return Failed{Failure::malformed_request, "empty authcid or password"};
  }
  if (authzid.size() > part_max || authcid.size() > part_max || password.size() > part_max) {
    return Failed{Failure::malformed_request, "a part is too long"};
  }
  username_ = authcid;
  authzid_ = authzid;
  state_ = State::verdict;
  return NeedPasswordCheck{username_, SecretBytes(password)};
}

Outcome Plain::supply_verdict(bool is_right) {
  ensure(state_ == State::verdict, "a verdict is supplied only where it was asked for");
  state_ = State::over;
  if (!is_right) {
    return Failed{Failure::not_authorized, "wrong password or unknown account"};
  }
  return Success{std::move(username_), std::move(authzid_), {}, false, {}};
}

}  // namespace aldis::sasl
