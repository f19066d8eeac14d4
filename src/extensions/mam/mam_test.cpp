// XEP-0313 as scenes: what is recorded, what queries find, and who must see nothing.
#include "tests/support/failing_scene.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

std::string field(std::string_view var, std::string_view value) {
  return "<field var='" + std::string(var) + "'><value>" + std::string(value) + "</value></field>";
}
std::string form(std::string_view fields) {
  return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' "
         "type='hidden'><value>urn:xmpp:mam:2</value></field>" +
         std::string(fields) + "</x>";
}
std::string page(std::string_view inner) {
  return "<set xmlns='http://jabber.org/protocol/rsm'>" + std::string(inner) + "</set>";
}
std::string between(const std::string& text, std::string_view from, std::string_view to) {
  const std::size_t begin = text.find(from);
  if (begin == std::string::npos) {
    return {};
  }
  const std::size_t start = begin + from.size();
  return text.substr(start, text.find(to, start) - start);
}

struct Page {
  std::vector<std::string> bodies;
  std::vector<std::string> ids;
  std::vector<std::string> messages;
  std::string fin;
  [[nodiscard]] bool is_complete() const { return fin.find("complete='true'") != std::string::npos; }
};

// Juliet's and Romeo's accounts; the nurse stands by, online, and must see nothing.
struct Verona {
  StoresOfScene stores;
  Scene scene;
  Client* juliet;
  Client* romeo;
  Client* nurse;

  explicit Verona(bool is_online = true) : scene(stores.under({})) {
    scene.has_account("juliet@capulet.example");
    juliet = &scene.login("juliet@capulet.example/balcony");
    romeo = &scene.login("romeo@montague.example/orchard");
    nurse = &scene.login("nurse@capulet.example/hall");
    nurse->comes_online();
    if (is_online) {
      juliet->comes_online();
      romeo->comes_online();
    }
  }
  void romeo_says(std::string_view text, std::string_view more = {}) {
    romeo->sends("<message to='juliet@capulet.example' type='chat' id='m'><body>" + std::string(text) + "</body>" +
                 std::string(more) + "</message>");
  }
  static Page asks(Client& client, std::string_view inner, std::string_view attributes = {}) {
    Page found;
    client.sends("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'" + std::string(attributes) + ">" +
                 std::string(inner) + "</query></iq>");
    for (;;) {
      std::string next = client.next();
      if (next.starts_with("<iq") || next.empty()) {
        EXPECT_NE(next.find("type='result'"), std::string::npos) << next;
        EXPECT_NE(next.find("<fin xmlns='urn:xmpp:mam:2'"), std::string::npos) << next;
        found.fin = std::move(next);
        return found;
      }
      found.bodies.push_back(between(next, "<body>", "</body>"));
      found.ids.push_back(between(between(next, "<result", ">") + " ", " id='", "'"));
      found.messages.push_back(std::move(next));
    }
  }
  static void refuses(Client& client, std::string_view inner, std::string_view condition,
                      std::string_view attributes = {}) {
    client.sends("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'" + std::string(attributes) + ">" +
                 std::string(inner) + "</query></iq>");
    client.receives_error("q", condition);
  }
};

using Bodies = std::vector<std::string>;

