// Nicknames by ICU's data: what is visible, and what looks alike.
#include "xmpp/nickname.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include "base/ensure.h"
#include "xmpp/precis.h"

namespace aldis {
namespace {

bool is_hidden(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  switch (u_charType(point)) {
    case U_CONTROL_CHAR:
    case U_FORMAT_CHAR:
    case U_SURROGATE:
    case U_UNASSIGNED:
    case U_PRIVATE_USE_CHAR:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR: return true;
    default: return u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0 || c == U'\u2800';  // blank Braille
  }
}

std::string skeleton(std::string_view text) {
  static const USpoofChecker* const checker = [] {
    UErrorCode status = U_ZERO_ERROR;
    USpoofChecker* opened = uspoof_open(&status);
    ensure(U_SUCCESS(status) != 0, "ICU has its table of confusable characters");
    return opened;
  }();
  std::string out(text.size() * 4 + 16, '\0');
  for (int turn = 0; turn < 2; ++turn) {
    UErrorCode status = U_ZERO_ERROR;
    const std::int32_t size = uspoof_getSkeletonUTF8(checker, 0, text.data(), static_cast<std::int32_t>(text.size()), out.data(),
                                                     static_cast<std::int32_t>(out.size()), &status);
    if (U_SUCCESS(status) != 0) {
      out.resize(static_cast<std::size_t>(size));
      return out;
    }
    if (status != U_BUFFER_OVERFLOW_ERROR) {
      break;
    }
    out.resize(static_cast<std::size_t>(size) + 1);
  }
  return std::string(text);
}

}  // namespace

// Unicode strings in UTF-8, through ICU and back.
std::string fold_case(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCCasefoldInstance(status);
  ensure(U_SUCCESS(status) != 0, "ICU has its normalisation data");
  const icu::UnicodeString mapped = nfkc->normalize(icu::UnicodeString::fromUTF8(std::string(text)), status);
  std::string out;
  return U_SUCCESS(status) != 0 ? mapped.toUTF8String(out) : std::string(text);
}

std::string_view to_string(NicknameProblem problem) {
  switch (problem) {
    case NicknameProblem::empty: return "A nickname has something to see.";
    case NicknameProblem::spaces: return "A nickname has no spaces at its ends, and one between words.";
    case NicknameProblem::hidden: return "A nickname has no hidden characters.";
    case NicknameProblem::too_long: return "The nickname is too long.";
  }
  return {};
}

std::optional<NicknameProblem> problem_of_nickname(std::string_view nickname, std::size_t most) {
  const std::optional<std::u32string> text = precis::from_utf8(nickname);
  if (!text) {
    return NicknameProblem::hidden;
  }
  bool is_space_before = true;
  bool has_something = false;
  bool has_bad_space = false;
  for (const char32_t c : *text) {
    if (is_hidden(c)) {
      return NicknameProblem::hidden;
    }
    const bool is_space = u_isUWhiteSpace(static_cast<UChar32>(c)) != 0;
    has_bad_space = has_bad_space || (is_space && (is_space_before || c != U' '));
    has_something = has_something || !is_space;
    is_space_before = is_space;
  }
  if (!has_something) {
    return NicknameProblem::empty;
  }
  if (has_bad_space || is_space_before) {
    return NicknameProblem::spaces;
  }
  return text->size() > most ? std::optional(NicknameProblem::too_long) : std::nullopt;
}

std::vector<std::string> nickname_keys(std::string_view nickname) {
  std::string plain = fold_case(nickname);
  std::string small = "s" + skeleton(plain);            // written in small letters
  std::string as_is = "w" + fold_case(skeleton(nickname));  // as it is written: I looks like l
  std::vector<std::string> keys{"f" + std::move(plain), std::move(small)};
  keys.push_back(std::move(as_is));
  return keys;
}

}  // namespace aldis
