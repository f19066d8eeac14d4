// Stanzas from hostile bytes: what is admitted is written so that a strict reader of another stream, without the sender's
// prefixes, reads the same stanza; changes and answers do not trip an invariant.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "xmpp/namespaces.h"
#include "xmpp/stanza.h"

namespace aldis {
namespace {

xml::Limits generous() {
  xml::Limits limits;
  limits.stanza_bytes = 1U << 30U;
  limits.depth = 200;
  limits.elements = 1U << 20U;
  limits.attributes = 200;
  return limits;
}

void ensure_same(const xml::Element& a, const xml::Element& b, bool is_root) {
  ensure(a.name() == b.name(), "names stay");
  ensure(a.text() == b.text(), "text stays");
  ensure(a.child_count() == b.child_count(), "children stay");
  for (std::size_t i = 0; !is_root && i < a.attribute_count(); ++i) {
    const xml::Attribute attribute = a.attribute_at(i);
    ensure(b.attribute(attribute.name.local, attribute.name.ns) == attribute.value, "attributes stay");
  }
  if (is_root) {
    for (std::size_t i = 0; i < a.attribute_count(); ++i) {
      const xml::Attribute attribute = a.attribute_at(i);
      const bool is_address = attribute.name.ns.empty() && (attribute.name.local == "to" || attribute.name.local == "from");
      ensure(is_address || b.attribute(attribute.name.local, attribute.name.ns) == attribute.value, "the root's other attributes stay");
    }
  } else {
    ensure(a.attribute_count() == b.attribute_count(), "no attribute is added");
  }
  auto other = b.children().begin();
  for (const xml::Element child : a.children()) {
    ensure_same(child, *other, false);
    ++other;
  }
}

void check(const Stanza& stanza, const xml::Document& original, std::string_view ns) {
  const std::string bytes = stanza.to_xml();
  const xml::Scope other_stream{std::string(ns), {}};
  const auto again = Stanza::parse(bytes, other_stream, generous());
  ensure(again.has_value(), "what is written is a stanza");
  ensure((*again)->element().outer_bytes() == bytes, "and nothing else");
  ensure((*again)->to_xml() == bytes, "writing is stable");
  ensure((*again)->kind() == stanza.kind() && (*again)->type() == stanza.type() && (*again)->to() == stanza.to() &&
             (*again)->from() == stanza.from() && (*again)->id() == stanza.id() && (*again)->lang() == stanza.lang(),
         "the header stays");
  ensure_same(original.root(), (*again)->element(), true);
}

void run(std::string_view bytes, const xml::Scope& scope) {
  const auto stanza = Stanza::parse(std::string(bytes), scope);
  if (!stanza) {
    if (stanza.error().stanza_error) (void)make_error(*stanza.error().offender, *stanza.error().stanza_error);
    return;
  }
  const auto original = xml::parse(std::string(bytes), scope);
  ensure(original.has_value(), "a stanza is XML");
  check(**stanza, **original, scope.default_ns);
  const StanzaPtr stamped = (*stanza)->with_from(*Jid::parse("a@b/<&'>"))->with_lang("de");
  check(*stamped, **original, scope.default_ns);
  bool odd = false;
  const StanzaPtr amended = stamped->amended([&](const xml::Element&) { return odd = !odd; }, "<z xmlns='urn:z'/>");
  ensure(amended->element().child_count() == (*stanza)->element().child_count() / 2 + 1, "every other child is gone");
  (void)make_error(**stanza, StanzaError(StanzaCondition::service_unavailable));
  if ((*stanza)->is_iq() && (*stanza)->is_request()) (void)make_result(**stanza);
  (void)StanzaError::read((*stanza)->element());
}

}  // namespace
}  // namespace aldis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aldis;
  static const xml::Scope client{std::string(ns::client), {{"stream", std::string(ns::streams)}}};
  static const xml::Scope server{std::string(ns::server), {{"stream", std::string(ns::streams)}, {"db", "jabber:server:dialback"}, {"a", "u'<&"}}};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  run(bytes, client);
  run(bytes, server);
  return 0;
}
