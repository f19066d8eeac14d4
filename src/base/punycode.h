// Domains as DNS and certificates write them: labels that are not ASCII become A-labels (RFC 5890 2.3.2.1, encoded as RFC
// 3492 says). Whether a label is allowed at all (IDNA2008) is not asked here: who has a Jid has had it checked.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace aldis {

// "Käse.example" must come in as "käse.example"; ASCII letters are made lower. Nothing when the text is not UTF-8, has an empty
// label (a dot at its end makes one), a label of more than 63 bytes, or more than 253 bytes.
[[nodiscard]] std::optional<std::string> ascii_domain(std::string_view domain);

}  // namespace aldis
