// Names of XmlError's values, for logs and tests; the stream error's names are in xmpp.
#include "xml/error.h"

namespace aldis::xml {

std::string_view to_string(XmlError error) {
  switch (error) {
    case XmlError::not_well_formed: return "not well-formed";
    case XmlError::bad_encoding: return "bad encoding";
    case XmlError::unsupported_encoding: return "unsupported encoding";
    case XmlError::restricted_xml: return "restricted XML";
    case XmlError::bad_namespace: return "bad namespace";
    case XmlError::bad_namespace_prefix: return "bad namespace prefix";
    case XmlError::too_big: return "too big";
    case XmlError::too_deep: return "too deep";
    case XmlError::too_many: return "too many";
  }
  return "unknown";
}

}  // namespace aldis::xml
