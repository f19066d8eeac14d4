// XEP-0346 in scenes: a form's two nodes, and the nine-line MEDEVAC request of docs/forms.md, as it stands there.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/default_extensions.h"
#include "tests/support/scene.h"

namespace aldis::test {
namespace {

constexpr std::string_view service = "pubsub.hq.example";

// What the page has between two headings, without the four spaces of its code.
std::string of_page(std::string_view heading) {
  static const std::string page = [] {
    std::ostringstream text;
    text << std::ifstream(ALDIS_SOURCE_FOLDER "/docs/forms.md").rdbuf();
    return text.str();
  }();
  const std::size_t begin = page.find(heading);
  EXPECT_NE(begin, std::string::npos) << heading;
  return page.substr(begin, page.find("\n### ", begin + 1) - begin);
}

// The n-th <iq/> in a text.
std::string request(const std::string& text, int n) {
  std::size_t at = 0;
  for (int i = 0; i < n; ++i) {
    at = text.find("<iq ", at + 1);
  }
  return text.substr(at, text.find("</iq>", at) + 5 - at);
}

class Forms : public ::testing::Test {
 protected:
  Forms() : scene_(options()) {
    medevac_.comes_online();
    medic_.comes_online();
    tybalt_.comes_online();
  }
  static SceneOptions options() {
    SceneOptions options;
    options.domains = {"hq.example", "alpha.example"};
    options.pubsub = {std::string(service)};
    return options;
  }
  void makes_nodes() {
    const std::string nodes = of_page("### 1. ");
    for (int n = 1; n <= 3; ++n) {
      medevac_.sends(request(nodes, n));
      medevac_.receives_among({"type='result'", "id='" + std::to_string(n) + "'"});
    }
    medic_.receives("<affiliation jid='medic@alpha.example' affiliation='publish-only'/>");
    medevac_.asks("set", service, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='fdp/submitted/hq.example/medevac' jid='medevac@hq.example'/></pubsub>");
  }
  void publishes_template() {
    medevac_.sends(request(of_page("### 2. "), 1));
    medevac_.receives_among({"type='result'", "id='4'"});
  }
  // The answer of the page with one value in place of another.
  static std::string filled_in(std::string_view was = {}, std::string_view is = {}) {
    std::string text = request(of_page("### 3. "), 1);
    if (!was.empty()) {
      const std::size_t at = text.find(was);
      EXPECT_NE(at, std::string::npos) << was;
      text.replace(at, was.size(), is);
    }
    return text;
  }

  Scene scene_;
  Client& medevac_ = scene_.login("medevac@hq.example/cell");
  Client& medic_ = scene_.login("medic@alpha.example/field");
  Client& tybalt_ = scene_.login("tybalt@alpha.example/street");   // the bystander
};

TEST_F(Forms, TheNineLineRequestOfThePage) {
  makes_nodes();
  publishes_template();
  EXPECT_NE(medic_.asks("get", service, "<query xmlns='http://jabber.org/protocol/disco#info'/>").find("<identity category='pubsub' type='urn:xmpp:fdp:0'"), std::string::npos);
  EXPECT_NE(medic_.asks("get", service, "<query xmlns='http://jabber.org/protocol/disco#items'/>").find("node='fdp/template/hq.example/medevac' name='MEDEVAC request (9-line)'"),
            std::string::npos);
  const std::string form = medic_.asks("get", service, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='fdp/template/hq.example/medevac' max_items='1'/></pubsub>");
  EXPECT_NE(form.find("<fieldref var='9.terrain'/>"), std::string::npos) << "layout and validation come as they were published: " << form;
  medic_.sends(filled_in());
  medic_.receives({"type='result'", "id='5'"});
  medevac_.receives({"<message", "<items node='fdp/submitted/hq.example/medevac'>", "33TUL12345678", "Clearing 60 m, wires to the south"});
  medic_.sends("<iq type='get' id='g' to='" + std::string(service) +
               "'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='fdp/submitted/hq.example/medevac'/></pubsub></iq>");
  medic_.receives_error("g", "forbidden");
}

TEST_F(Forms, WhatTheTemplateDoesNotTakeIsSaidToItsSenderAlone) {
  makes_nodes();
  publishes_template();
  for (const auto& [was, is, why] : {std::tuple("33TUL12345678", "33TUL1234567", "1.location is not of the form that is asked for"),
                                     std::tuple("38.650", "2.4", "2.frequency is out of range"),
                                     std::tuple("<field var='2.callsign'><value>Falcon 3 M</value></field>", "", "2.callsign is required"),
                                     std::tuple("<value>2</value></field>\n            <field var='3.priority'>", "<value>two</value></field><field var='3.priority'>", "3.urgent is no xs:byte"),
                                     std::tuple("<value>B</value>", "<value>Z</value>", "4.equipment holds what was not offered"),
                                     std::tuple("<value>P</value>", "<value>P</value><value>E</value>", "6.security has more than one value")}) {
    medic_.sends(filled_in(was, is));
    medic_.receives({"type='error'", "id='5'", "<not-acceptable ", "the field " + std::string(why)});
  }
  medic_.sends(filled_in("type='submit'", "type='form'"));
  medic_.receives({"type='error'", "<bad-request "});
  medic_.sends("<iq type='set' id='5' to='pubsub.hq.example'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='fdp/submitted/hq.example/medevac'>"
               "<item><entry xmlns='urn:x'/></item></publish></pubsub></iq>");
  medic_.receives({"type='error'", "<bad-request "});
  medevac_.receives_nothing();
  medic_.sends(filled_in());
  medic_.receives({"type='result'", "id='5'"});
  medevac_.receives("33TUL12345678");
}

TEST_F(Forms, WhoMayNotPublishLearnsNothingOfTheTemplate) {
  makes_nodes();
  publishes_template();
  std::string text = filled_in("33TUL12345678", "nowhere");
  tybalt_.sends(text);
  tybalt_.receives({"type='error'", "<forbidden "});
}

TEST_F(Forms, WithoutATemplateNothingIsTaken) {
  makes_nodes();
  medic_.sends(filled_in());
  medic_.receives({"type='error'", "<not-acceptable ", "there is no template of this form"});
  medevac_.receives_nothing();
}

TEST_F(Forms, ATemplateIsAFormThatCanBeFilledIn) {
  makes_nodes();
  const std::string good = request(of_page("### 2. "), 1);
  const auto with = [&](std::string_view was, std::string_view is) {
    std::string text = good;
    const std::size_t at = text.find(was);
    EXPECT_NE(at, std::string::npos) << was;
    return text.replace(at, was.size(), is);
  };
  for (const auto& [was, is, why] : {std::tuple("type='form'", "type='submit'", "a template is a form"), std::tuple("[0-9]{1,2}", "[0-9", "a regex is no pattern"),
                                     std::tuple("<fieldref var='9.terrain'/>", "<fieldref var='10.more'/>", "a layout has a field that the form has not"),
                                     std::tuple("max='399.975'", "max='1'", "the bounds of a range")}) {
    medevac_.sends(with(was, is));
    medevac_.receives({"type='error'", "id='4'", "<bad-request ", why});
  }
}

}  // namespace
}  // namespace aldis::test
