// Stanzas: what is admitted and what is refused with which error, what a change keeps, and what is written.
#include "xmpp/stanza.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "xmpp/namespaces.h"

namespace aldis {
namespace {

const xml::Scope client_scope{std::string(ns::client), {{"stream", std::string(ns::streams)}}};
const xml::Scope server_scope{std::string(ns::server), {{"stream", std::string(ns::streams)}, {"db", "jabber:server:dialback"}}};

StanzaPtr read(std::string_view bytes, const xml::Scope& scope = client_scope) {
  Result<StanzaPtr, Stanza::Refusal> stanza = Stanza::parse(std::string(bytes), scope);
  EXPECT_TRUE(stanza) << bytes;
  return stanza ? *stanza : Stanza::make("<message/>");
}

Stanza::Refusal refusal(std::string_view bytes, const xml::Scope& scope = client_scope) {
  Result<StanzaPtr, Stanza::Refusal> stanza = Stanza::parse(std::string(bytes), scope);
  EXPECT_FALSE(stanza) << bytes;
  return stanza ? Stanza::Refusal{} : std::move(stanza.error());
}

// The stanza error of a refusal, by name; what the stream ends with in brackets when there is none.
std::string refused(std::string_view bytes, const xml::Scope& scope = client_scope) {
  const Stanza::Refusal why = refusal(bytes, scope);
  if (why.stanza_error) {
    EXPECT_NE(why.offender, nullptr);
    return std::string(to_string(why.stanza_error->condition));
  }
  EXPECT_EQ(why.offender, nullptr);
  return "[" + std::string(to_string(why.stream.condition)) + "]";
}

TEST(Stanza, ItsHeaderIsRead) {
  const StanzaPtr stanza = read(
      "<message from='romeo@example.net/orchard' id='a&amp;b' to='Juliet@example.com' type='chat' xml:lang='en'><body>Hi</body></message>");
  EXPECT_TRUE(stanza->is_message());
  EXPECT_EQ(stanza->type(), StanzaType::chat);
  EXPECT_EQ(stanza->to()->str(), "juliet@example.com");
  EXPECT_EQ(stanza->from()->str(), "romeo@example.net/orchard");
  EXPECT_EQ(stanza->id(), "a&b");
  EXPECT_EQ(stanza->lang(), "en");
  EXPECT_EQ(stanza->child({"body", ns::client})->text(), "Hi");
  EXPECT_EQ(stanza->payload()->local(), "body");
  EXPECT_FALSE(stanza->child({"body", "urn:example"}));
}

TEST(Stanza, TypesBelongToTheirKind) {  // RFC 6121 sections 4.7.1 and 5.2.2, RFC 6120 section 8.2.3
  EXPECT_EQ(read("<message/>")->type(), StanzaType::normal);
  for (const std::string_view type : {"normal", "chat", "groupchat", "headline", "error"}) {
    EXPECT_EQ(to_string(read("<message type='" + std::string(type) + "'/>")->type()), type);
  }
  for (const std::string_view type : {"", "Chat", "subscribe", "get", "unknown"}) {
    EXPECT_EQ(read("<message type='" + std::string(type) + "'/>")->type(), StanzaType::normal) << type;
  }
  EXPECT_EQ(read("<presence/>")->type(), StanzaType::available);
  for (const std::string_view type : {"unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "error"}) {
    EXPECT_EQ(to_string(read("<presence type='" + std::string(type) + "'/>")->type()), type);
  }
  for (const std::string_view type : {"", "available", "chat", "get"}) {
    EXPECT_EQ(refused("<presence type='" + std::string(type) + "'/>"), "bad-request") << type;
  }
  for (const std::string_view type : {"get", "set", "result", "error"}) {
    EXPECT_EQ(to_string(read("<iq id='1' type='" + std::string(type) + "'><x xmlns='y'/></iq>")->type()), type);
  }
  EXPECT_TRUE(read("<iq id='1' type='result'/>")->is_iq());
}

TEST(Stanza, BadRequestsAreRefusedWithTheirHeader) {  // RFC 6120 section 8.2.3
  EXPECT_EQ(refused("<iq type='get'><x xmlns='y'/></iq>"), "bad-request");
  EXPECT_EQ(refused("<iq id='1'><x xmlns='y'/></iq>"), "bad-request");
  EXPECT_EQ(refused("<iq id='1' type='put'><x xmlns='y'/></iq>"), "bad-request");
  EXPECT_EQ(refused("<iq id='1' type='get'/>"), "bad-request");
  EXPECT_EQ(refused("<iq id='1' type='set'><x xmlns='y'/><x xmlns='y'/></iq>"), "bad-request");
  EXPECT_EQ(refused("<message id='" + std::string(1024, 'a') + "'/>"), "bad-request");
  EXPECT_EQ(read("<message id='" + std::string(1023, 'a') + "'/>")->id().size(), 1023U);
  const Stanza::Refusal why = refusal("<iq id='7' type='get' to='example.com' from='a@b/c'/>");
  EXPECT_EQ(make_error(*why.offender, *why.stanza_error)->to_xml(),
            "<iq to='a@b/c' from='example.com' type='error' id='7'><error type='modify'>"
            "<bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' "
            "xml:lang='en'>an iq get or set has exactly one child</text></error></iq>");
}

TEST(Stanza, MalformedAddressesAreRefused) {  // RFC 6120 section 8.3.3.8
  EXPECT_EQ(refused("<message to='a@b@c'/>"), "jid-malformed");
  EXPECT_EQ(refused("<message to=''/>"), "jid-malformed");
  EXPECT_EQ(refused("<message from='@'/>"), "jid-malformed");
  EXPECT_EQ(refusal("<message to='a@'/>").stream.condition, StreamCondition::improper_addressing);
  EXPECT_EQ(refusal("<message from='a@'/>").stream.condition, StreamCondition::invalid_from);
  EXPECT_EQ(refusal("<message to='a@' from='b@c'/>").offender->from()->str(), "b@c");
}

TEST(Stanza, WhatIsNoStanzaEndsTheStream) {  // RFC 6120 section 4.9.3.24; security X06
  EXPECT_EQ(refused("<messages/>"), "[unsupported-stanza-type]");
  EXPECT_EQ(refused("<message xmlns='jabber:server'/>"), "[unsupported-stanza-type]");
  EXPECT_EQ(refused("<message xmlns='jabber:client'/>", server_scope), "[unsupported-stanza-type]");
  EXPECT_EQ(refused("<message xmlns='jabber:client&#xA;x'/>").substr(0, 1), "[");
  EXPECT_EQ(refused("<message xmlns=''/>").substr(0, 1), "[");
  EXPECT_EQ(refused("<stream:message/>"), "[unsupported-stanza-type]");
  EXPECT_EQ(refused("<message>"), "[not-well-formed]");
  EXPECT_EQ(refused("<message><!-- --></message>"), "[restricted-xml]");
  EXPECT_EQ(refused("<message/>", {"urn:example", {}}), "[unsupported-stanza-type]");
}

TEST(Stanza, IsWrittenWithItsAddressesAndTheRestAsItCame) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"<message/>", "<message/>"},
      {"<message></message>", "<message/>"},
      {"<message ><body>a &amp; b</body></message >", "<message><body>a &amp; b</body></message>"},
      {"<message xmlns='jabber:client' to='a@b'/>", "<message to='a@b'/>"},
      {"<iq id=\"1\" type='set' to='A@b' xml:lang='de'\n from = 'c@d/e' ><q xmlns='u'/></iq>",
       "<iq to='a@b' from='c@d/e' id=\"1\" type='set' xml:lang='de'><q xmlns='u'/></iq>"},
      {"<presence a='x>y' to='b' xmlns='jabber:client' from='a@b/&lt;&apos;>&amp;' b=\"'\"/>",
       "<presence to='b' from='a@b/&lt;&apos;&gt;&amp;' a='x>y' b=\"'\"/>"},
      {"<message xmlns:p='urn:p' p:to='z' id='1'><p:x to='y'/></message>", "<message xmlns:p='urn:p' p:to='z' id='1'><p:x to='y'/></message>"},
      {"<c:message xmlns:c='jabber:client' id='1'><c:body>a</c:body><body/></c:message>",
       "<message xmlns:c='jabber:client' id='1'><c:body>a</c:body><body/></message>"},
      {"<message type='unknown'/>", "<message type='unknown'/>"},
  };
  for (const auto& [came, goes] : table) {
    const StanzaPtr stanza = read(came);
    EXPECT_EQ(stanza->to_xml(), goes);
    EXPECT_EQ(read(goes)->to_xml(), goes);
  }
}

