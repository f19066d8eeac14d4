// XEP-0122 (1.0.2): what a form says besides about the values of a field: datatype, and basic, open, range or regex; how many of a
// list. Read with the form that asks, and applied to what is submitted (Form::accept). Of datatypes: the numbers, dates and times of
// its section 6.3.2; any other is a string (section 4.1).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "xml/element.h"
#include "xml/writer.h"
#include "xmpp/stanza_error.h"

namespace aldis {

struct FieldValidation {
  enum class Method : std::uint8_t { basic, open, range, regex };

  std::string datatype = "xs:string";
  Method method = Method::basic;
  std::optional<std::string> min{};   // of a range, in the datatype's words
  std::optional<std::string> max{};
  std::string regex{};
  std::optional<std::uint32_t> least{};   // of a list-multi: how many
  std::optional<std::uint32_t> most{};

  // A <validate/>. Bad-request: two methods; bounds that are no such values, out of order, or of a datatype that has no order; a pattern that
  // is none or has more than 1000 bytes; a number of choices that is no positive integer.
  [[nodiscard]] static Result<FieldValidation, StanzaError> parse(const xml::Element& validate);
  void write(xml::Writer& writer) const;

  // Section 3.2: of a list, values besides its options are welcome.
  [[nodiscard]] bool is_open() const { return method != Method::basic; }
  // What is wrong with the values, to go behind "the field x "; nothing: they may be so. A pattern that cannot be tried in a bounded time
  // fits nothing.
  [[nodiscard]] std::optional<std::string> fault(const std::vector<std::string>& values, bool is_list_multi) const;
};

}  // namespace aldis