TEST(Mam, BothSidesHaveTheMessageOnce) {
  Verona v;
  v.romeo_says("hist");
  const std::string live =
      v.juliet->receives({"hist", "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@capulet.example'"});
  const std::string stamped = between(between(live, "<stanza-id", "/>"), " id='", "'");
  EXPECT_EQ(stamped.size(), 16U);
  const Page hers = Verona::asks(*v.juliet, "", " queryid='f27'");
  ASSERT_EQ(hers.bodies, Bodies{"hist"});
  EXPECT_EQ(hers.ids[0], stamped);  // section 2.4
  EXPECT_TRUE(hers.is_complete());
  for (const char* part :
       {"from='juliet@capulet.example'", "to='juliet@capulet.example/balcony'", "queryid='f27'",
        "<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00",
        "<message xmlns='jabber:client'", "from='romeo@montague.example/orchard'"}) {
    EXPECT_NE(hers.messages[0].find(part), std::string::npos) << part << hers.messages[0];
  }
  EXPECT_NE(hers.fin.find("<first>" + stamped + "</first><last>" + stamped + "</last>"), std::string::npos) << hers.fin;
  const Page his = Verona::asks(*v.romeo, "");
  ASSERT_EQ(his.bodies, Bodies{"hist"});
  EXPECT_NE(his.ids[0], stamped);  // each archive has its own ids
  EXPECT_EQ(his.messages[0].find("queryid"), std::string::npos);
  EXPECT_TRUE(Verona::asks(*v.nurse, "").bodies.empty());
}

TEST(Mam, MessageToOneselfIsThereOnce) {  // section 5.1.1
  Verona v;
  v.juliet->sends("<message to='juliet@capulet.example' type='chat'><body>a note</body></message>");
  v.juliet->receives("a note");
  v.juliet->sends("<message type='chat'><body>another</body></message>");
  v.juliet->receives("another");
  v.romeo_says("not to herself");
  v.juliet->receives("not to herself");
  EXPECT_EQ(Verona::asks(*v.juliet, "").bodies, (Bodies{"a note", "another", "not to herself"}));
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("with", "juliet@capulet.example"))).bodies,
            (Bodies{"a note", "another"}));  // section 3.1.1
}

TEST(Mam, AfterIdFindsExactlyWhatWasMissed) {  // section 3.1.3
  Verona v;
  v.romeo_says("one");
  const std::string seen = between(between(v.juliet->receives("one"), "<stanza-id", "/>"), " id='", "'");
  v.romeo_says("two");
  v.juliet->receives("two");
  v.romeo_says("three");
  v.juliet->receives("three");
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("after-id", seen))).bodies, (Bodies{"two", "three"}));
  EXPECT_EQ(Verona::asks(*v.juliet, page("<after>" + seen + "</after>")).bodies, (Bodies{"two", "three"}));
  const std::string last = Verona::asks(*v.juliet, page("<before/><max>1</max>")).ids.at(0);
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("after-id", seen) + field("before-id", last))).bodies, Bodies{"two"});
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("ids", last))).bodies, Bodies{"three"});
  EXPECT_EQ(
      Verona::asks(*v.juliet, form("<field var='ids'><value>" + last + "</value><value>" + seen + "</value></field>"))
          .bodies,
      (Bodies{"one", "three"}));
}

TEST(Mam, PagesForwardsBackwardsAndFlipped) {  // section 3.3
  Verona v;
  for (int i = 1; i <= 5; ++i) {
    v.romeo_says("m" + std::to_string(i));
    v.juliet->receives("<body>m" + std::to_string(i));
  }
  Page first = Verona::asks(*v.juliet, page("<max>2</max>"));
  EXPECT_EQ(first.bodies, (Bodies{"m1", "m2"}));
  EXPECT_FALSE(first.is_complete());
  Page second = Verona::asks(*v.juliet, page("<max>2</max><after>" + first.ids[1] + "</after>"));
  EXPECT_EQ(second.bodies, (Bodies{"m3", "m4"}));
  Page third = Verona::asks(*v.juliet, page("<max>2</max><after>" + second.ids[1] + "</after>"));
  EXPECT_EQ(third.bodies, Bodies{"m5"});
  EXPECT_TRUE(third.is_complete());
  Page last = Verona::asks(*v.juliet, page("<max>2</max><before/>"));
  EXPECT_EQ(last.bodies, (Bodies{"m4", "m5"}));  // still in order
  EXPECT_EQ(Verona::asks(*v.juliet, page("<max>9</max><before>" + last.ids[0] + "</before>")).bodies,
            (Bodies{"m1", "m2", "m3"}));
  Page flipped = Verona::asks(*v.juliet, page("<max>2</max><before/>") + "<flip-page/>");  // section 3.3.4
  EXPECT_EQ(flipped.bodies, (Bodies{"m5", "m4"}));
  EXPECT_EQ(flipped.fin, last.fin);                              // the same page
  Page counted = Verona::asks(*v.juliet, page("<max>0</max>"));  // XEP-0059 section 2.7
  EXPECT_TRUE(counted.bodies.empty());
  EXPECT_NE(counted.fin.find("<count>5</count>"), std::string::npos) << counted.fin;
  EXPECT_TRUE(Verona::asks(*v.juliet, page("<after>" + last.ids[1] + "</after>")).is_complete());
}

