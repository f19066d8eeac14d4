// XEP-0297: what is forwarded reads as the same stanza, whatever stands around it.
#include "xmpp/forwarded.h"

#include <gtest/gtest.h>

#include "xmpp/namespaces.h"

namespace aldis {
namespace {

// Wraps it as carbons do, reads all of it, and gives back the inner stanza's bytes.
std::string inner_of(const std::string& forwarded) {
  const StanzaPtr outer =
      Stanza::make("<message to='a@b.example'><received xmlns='urn:xmpp:carbons:2'>" + forwarded + "</received></message>");
  const xml::Element around = *outer->payload()->first_child();
  EXPECT_TRUE(around.is({"forwarded", ns::forward}));
  xml::Element last = *around.first_child();
  for (const xml::Element child : around.children()) last = child;
  EXPECT_EQ(last.ns(), ns::client);
  return std::string(last.outer_bytes());
}

TEST(Forwarded, NamesItsOwnNamespace) {  // section 3
  const StanzaPtr message = Stanza::make(
      "<message from='juliet@capulet.example/balcony' to='romeo@montague.example' type='chat' id='1'>"
      "<body>&lt;O &amp; happy&gt;</body><x xmlns='jabber:x:oob'/></message>");
  std::string out;
  write_forwarded(out, *message);
  const Result<StanzaPtr, Stanza::Refusal> again = Stanza::parse(inner_of(out), {std::string(ns::client), {}});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ((*again)->from()->str(), "juliet@capulet.example/balcony");
  EXPECT_EQ((*again)->child({"body", ns::client})->text(), "<O & happy>");
  EXPECT_TRUE((*again)->child({"x", "jabber:x:oob"}).has_value());
  EXPECT_EQ(out.find("urn:xmpp:delay"), std::string::npos);
}

TEST(Forwarded, SaysWhenItWasSent) {  // section 4
  const StanzaPtr message = Stanza::make("<message/>");
  std::string out;
  write_forwarded(out, *message->with_to(*Jid::parse("romeo@montague.example")), Delay{.stamp = WallTime{}});
  EXPECT_NE(out.find("<delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:00"), std::string::npos) << out;
  EXPECT_LT(out.find("<delay"), out.find("<message")) << out;
  EXPECT_NE(inner_of(out).find("to='romeo@montague.example'"), std::string::npos);
}

TEST(Forwarded, AStanzaFromAnotherServerIsAStanzaOfOurs) {
  const Result<StanzaPtr, Stanza::Refusal> foreign = Stanza::parse(
      "<message xmlns='jabber:server' from='a@b.example' to='c@d.example'><body>hello</body></message>",
      {std::string(ns::server), {}});
  ASSERT_TRUE(foreign.has_value());
  std::string out;
  write_forwarded(out, **foreign);
  const Result<StanzaPtr, Stanza::Refusal> again = Stanza::parse(inner_of(out), {std::string(ns::client), {}});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ((*again)->child({"body", ns::client})->text(), "hello");
}

}  // namespace
}  // namespace aldis
