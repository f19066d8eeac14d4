// XmlName: an expanded name (namespace URI and local part), compared as a pair, never joined into one string.
#pragma once
#include <string_view>

namespace aldis {

struct XmlName {
  std::string_view local;
  std::string_view ns;
  friend bool operator==(const XmlName&, const XmlName&) = default;
};

}  // namespace aldis
