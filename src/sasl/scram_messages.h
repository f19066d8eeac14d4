// The client's two messages of SCRAM, read strictly by the grammar of RFC 5802 section 7: every attribute in its place, once,
// not empty. Reserved mandatory extensions (m=) are refused; optional extensions are passed over.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "sasl/gs2_header.h"

namespace aldis::sasl {

struct ClientFirst {
  BindingFlag flag = BindingFlag::unsupported;
  std::string binding_type;   // with `used` only
  std::string authzid;        // decoded; empty: none
  std::string username;       // decoded
  std::string nonce;
  std::string gs2_header;     // as it came, with both commas
  std::string bare;           // client-first-message-bare, as it came
};

struct ClientFinal {
  std::string binding;        // decoded
  std::string nonce;
  std::string proof;          // decoded
  std::string without_proof;  // client-final-message-without-proof, as it came
};

// The error is a constant text for the log.
[[nodiscard]] Result<ClientFirst, std::string_view> parse_client_first(std::string_view message);
[[nodiscard]] Result<ClientFinal, std::string_view> parse_client_final(std::string_view message);

}  // namespace aldis::sasl
