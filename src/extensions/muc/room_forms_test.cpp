// "Form values of every wrong type: a clear error, and the room unchanged": each field that the owner's form has, with values of
// another kind, too many, too long, or none, and each way a form can be wrong as a whole (XEP-0045 section 10.1.3, XEP-0004).
#include "tests/support/coven.h"

namespace aldis::test {
namespace {

class RoomForms : public Coven {
 protected:
  struct Field {
    std::string var;
    std::string type;
    std::vector<std::string> options{};
  };
  // The fields of the form as it is offered.
  static std::vector<Field> fields_of(std::string_view form) {
    std::vector<Field> fields;
    for (std::size_t at = form.find("<field "); at != std::string_view::npos; at = form.find("<field ", at + 1)) {
      const std::string_view rest = form.substr(at, form.find("<field ", at + 1) - at);
      Field field{value_of(rest, "var"), value_of(rest, "type")};
      for (std::size_t option = rest.find("<option"); option != std::string_view::npos; option = rest.find("<option", option + 1)) {
        const std::size_t value = rest.find("<value>", option) + 7;
        field.options.emplace_back(rest.substr(value, rest.find('<', value) - value));
      }
      fields.push_back(std::move(field));
    }
    return fields;
  }
  static std::string submission(std::string_view fields) {
    return "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>"
           "<field var='muc#roomconfig_roomname'><value>Changed</value></field>" + std::string(fields) + "</x></query>";
  }
  std::string form() {
    const std::string answer = crone.asks("get", coven, owner_query);
    return answer.substr(answer.find("<query"));
  }
  // Denied with one of the two conditions that a form may be, and nothing has changed for anybody.
  void is_denied(const std::string& payload, const std::string& what) {
    SCOPED_TRACE(what);
    crone.sends("<iq type='set' id='f' to='coven@chat.shakespeare.lit'>" + payload + "</iq>");
    const std::string answer = crone.next();
    EXPECT_TRUE(holds(answer, "type='error'") && (holds(answer, "<not-acceptable ") || holds(answer, "<bad-request ")  || holds(answer, "<conflict "))) << answer;
    if (answer.find("type='error'") == std::string::npos) {
      crone.ignores_the_rest();
      hag.ignores_the_rest();
      wicca.ignores_the_rest();
      crone.asks("set", coven, before_as_submission);
      all_ignore();
    }
    EXPECT_TRUE(form() == before) << form();
    hag.receives_nothing();
    wicca.receives_nothing();
  }
  // What stands, to be compared with what stands afterwards.
  void remember() {
    before = form();
    before_as_submission = scene.form({{"roomname", "A Dark Cave"}});
  }
  std::string before;
  std::string before_as_submission;
};

TEST_F(RoomForms, ValuesOfEveryWrongType) {
  gather();
  configures({{"roomname", "A Dark Cave"}, {"passwordprotectedroom", "1"}, {"roomsecret", "cauldronburn"}, {"maxusers", "20"}});
  all_see({"code='104'"});
  remember();
  const std::vector<Field> fields = fields_of(before);
  EXPECT_GE(fields.size(), 28U);
  const auto with = [](const Field& field, std::initializer_list<std::string_view> values) {
    std::string xml = "<field var='" + field.var + "'>";
    for (const std::string_view value : values) {
      xml += "<value>" + std::string(value) + "</value>";
    }
    return submission(xml + "</field>");
  };
  const std::string much(70'000, 'x');
  int tried = 0;
  const auto deny = [&](const Field& field, std::initializer_list<std::string_view> values) {
    ++tried;
    is_denied(with(field, values), field.var + " = " + std::string(values.size() > 0 ? values.begin()->substr(0, 40) : "nothing"));
  };
  for (const Field& field : fields) {
    if (field.var == "FORM_TYPE" || field.var == "muc#roomconfig_roomname") {
      continue;
    }
    if (field.type == "boolean") {
      for (const std::string_view wrong : {"perhaps", "2", "TRUE", " 1", "yes", "-1"}) {
        deny(field, {wrong});
      }
      deny(field, {"1", "0"});
    } else if (field.type == "list-single") {
      for (const std::string_view wrong : {"perhaps", "-1", "1.5", "99999999999999999999", " "}) {
        deny(field, {wrong});
      }
      deny(field, {field.options.front(), field.options.back()});
    } else if (field.type == "list-multi") {
      deny(field, {"perhaps"});
      deny(field, {field.options.front(), "perhaps"});
    } else if (field.type == "jid-multi") {
      for (const std::string_view wrong : {"@", "a@b@c", "not an address", "a@"}) {
        deny(field, {wrong});
        deny(field, {"hecate@shakespeare.lit", wrong});
      }
    } else if (field.type == "text-single" || field.type == "text-private") {
      deny(field, {"one", "two"});
      deny(field, {much});
    }
  }
  for (const std::string_view number : {"muc#maxhistoryfetch", "muc#roomconfig_slow_mode_duration"}) {
    for (const std::string_view wrong : {"many", "-1", "1.5", "", "0x10", "99999999999999999999", "1e3", " 5"}) {
      deny({std::string(number), "text-single"}, {wrong});
    }
  }
  EXPECT_GE(tried, 150);
}

TEST_F(RoomForms, FormsThatAreWrongAsAWhole) {
  gather({{"roomname", "A Dark Cave"}});
  remember();
  const std::string name = "<field var='muc#roomconfig_roomname'><value>Changed</value></field>";
  const auto in_form = [&](std::string_view type, std::string_view content) {
    return "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='" + std::string(type) + "'>" + std::string(content) + "</x></query>";
  };
  const std::string kind = "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>";
  is_denied(in_form("submit", name), "no FORM_TYPE");   // security M03
  is_denied(in_form("submit", "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field>" + name), "another FORM_TYPE");
  is_denied(in_form("submit", "<field var='FORM_TYPE'/>" + name), "an empty FORM_TYPE");
  is_denied(in_form("submit", kind + name + name), "a field twice");
  is_denied(in_form("submit", kind + "<field><value>x</value></field>" + name), "a field without a name");
  for (const std::string_view type : {"form", "result", "other", ""}) {
    is_denied(in_form(type, kind + name), "type " + std::string(type));
  }
  is_denied("<query xmlns='http://jabber.org/protocol/muc#owner'/>", "no form");
  is_denied("<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='urn:example:other' type='submit'/></query>", "no form either");
  is_denied(submission("<field var='muc#roomconfig_roomowners'/>"), "no owner");
  is_denied(submission("<field var='muc#roomconfig_roomowners'><value>venice.example</value></field>"), "a domain owns it");
  is_denied(submission("<field var='muc#roomconfig_roomadmins'><value>crone1@shakespeare.lit</value></field>"), "the last owner is an admin");
  is_denied(submission("<field var='muc#roomconfig_passwordprotectedroom'><value>1</value></field><field var='muc#roomconfig_roomsecret'><value/></field>"), "no password");
  is_denied(submission("<field var='muc#roomconfig_maxusers'><value>0</value></field>"), "nobody may enter");
}

}  // namespace
}  // namespace aldis::test