TEST(Mam, FiltersByContactAndTime) {  // sections 3.1.1 and 3.1.2
  Verona v;
  v.romeo_says("early");
  v.juliet->receives("early");
  v.scene.advance(std::chrono::minutes(10));
  v.nurse->sends("<message to='juliet@capulet.example' type='chat'><body>madam</body></message>");
  v.juliet->receives("madam");
  v.juliet->sends("<message to='romeo@montague.example' type='chat'><body>late</body></message>");
  v.romeo->receives("late");
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("with", "romeo@montague.example"))).bodies, (Bodies{"early", "late"}));
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("with", "romeo@montague.example/orchard"))).bodies, Bodies{"early"});
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("with", "nurse@capulet.example"))).bodies, Bodies{"madam"});
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("start", "2026-01-01T00:10:00Z"))).bodies, (Bodies{"madam", "late"}));
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("end", "2026-01-01T00:05:00Z"))).bodies, Bodies{"early"});
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("start", "0001-01-01T00:00:00Z") + field("end", "9999-12-31T23:59:59Z")))
                .bodies.size(),
            3U);
  const Page none = Verona::asks(*v.juliet, form(field("start", "2027-01-01T00:00:00Z")));
  EXPECT_TRUE(none.bodies.empty() && none.is_complete());
  EXPECT_EQ(Verona::asks(*v.juliet, form(field("include-groupchat", "true"))).bodies.size(), 3U);
}

TEST(Mam, FindsWords) {  // XEP-0431
  Verona v;
  v.romeo_says("What light through yonder window breaks?");
  v.juliet->receives("light");
  v.romeo_says("It is the east");
  v.juliet->receives("east");
  const auto search = [&](std::string_view words) {
    return Verona::asks(*v.juliet, form(field("{urn:xmpp:fulltext:0}fulltext", words))).bodies.size();
  };
  EXPECT_EQ(search("WINDOW light"), 1U);
  EXPECT_EQ(search("moon"), 0U);
  EXPECT_EQ(search(""), 2U);  // section 2.2: only when it is not empty
  EXPECT_EQ(search("window&quot; OR &quot;east"), 0U);
  EXPECT_EQ(search("body:east"), 0U);
  EXPECT_EQ(search("'"), 0U);
}

