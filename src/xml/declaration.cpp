// The XML declaration: XMLDecl of XML 1.0 section 2.8, productions 23 to 26, 32, 80 and 81.
#include "xml/declaration.h"

#include <algorithm>
#include <cstddef>

#include "xml/characters.h"

namespace aldis::xml {

namespace {

class DeclarationReader {
 public:
  explicit DeclarationReader(std::string_view bytes) : rest_(bytes) {}

  bool skip(std::string_view literal) {
    if (!rest_.starts_with(literal)) {
      return false;
    }
    rest_.remove_prefix(literal.size());
    return true;
  }
  bool skip_space() {
    const std::size_t before = rest_.size();
    while (!rest_.empty() && is_space(rest_.front())) {
      rest_.remove_prefix(1);
    }
    return rest_.size() != before;
  }
  // Eq and a quoted value; false when there is none.
  bool value(std::string_view& out) {
    skip_space();
    if (!skip("=")) {
      return false;
    }
    skip_space();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) {
      return false;
    }
    const std::size_t close = rest_.find(rest_.front(), 1);
    if (close == std::string_view::npos) {
      return false;
    }
    out = rest_.substr(1, close - 1);
    rest_.remove_prefix(close + 1);
    return true;
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool is_encoding_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), [letter](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

bool is_utf8(std::string_view name) {
  constexpr std::string_view wanted = "utf-8";
  return std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

}  // namespace

std::optional<XmlError> check_declaration(std::string_view bytes) {
  DeclarationReader in(bytes);
  std::string_view value;
  if (!in.skip("<?xml") || !in.skip_space() || !in.skip("version") || !in.value(value) || value != "1.0") {
    return XmlError::not_well_formed;
  }
  bool space = in.skip_space();
  std::optional<XmlError> encoding_error;
  if (space && in.skip("encoding")) {
    if (!in.value(value) || !is_encoding_name(value)) {
      return XmlError::not_well_formed;
    }
    if (!is_utf8(value)) {
      encoding_error = XmlError::unsupported_encoding;
    }
    space = in.skip_space();
  }
  if (space && in.skip("standalone")) {
    if (!in.value(value) || (value != "yes" && value != "no")) {
      return XmlError::not_well_formed;
    }
    in.skip_space();
  }
  if (!in.skip("?>") || !in.empty()) {
    return XmlError::not_well_formed;
  }
  return encoding_error;
}

}  // namespace aldis::xml
