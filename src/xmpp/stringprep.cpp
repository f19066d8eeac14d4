// RFC 6122's reading of a part of an address, by ICU's stringprep profiles.
#include "xmpp/stringprep.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/usprep.h>

#include <array>
#include <optional>
#include <string>

#include "base/ensure.h"
#include "xmpp/precis.h"

namespace aldis::stringprep {
namespace {

// Opened once and never closed: ICU's profiles are immutable and safe to share between threads.
const UStringPrepProfile* open(Profile profile) {
  constexpr std::array types{USPREP_RFC3920_NODEPREP, USPREP_RFC3491_NAMEPREP, USPREP_RFC3920_RESOURCEPREP};
  static const std::array<const UStringPrepProfile*, types.size()> profiles = [&] {
    std::array<const UStringPrepProfile*, types.size()> opened{};
    for (std::size_t i = 0; i < types.size(); ++i) {
      UErrorCode status = U_ZERO_ERROR;
      opened[i] = usprep_openByType(types[i], &status);
      ensure(U_SUCCESS(status), "ICU carries the stringprep profiles of XMPP");
    }
    return opened;
  }();
  return profiles[static_cast<std::size_t>(profile)];
}

bool is_known_to_unicode_3_2(char32_t c) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return (age[0] > 0) && (age[0] < 3 || (age[0] == 3 && age[1] <= 2));
}

std::optional<std::u32string> prepare(Profile profile, std::u32string_view text) {
  const icu::UnicodeString input = icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                                                 static_cast<std::int32_t>(text.size()));
  // The longest expansion of one code point by NFKC is 18 (U+FDFA).
  std::u16string output(static_cast<std::size_t>(input.length()) * 18 + 18, u'\0');
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t length =
      usprep_prepare(open(profile), input.getBuffer(), input.length(), output.data(),
                     static_cast<std::int32_t>(output.size()), USPREP_ALLOW_UNASSIGNED, nullptr, &status);
  if (U_FAILURE(status)) return std::nullopt;
  std::u32string prepared;
  std::int32_t at = 0;
  while (at < length) {
    UChar32 c = 0;
    U16_NEXT(output.data(), at, length, c);
    prepared.push_back(static_cast<char32_t>(c));
  }
  return prepared;
}

bool reads_as_another(Profile profile, std::u32string_view text, std::u32string_view prepared) {
  std::u32string known;
  known.reserve(text.size());
  for (const char32_t c : text) {
    if (is_known_to_unicode_3_2(c) || profile == Profile::resourceprep) {
      known.push_back(c);
    } else if (const std::optional<std::u32string> lower = precis::to_lower(precis::map_width({&c, 1}))) {
      known += *lower;
    }
  }
  const std::optional<std::u32string> old_reading = prepare(profile, known);
  if (!old_reading) return false;
  // Newer code points may compose with what stands before them.
  const std::optional<std::u32string> composed = precis::to_nfc(*old_reading);
  return !composed || *composed != prepared;
}

}  // namespace

bool reads_differently(Profile profile, std::u32string_view text, std::u32string_view prepared) {
  return reads_as_another(profile, text, prepared) || (text != prepared && reads_as_another(profile, prepared, prepared));
}

}  // namespace aldis::stringprep