TEST(Stanza, APrefixedStanzaMayNotHideAnotherDefaultNamespace) {  // RFC 6120 section 4.9.3.2
  EXPECT_EQ(refused("<c:message xmlns:c='jabber:client' xmlns='urn:x'><body/></c:message>"), "[bad-namespace-prefix]");
}

TEST(Stanza, WhatLeansOnTheHeaderIsMadeToStandAlone) {
  EXPECT_EQ(read("<message id='1'><stream:x stream:y='z'/></message>")->to_xml(),
            "<message xmlns:stream='http://etherx.jabber.org/streams' id='1'><stream:x stream:y='z'/></message>");
  EXPECT_EQ(read("<message xmlns:stream='urn:other'><stream:x/></message>")->to_xml(),
            "<message xmlns:stream='urn:other'><stream:x/></message>");
  EXPECT_EQ(read("<message xmlns:stream='urn:other'><stream:x/><![CDATA[]]></message>")->to_xml(),
            "<message xmlns:stream='urn:other'><stream:x/></message>");
  // Security X04: CDATA arrives as text, one stanza only.
  const StanzaPtr cdata = read("<message><body><![CDATA[</body></message>]]>&amp;<![CDATA[<>&]]></body></message>");
  EXPECT_EQ(cdata->to_xml(), "<message><body>&lt;/body&gt;&lt;/message&gt;&amp;&lt;&gt;&amp;</body></message>");
  EXPECT_EQ(cdata->child({"body", ns::client})->text(), "</body></message>&<>&");
  EXPECT_EQ(read("<message><body>a\r\nb\rc<![CDATA[\r]]></body></message>")->to_xml(), "<message><body>a\nb\nc\n</body></message>");
  const xml::Scope greedy{std::string(ns::client), {{"p", "urn:" + std::string(1024, 'x')}}};
  EXPECT_EQ(refused("<message><p:x/></message>", greedy), "[policy-violation]");
  EXPECT_EQ(read("<message><x/></message>", greedy)->to_xml(), "<message><x/></message>");
}

