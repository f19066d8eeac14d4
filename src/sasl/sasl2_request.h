// Sasl2Request: what a client says in XEP-0388's <authenticate/> besides the mechanism and its first message. Made by the
// stream's negotiation, judged by the authentication exchange.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aldis::sasl {

// The client's installation (XEP-0388 section 2.3). Not told to anybody but the account's owner and the operator.
struct UserAgent {
  std::string id;         // a UUID in lower case; empty: none was given
  std::string software;   // at most 100 bytes, as device
  std::string device;
};

// <fast/> (XEP-0484 sections 3.4 and 3.6): the mechanism proves a token.
struct TokenUse {
  std::optional<std::uint64_t> count;
  bool invalidates = false;
};

struct Sasl2Request {
  std::string from;                       // the stream header's, bare; empty: it had none
  bool is_malformed = false;              // some part of it breaks its specification
  UserAgent agent{};
  std::optional<TokenUse> token{};
  std::string wanted_token{};             // <request-token/>: the mechanism the token is for; empty: not asked for
  std::vector<std::string> upgrades{};    // XEP-0480: names of tasks
};

}  // namespace aldis::sasl
