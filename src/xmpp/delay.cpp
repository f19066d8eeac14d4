// Reading and writing XEP-0203's delay element.
#include "xmpp/delay.h"

#include "xml/writer.h"
#include "xmpp/namespaces.h"
#include "xmpp/timestamp.h"

namespace aldis {

Result<Delay, StanzaError> Delay::parse(const xml::Element& delay) {
  const std::optional<std::string_view> stamp = delay.attribute("stamp");
  const std::optional<WallTime> time = stamp ? parse_timestamp(*stamp) : std::nullopt;
  if (!delay.is({"delay", ns::delay}) || !time) {
    return fail(StanzaError(StanzaCondition::bad_request, "a delay needs a stamp (XEP-0082 DateTime)"));
  }
  Delay read{*time, std::nullopt, delay.text()};
  if (const std::optional<std::string_view> from = delay.attribute("from")) {
    Result<Jid, JidError> jid = Jid::parse(*from);
    if (!jid) return fail(StanzaError(StanzaCondition::bad_request, "a delay's from is no address"));
    read.from = std::move(*jid);
  }
  return read;
}

void Delay::write(std::string& out) const {
  xml::Writer writer(out);
  writer.start("delay", ns::delay);
  if (from) writer.attribute("from", from->str());
  writer.attribute("stamp", format_timestamp(stamp)).text(reason).end();
}

}  // namespace aldis