TEST(Stanza, CrossesBetweenStreamsOfClientsAndServers) {
  const StanzaPtr stanza = read("<message from='a@b' to='c@d'><body>x</body><y xmlns='jabber:client'/></message>", server_scope);
  EXPECT_EQ(stanza->to_xml(), "<message to='c@d' from='a@b'><body>x</body><y xmlns='jabber:client'/></message>");
  EXPECT_TRUE(stanza->child({"body", ns::client}));
}

TEST(Stanza, ChangesMakeANewStanzaAroundTheSameBytes) {
  const StanzaPtr stanza = read("<message to='a@b' id='1'><body>x</body></message>");
  const StanzaPtr stamped = stanza->with_from(*Jid::parse("c@d/e"));
  EXPECT_EQ(stamped->to_xml(), "<message to='a@b' from='c@d/e' id='1'><body>x</body></message>");
  EXPECT_EQ(stamped->element().inner_bytes().data(), stanza->element().inner_bytes().data());
  EXPECT_FALSE(stanza->from());
  EXPECT_EQ(stamped->with_to(*Jid::parse("z@y"))->to_xml(), "<message to='z@y' from='c@d/e' id='1'><body>x</body></message>");
  EXPECT_EQ(stamped->with_addresses(std::nullopt, std::nullopt)->to_xml(), "<message id='1'><body>x</body></message>");
  std::string out = "before";
  const Jid other = *Jid::parse("f@g/h");
  stamped->write(out, &other);
  EXPECT_EQ(out, "before<message to='f@g/h' from='c@d/e' id='1'><body>x</body></message>");
}

TEST(Stanza, LanguageIsSetWhereThereIsNone) {  // RFC 6120 section 8.1.5
  EXPECT_EQ(read("<message/>")->with_lang("de")->to_xml(), "<message xml:lang='de'/>");
  EXPECT_EQ(read("<message/>")->with_lang("de")->lang(), "de");
  EXPECT_EQ(read("<message/>")->with_lang("de")->with_lang("en")->with_to(*Jid::parse("a"))->lang(), "de");
  EXPECT_EQ(read("<message xml:lang='en'/>")->with_lang("de")->to_xml(), "<message xml:lang='en'/>");
  EXPECT_EQ(read("<message xml:lang=''/>")->with_lang("de")->to_xml(), "<message xml:lang=''/>");
  EXPECT_EQ(read("<message/>")->with_lang("")->to_xml(), "<message/>");
}

