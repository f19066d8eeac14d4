// Nicknames: RFC 8266, and what keeps one from passing for another (Unicode Technical Standard 39; security M04). A nickname is a
// resourcepart, prepared and strict already (xmpp/jid.h); here is what people see of it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aldis {

enum class NicknameProblem : std::uint8_t {
  empty,     // nothing, or white space only
  spaces,    // white space at an end, or more than one between words (RFC 8266 section 2.3 would change it)
  hidden,    // characters that nobody sees, that turn the direction of text, or that Unicode does not know
  too_long,
};
[[nodiscard]] std::string_view to_string(NicknameProblem problem);

// Why a nickname is not fit to be shown; nothing: it is. `most` is in characters.
[[nodiscard]] std::optional<NicknameProblem> problem_of_nickname(std::string_view nickname, std::size_t most);

// Two nicknames that share one of these are taken for each other by people: equal but for case and width (RFC 8266 section 2.4),
// or of characters that look alike (UTS 39 section 4). Not to be shown or sent.
[[nodiscard]] std::vector<std::string> nickname_keys(std::string_view nickname);

// UTF-8 without differences of case and width (Unicode's NFKC_Casefold): what is to be compared or looked for.
[[nodiscard]] std::string fold_case(std::string_view text);

}  // namespace aldis