TEST(Mam, NonsenseIsRefusedAndAnswersItsSenderAlone) {  // security B02, X15
  Verona v;
  v.romeo_says("one");
  v.juliet->receives("one");
  const std::string foreign = Verona::asks(*v.romeo, "").ids.at(0);
  for (const char* number : {"-1", "2147483648999", "18446744073709551616", "1e309", "\xD9\xA3", " 1", "+1", ""}) {
    Verona::refuses(*v.juliet, page("<max>" + std::string(number) + "</max>"), "bad-request");
  }
  for (const std::string& id : {std::string("' OR '1'='1"), std::string(";--"), std::string("%"), std::string("\\"),
                                std::string("0000000000000000"), foreign, std::string(1000, 'a')}) {
    Verona::refuses(*v.juliet, page("<after>" + id + "</after>"), "item-not-found");
    Verona::refuses(*v.juliet, page("<before>" + id + "</before>"), "item-not-found");
    Verona::refuses(*v.juliet, form(field("after-id", id)), "item-not-found");
    Verona::refuses(*v.juliet, form(field("before-id", id)), "item-not-found");
    Verona::refuses(*v.juliet, form(field("ids", id)), "item-not-found");
  }
  Verona::refuses(*v.juliet, page("<after>" + std::string(64 * 1024, 'a') + "</after>"), "bad-request");
  Verona::refuses(*v.juliet, page("<index>1</index>"), "feature-not-implemented");
  Verona::refuses(*v.juliet, page("<before>x</before><after>x</after>"), "bad-request");
  Verona::refuses(*v.juliet, page("") + page(""), "bad-request");
  Verona::refuses(*v.juliet, form("") + form(""), "bad-request");
  Verona::refuses(*v.juliet, form(field("with", "@")), "jid-malformed");
  Verona::refuses(*v.juliet, form("<field var='with'/>"), "bad-request");
  for (const char* time :
       {"", "yesterday", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "2026-01-01T00:00:60Z", "-1"}) {
    Verona::refuses(*v.juliet, form(field("start", time)), "bad-request");
    Verona::refuses(*v.juliet, form(field("end", time)), "bad-request");
  }
  Verona::refuses(*v.juliet, form(field("{http://example.com/}stanza-content", "x")),
                  "feature-not-implemented");  // section 3.1.5
  Verona::refuses(*v.juliet, form(field("include-groupchat", "perhaps")), "bad-request");
  Verona::refuses(*v.juliet, "<x xmlns='jabber:x:data' type='submit'>" + field("with", "a@b.example") + "</x>",
                  "bad-request");
  Verona::refuses(*v.juliet, "<x xmlns='jabber:x:data' type='result'/>", "bad-request");
  std::string many;
  for (int i = 0; i < 1001; ++i) {
    many += "<value>0000000000000001</value>";
  }
  Verona::refuses(*v.juliet, form("<field var='ids'>" + many + "</field>"), "bad-request");
  std::string words;
  for (int i = 0; i < 33; ++i) {
    words += "w ";
  }
  Verona::refuses(*v.juliet, form(field("{urn:xmpp:fulltext:0}fulltext", words)), "bad-request");
  Verona::refuses(*v.juliet, "", "item-not-found", " node='n'");
  Verona::refuses(*v.juliet, "", "bad-request", " queryid='" + std::string(1025, 'q') + "'");
  EXPECT_EQ(Verona::asks(*v.juliet, "").bodies, Bodies{"one"});
}

TEST(Mam, AnothersArchiveIsForbidden) {  // section 7.1, security L04
  Verona v;
  v.romeo_says("secret");
  v.juliet->receives("secret");
  for (const char* to : {"juliet@capulet.example", "nobody@capulet.example"}) {
    for (const char* request : {"<iq type='set' id='f' to='%'><query xmlns='urn:xmpp:mam:2'/></iq>",
                                "<iq type='get' id='f' to='%'><query xmlns='urn:xmpp:mam:2'/></iq>",
                                "<iq type='get' id='f' to='%'><metadata xmlns='urn:xmpp:mam:2'/></iq>",
                                "<iq type='get' id='f' to='%'><prefs xmlns='urn:xmpp:mam:2'/></iq>",
                                "<iq type='set' id='f' to='%'><prefs xmlns='urn:xmpp:mam:2' default='never'/></iq>"}) {
      std::string text = request;
      text.replace(text.find('%'), 1, to);
      v.nurse->sends(text);
      v.nurse->receives_error("f", "forbidden");
    }
  }
  v.juliet->receives_nothing();
}