TEST(Stanza, IsAmended) {
  const StanzaPtr stanza = read("<message to='a@b' id='1'> <x xmlns='u'/>t<body>x</body><x xmlns='u'>y</x>\n</message>");
  const auto is_x = [](const xml::Element& child) { return child.is({"x", "u"}); };
  EXPECT_EQ(stanza->amended(is_x, "<d xmlns='urn:xmpp:delay'/>")->to_xml(),
            "<message to='a@b' id='1'> t<body>x</body>\n<d xmlns='urn:xmpp:delay'/></message>");
  EXPECT_EQ(stanza->amended(nullptr, "<z/>")->child({"z", ns::client})->local(), "z");
  EXPECT_EQ(stanza->amended([](const xml::Element&) { return true; }, {})->to_xml(), "<message to='a@b' id='1'> t\n</message>");
  EXPECT_EQ(read("<message/>")->with_lang("de")->amended(nullptr, "<z/>")->to_xml(), "<message xml:lang='de'><z/></message>");
  EXPECT_EQ(read("<message><x xmlns='u'/></message>", server_scope)->amended(is_x, "<z/>")->to_xml(), "<message><z/></message>");
  // A peer's iq may have nothing but what is removed: no invariant of ours.
  EXPECT_EQ(read("<iq id='1' type='set'><x xmlns='u'/></iq>")->amended(is_x, {})->to_xml(), "<iq id='1' type='set'/>");
  EXPECT_DEATH((void)stanza->amended(nullptr, "<z>"), "well-formed");
}

TEST(Stanza, SizeIsExactForPlainAddresses) {
  for (const std::string_view bytes : {"<message to='a@b' from='c@d/e' id='1'><body>x</body></message>", "<presence from='a@b/c' xml:lang='x'> </presence>"}) {
    EXPECT_EQ(read(bytes)->size(), bytes.size());
  }
}

TEST(Answers, SwapAddressesAndKeepTheId) {  // RFC 6120 sections 8.2.3 and 8.3.1
  const StanzaPtr request = read("<iq id='a&apos;&lt;' type='get' from='a@b/c&amp;' to='example.com'><q xmlns='u'/></iq>");
  EXPECT_EQ(make_result(*request)->to_xml(), "<iq to='a@b/c&amp;' from='example.com' type='result' id='a&apos;&lt;'/>");
  EXPECT_EQ(make_result(*request, "<q xmlns='u'>1</q>")->payload()->text(), "1");
  const StanzaPtr error = make_error(*request, StanzaError(StanzaCondition::service_unavailable));
  EXPECT_EQ(error->to_xml(), "<iq to='a@b/c&amp;' from='example.com' type='error' id='a&apos;&lt;'><error type='cancel'>"
                             "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  EXPECT_EQ(make_error(*read("<message from='a@b'/>"), StanzaError(StanzaCondition::gone))->to_xml().substr(0, 35),
            "<message to='a@b' type='error'><err");
}

TEST(Answers, AnIqWithoutIdIsStillAnswered) {
  const Stanza::Refusal why = refusal("<iq type='get'><x xmlns='y'/></iq>");
  EXPECT_EQ(make_error(*why.offender, StanzaError(StanzaCondition::bad_request))->to_xml().substr(0, 26), "<iq type='error' id=''><er");
}

TEST(Answers, ErrorsAndResultsAreNeverAnswered) {  // RFC 6120 section 8.3.1: no loops
  const StanzaError error(StanzaCondition::bad_request);
  EXPECT_EQ(make_error(*read("<message type='error'/>"), error), nullptr);
  EXPECT_EQ(make_error(*read("<iq id='1' type='error'/>"), error), nullptr);
  EXPECT_EQ(make_error(*read("<iq id='1' type='result'/>"), error), nullptr);
}

