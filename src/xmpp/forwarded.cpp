// Writing XEP-0297's forwarded element.
#include "xmpp/forwarded.h"

#include "xmpp/namespaces.h"

namespace aldis {

void write_forwarded(std::string& out, const Stanza& stanza, const std::optional<Delay>& delay) {
  out.append("<forwarded xmlns='").append(ns::forward).append("'>");
  if (delay) delay->write(out);
  const std::size_t start = out.size();
  stanza.write(out);
  std::string declaration(" xmlns='");
  declaration.append(ns::client).push_back('\'');
  out.insert(start + 1 + to_string(stanza.kind()).size(), declaration);
  out.append("</forwarded>");
}

}  // namespace aldis