TEST(Mam, FormAndMetadata) {  // sections 3.1.5 and 4
  Verona v;
  const std::string fields = v.juliet->asks("get", "", "<query xmlns='urn:xmpp:mam:2'/>");
  for (const char* name : {"'with'", "'start'", "'end'", "'before-id'", "'after-id'", "'ids'", "<open/>",
                           "'{urn:xmpp:fulltext:0}fulltext'"}) {
    EXPECT_NE(fields.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(fields.find("<required"), std::string::npos);
  EXPECT_NE(v.juliet->asks("get", "", "<metadata xmlns='urn:xmpp:mam:2'/>").find("<metadata xmlns='urn:xmpp:mam:2'/>"),
            std::string::npos);
  v.romeo_says("one");
  v.juliet->receives("one");
  v.scene.advance(std::chrono::minutes(1));
  v.romeo_says("two");
  v.juliet->receives("two");
  const Page all = Verona::asks(*v.juliet, "");
  const std::string metadata = v.juliet->asks("get", "", "<metadata xmlns='urn:xmpp:mam:2'/>");
  EXPECT_NE(metadata.find("<start id='" + all.ids[0] + "' timestamp='2026-01-01T00:00:00"), std::string::npos)
      << metadata;
  EXPECT_NE(metadata.find("<end id='" + all.ids[1] + "' timestamp='2026-01-01T00:01:00"), std::string::npos)
      << metadata;
  const std::string info =
      v.juliet->asks("get", "juliet@capulet.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>");
  for (const char* feature :
       {"'urn:xmpp:mam:2'", "'urn:xmpp:mam:2#extended'", "'urn:xmpp:sid:0'", "'urn:xmpp:fulltext:0'"}) {
    EXPECT_NE(info.find(feature), std::string::npos) << feature;
  }
}

TEST(Mam, HintsAndBlocksAreRespected) {  // XEP-0334; section 5.1: what is rejected is not in the archive
  Verona v;
  v.romeo_says("off the record", "<no-store xmlns='urn:xmpp:hints'/>");
  EXPECT_EQ(v.juliet->receives("off the record").find("stanza-id"), std::string::npos);
  v.romeo_says("for now", "<no-permanent-store xmlns='urn:xmpp:hints'/>");
  v.juliet->receives("for now");
  v.romeo->sends(
      "<message to='juliet@capulet.example' type='chat'><composing "
      "xmlns='http://jabber.org/protocol/chatstates'/></message>");
  v.juliet->receives("composing");
  v.juliet->asks("set", "", "<block xmlns='urn:xmpp:blocking'><item jid='romeo@montague.example'/></block>");
  v.romeo_says("let me in");
  v.romeo->receives_error("m", "service-unavailable");
  EXPECT_TRUE(Verona::asks(*v.juliet, "").bodies.empty());
}

TEST(Mam, ForgedIdsAreNeitherDeliveredNorRead) {  // XEP-0359 section 6, security P04
  Verona v;
  v.romeo_says("forged",
               "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@capulet.example' id='mine'/><stanza-id "
               "xmlns='urn:xmpp:sid:0' by='room@rooms.example' id='r'/>"
               "<delay xmlns='urn:xmpp:delay' from='capulet.example' stamp='2020-01-01T00:00:00Z'/>");
  const std::string live = v.juliet->receives("forged");
  EXPECT_EQ(live.find("id='mine'"), std::string::npos);
  EXPECT_NE(live.find("id='r'"), std::string::npos);
  const std::string read = Verona::asks(*v.juliet, "").messages.at(0);
  EXPECT_EQ(read.find("id='mine'"), std::string::npos) << read;
  EXPECT_EQ(read.find("2020-01-01"), std::string::npos) << read;
  EXPECT_NE(read.find("id='r'"), std::string::npos) << read;
}

TEST(Mam, WhatWaitedIsHandedOverWithItsId) {  // XEP-0160
  Verona v(false);
  v.romeo_says("one");
  v.romeo_says("for now", "<no-permanent-store xmlns='urn:xmpp:hints'/>");
  v.scene.advance(std::chrono::minutes(10));
  v.juliet->comes_online();
  const std::string one =
      v.juliet->receives({"one", "<delay xmlns='urn:xmpp:delay'", "stamp='2026-01-01T00:00:00", "<stanza-id"});
  const std::string for_now = v.juliet->receives({"for now", "<delay xmlns='urn:xmpp:delay'"});
  EXPECT_EQ(for_now.find("<stanza-id"), std::string::npos);
  const Page all = Verona::asks(*v.juliet, "");
  EXPECT_EQ(all.bodies, Bodies{"one"});
  EXPECT_NE(one.find("id='" + all.ids[0] + "'"), std::string::npos);
  Client& chamber = v.scene.login("juliet@capulet.example/chamber");
  chamber.comes_online();
  static_cast<void>(chamber.receives_among({"balcony"}));
  chamber.receives_nothing();
  static_cast<void>(v.juliet->receives_among({"chamber"}));
}

TEST(Mam, WhoReadsTheArchiveFirstDoesNotGetItTwice) {  // section 5.1.1
  Verona v(false);
  v.romeo_says("one");
  v.romeo_says("for now", "<no-permanent-store xmlns='urn:xmpp:hints'/>");
  v.romeo_says("two");
  EXPECT_EQ(Verona::asks(*v.juliet, page("<max>1</max>")).bodies, Bodies{"one"});
  v.juliet->comes_online();
  v.juliet->receives("for now");
  v.juliet->receives("two");
  v.juliet->receives_nothing();
}

TEST(Mam, Preferences) {  // XEP-0441
  Verona v;
  EXPECT_NE(v.juliet->asks("get", "", "<prefs xmlns='urn:xmpp:mam:2'/>")
                .find("<prefs xmlns='urn:xmpp:mam:2' default='always'><always/><never/></prefs>"),
            std::string::npos);
  v.juliet->asks("set", "",
                 "<prefs xmlns='urn:xmpp:mam:2' "
                 "default='roster'><always><jid>nurse@capulet.example</jid></always><never/></prefs>");
  v.romeo_says("a stranger");
  EXPECT_EQ(v.juliet->receives("a stranger").find("stanza-id"), std::string::npos);
  v.nurse->sends("<message to='juliet@capulet.example' type='chat'><body>madam</body></message>");
  v.juliet->receives("madam");
  EXPECT_EQ(Verona::asks(*v.juliet, "").bodies, Bodies{"madam"});
  EXPECT_EQ(Verona::asks(*v.romeo, "").bodies, Bodies{"a stranger"});  // his own archive is his own matter
  v.juliet->asks("set", "", "<query xmlns='jabber:iq:roster'><item jid='romeo@montague.example'/></query>");
  v.romeo_says("a contact");
  v.juliet->receives("a contact");
  v.juliet->asks("set", "",
                 "<prefs xmlns='urn:xmpp:mam:2' "
                 "default='always'><never><jid>romeo@montague.example/orchard</jid></never></prefs>");
  v.romeo_says("never");
  v.juliet->receives("never");
  EXPECT_EQ(Verona::asks(*v.juliet, "").bodies, (Bodies{"madam", "a contact"}));
  for (const char* wrong :
       {"<prefs xmlns='urn:xmpp:mam:2'/>", "<prefs xmlns='urn:xmpp:mam:2' default='sometimes'/>",
        "<prefs xmlns='urn:xmpp:mam:2' default='always'><maybe/></prefs>",
        "<prefs xmlns='urn:xmpp:mam:2' default='always'><always/><always/></prefs>",
        "<prefs xmlns='urn:xmpp:mam:2' "
        "default='always'><always><jid>a@b.example</jid></always><never><jid>a@b.example</jid></never></prefs>"}) {
    v.juliet->sends("<iq type='set' id='p'>" + std::string(wrong) + "</iq>");
    v.juliet->receives_error("p", "bad-request");
  }
  v.juliet->sends(
      "<iq type='set' id='p'><prefs xmlns='urn:xmpp:mam:2' default='always'><never><jid>@</jid></never></prefs></iq>");
  v.juliet->receives_error("p", "jid-malformed");
  v.juliet->ignores_the_rest();
}

TEST(Mam, WhatMayNotBeArchivedStillWaits) {
  Verona v(false);
  v.juliet->asks("set", "", "<prefs xmlns='urn:xmpp:mam:2' default='never'/>");
  v.romeo_says("hist");
  v.juliet->comes_online();
  EXPECT_EQ(v.juliet->receives({"hist", "<delay"}).find("<stanza-id"), std::string::npos);
  EXPECT_TRUE(Verona::asks(*v.juliet, "").bodies.empty());
}

TEST(Mam, WhatCannotBeKeptIsRefusedBeforeItIsDelivered) {
  Verona v;
  v.stores->refuse_writes(true);
  v.romeo_says("hist");
  v.romeo->receives_error("m", "resource-constraint");
  v.juliet->receives_nothing();
  v.romeo->sends(
      "<message to='juliet@capulet.example' type='chat'><composing "
      "xmlns='http://jabber.org/protocol/chatstates'/></message>");
  v.juliet->receives("composing");  // what is not kept goes on
  v.stores->refuse_writes(false);
  v.romeo_says("again");
  v.juliet->receives("again");
  EXPECT_EQ(Verona::asks(*v.juliet, "").bodies, Bodies{"again"});
}

TEST(Mam, ASlowStoreIsReadForMoreSlowlyAndRefusesNothing) {
  Verona v;
  v.stores->set_write_delay(std::chrono::milliseconds(99));   // a healthy disk under load
  v.romeo_says("zero");
  v.stores->set_write_delay(std::chrono::milliseconds(400));
  v.romeo_says("one");
  v.romeo_says("two");
  v.juliet->receives("zero");
  v.juliet->receives("one");
  v.scene.advance(std::chrono::milliseconds(390));
  v.juliet->receives_nothing();   // not read yet
  v.stores->set_write_delay(std::chrono::milliseconds(0));
  v.scene.advance(std::chrono::milliseconds(20));
  v.juliet->receives("two");
  v.romeo_says("three");
  v.juliet->receives("three");
  EXPECT_EQ(Verona::asks(*v.juliet, "").bodies, (Bodies{"zero", "one", "two", "three"}));
}

TEST(Mam, SenderHearsOfAWriteThatFails) {
  for (const std::size_t nth : {0U, 1U}) {  // the sender's archive, the recipient's
    Verona v;
    v.stores->restart({.nth = nth});
    v.romeo_says("hist");
    EXPECT_TRUE(v.stores->has_failed());
    v.stores->restart({});
    v.juliet->receives("hist");
    v.romeo->receives_error("m", "resource-constraint");
    v.romeo->receives_nothing();
    EXPECT_EQ(Verona::asks(*v.juliet, "").bodies.size(), nth == 0 ? 1U : 0U);  // it stands on its own
    EXPECT_EQ(Verona::asks(*v.romeo, "").bodies.size(), nth == 0 ? 0U : 1U);
  }
}

TEST(Mam, QueryThatCannotBeAnsweredIsAnError) {
  Verona v;
  v.stores->restart({.nth = 0});
  Verona::refuses(*v.juliet, "", "resource-constraint");
  v.stores->restart({});
  EXPECT_TRUE(Verona::asks(*v.juliet, "").bodies.empty());
}

TEST(Mam, LargePageComesAtTheClientsPace) {
  Verona v;
  const std::string text(20'000, 'x');
  for (int i = 0; i < 40; ++i) {
    v.romeo_says(text);
    v.juliet->receives(text);
  }
  v.juliet->stops_reading();
  v.juliet->sends("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
  v.scene.advance(std::chrono::seconds(5));
  std::size_t stanzas = v.juliet->reads_again();
  EXPECT_LT(stanzas, 10U);
  for (int i = 0; i < 100 && stanzas < 41; ++i) {
    v.scene.advance(std::chrono::seconds(1));
    for (; v.juliet->waiting() > 0; ++stanzas) {
      static_cast<void>(v.juliet->next());
    }
  }
  EXPECT_GE(stanzas, 41U);
  EXPECT_FALSE(v.juliet->is_closed());
}

}  // namespace
}  // namespace aldis::test