TEST(StanzaErrors, AreWrittenAndReadBack) {  // RFC 6120 section 8.3.2
  const StanzaPtr stanza = read("<message from='a@b' id='1'/>");
  for (std::size_t i = 0; i <= static_cast<std::size_t>(StanzaCondition::unexpected_request); ++i) {
    StanzaError error(static_cast<StanzaCondition>(i), "some <text>");
    if (error.condition == StanzaCondition::gone) error.redirect = "xmpp:x@y?a;b=<&>";
    const std::optional<StanzaError> read_back = StanzaError::read(make_error(*stanza, error)->element());
    ASSERT_TRUE(read_back);
    EXPECT_EQ(read_back->condition, error.condition);
    EXPECT_EQ(read_back->type, error.type);
    EXPECT_EQ(read_back->text, error.text);
    EXPECT_EQ(read_back->redirect, error.redirect);
  }
  const auto of = [](std::string_view inner) {
    return StanzaError::read(read("<message type='error'>" + std::string(inner) + "</message>")->element());
  };
  EXPECT_FALSE(of(""));
  EXPECT_EQ(of("<error/>")->condition, StanzaCondition::undefined_condition);
  EXPECT_EQ(of("<error type='wait'><new xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")->type, ErrorType::wait);
  EXPECT_EQ(of("<error><conflict xmlns='other'/></error>")->condition, StanzaCondition::undefined_condition);
  const StanzaPtr special = make_error(*stanza, StanzaError(StanzaCondition::not_acceptable).with_application("<blocked xmlns='urn:xmpp:blocking:errors'/>"));
  EXPECT_TRUE(special->payload()->child({"blocked", ns::blocking_errors}));
}

TEST(StreamErrors, AreWritten) {  // RFC 6120 section 4.9
  std::string out;
  StreamError{StreamCondition::see_other_host, "", "[::1]:5222", ""}.write(out);
  EXPECT_EQ(out, "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[::1]:5222</see-other-host></stream:error>");
  out.clear();
  to_stream_error(xml::XmlError::too_big).write(out);
  EXPECT_EQ(out, "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams' "
                 "xml:lang='en'>a stanza is too big</text><stanza-too-big xmlns='urn:xmpp:errors'/></stream:error>");
  out.clear();
  StreamError{StreamCondition::undefined_condition, "a<b", "", ""}.write(out);
  EXPECT_EQ(out, "<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text "
                 "xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>a&lt;b</text></stream:error>");
  EXPECT_EQ(to_stream_error(xml::XmlError::restricted_xml).condition, StreamCondition::restricted_xml);
  EXPECT_EQ(to_stream_error(xml::XmlError::bad_encoding).condition, StreamCondition::not_well_formed);
}

TEST(Stanza, FromAServerIsReadAsItsRecipientsReadIt) {  // RFC 6120 section 4.8.3
  const xml::Scope scope{"jabber:server", {{"stream", "http://etherx.jabber.org/streams"}, {"s", "jabber:server"}}};
  const auto read = [&](std::string bytes) { return Stanza::parse_from_server(std::move(bytes), scope); };
  for (const char* bytes : {"<message id='m'><body>x</body></message>", "<message id='m' xmlns='jabber:server'><body>x</body></message>",
                            "<message id='>' xmlns=\"jabber:server\"><body>x</body></message>", "<message><body xmlns='jabber:client'>x</body></message>"}) {
    const auto stanza = read(bytes);
    ASSERT_TRUE(stanza.has_value()) << bytes;
    EXPECT_EQ((*stanza)->element().ns(), "jabber:client") << bytes;
    ASSERT_TRUE((*stanza)->child({"body", "jabber:client"}).has_value()) << bytes;
    EXPECT_EQ((*stanza)->child({"body", "jabber:client"})->text(), "x");
    const auto again = xml::parse((*stanza)->to_xml(), {"jabber:client", {}});
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE((*again)->root().child({"body", "jabber:client"}).has_value()) << bytes << ": what we saw is what is written";
  }
  for (const char* bytes : {"<message><body xmlns='jabber:server'>x</body></message>", "<message><s:body>x</s:body></message>"}) {
    const auto stanza = read(bytes);  // words to nobody: its recipient sees another namespace, and so do we
    ASSERT_TRUE(stanza.has_value()) << bytes;
    EXPECT_FALSE((*stanza)->child({"body", "jabber:client"}).has_value()) << bytes;
  }
  const auto prefixed = read("<s:message id='m'><s:body>x</s:body></s:message>");
  ASSERT_TRUE(prefixed.has_value());
  EXPECT_EQ((*prefixed)->element().ns(), "jabber:client");
  for (const char* bytes : {"<message xmlns='jabber:client'/>", "<message xmlns='urn:x'/>", "<x/>", "<stream:message/>", "<message", ""}) {
    EXPECT_FALSE(read(bytes).has_value()) << bytes;
  }
  const auto malformed = read("<iq type='get' id='i' from='a@b.example'/>");
  ASSERT_FALSE(malformed.has_value());
  EXPECT_TRUE(malformed.error().stanza_error.has_value());
}

}  // namespace
}  // namespace aldis
