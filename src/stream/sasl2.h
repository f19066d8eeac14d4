// XEP-0388 (1.0.4), Bind 2 (XEP-0386, 1.1.0), FAST (XEP-0484, 0.2.0) and upgrade tasks (XEP-0480, 0.2.0) as elements: what a
// server offers, what a client asks for, what it is told. Pure: StreamNegotiation decides when.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sasl/mechanism.h"
#include "sasl/sasl2_request.h"
#include "stream/stream_management.h"
#include "xml/element.h"
#include "xmpp/jid.h"

namespace aldis::stream {

// What a domain offers in <authentication/> besides the mechanisms.
struct Sasl2Offer {
  bool has_bind = false;                      // XEP-0386
  std::vector<std::string> bind_features;     // that can be asked for inside <bind/>, each by its namespace
  std::vector<std::string> token_mechanisms;  // XEP-0484; empty: no tokens
  std::vector<std::string> upgrades;          // XEP-0480
  bool has_resumption = false;                // XEP-0198 section 8.3
};

// <bind xmlns='urn:xmpp:bind:0'/>.
struct InlineBind {
  std::string tag;                     // as the client wrote it; empty: none
  std::vector<std::string> requests;   // children of other namespaces, each an element that stands alone
};

// <authenticate/>.
struct Authenticate {
  std::string mechanism;
  std::optional<std::string> initial_response;   // the text, not decoded; nothing when the element is not there
  sasl::Sasl2Request request;
  std::optional<InlineBind> bind;
  std::optional<ResumeRequest> resume;           // <resume xmlns='urn:xmpp:sm:3'/>
};
// Never fails: request.is_malformed says that something breaks its specification. What is not known is left out. Bind and
// resume are read where they are offered.
[[nodiscard]] Authenticate parse_authenticate(const xml::Element& element, const Sasl2Offer& offer);

// The children of <task-data/> and <next/> that are known here: a task's name, and XEP-0480's <hash/>.
[[nodiscard]] std::string task_name(const xml::Element& next);
[[nodiscard]] std::string task_hash(const xml::Element& task_data);

void append_authentication_feature(std::string& out, const std::vector<std::string>& mechanisms, const Sasl2Offer& offer);
// `data` is raw; nothing: no <additional-data/>.
void append_sasl2_challenge(std::string& out, std::string_view data);
void append_sasl2_continue(std::string& out, const std::optional<std::string>& data, std::string_view task);
void append_sasl2_task_data(std::string& out, std::string_view salt, std::uint32_t iterations);
void append_sasl2_failure(std::string& out, sasl::Failure condition);

struct NewToken {
  std::string token;
  WallTime expires{};
};
// `identity`: bare, or full once bound. `elements`: what inline features answered, as XML.
void append_sasl2_success(std::string& out, const std::optional<std::string>& data, const Jid& identity,
                          std::string_view elements, const std::optional<NewToken>& token);

}  // namespace aldis::stream
