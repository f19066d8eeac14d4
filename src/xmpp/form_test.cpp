// Data forms, XEP-0004: what is read, what is refused, and answers checked against the form that asked.
#include "xmpp/form.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace aldis {
namespace {

Result<Form, StanzaError> read(std::string_view type, std::string_view inner) {
  const auto document = xml::parse("<x xmlns='jabber:x:data' type='" + std::string(type) + "'>" + std::string(inner) + "</x>");
  EXPECT_TRUE(document) << inner;
  return Form::parse((*document)->root());
}

std::string written(const Form& form) {
  std::string out;
  xml::Writer writer(out, "u");
  form.write(writer);
  return out;
}

Form bot() {
  Form form(FormType::form, "jabber:bot");
  form.title = "Bot Configuration";
  form.instructions = {"Fill out this form!"};
  form.fields.emplace_back("", FieldType::fixed, std::vector<std::string>{"Section 1"});
  form.fields.push_back(Field("botname", FieldType::text_single, {}, "Name").required_too());
  form.fields.emplace_back("description", FieldType::text_multi);
  form.fields.emplace_back("public", FieldType::boolean, std::vector<std::string>{"0"});
  form.fields.push_back(Field("features", FieldType::list_multi).with_options({{"contests", "Contests"}, {"news"}}));
  form.fields.push_back(Field("maxsubs", FieldType::list_single, {"20"}).with_options({{"10"}, {"20"}}));
  form.fields.emplace_back("invitelist", FieldType::jid_multi);
  form.fields.emplace_back("owner", FieldType::jid_single);
  return form;
}

// The accepted answer's values, or the condition and text of the refusal.
std::string answered(std::string_view inner) {
  const Result<Form, StanzaError> submitted = read("submit", inner);
  if (!submitted) return "parse: " + std::string(to_string(submitted.error().condition));
  const Result<Form, StanzaError> accepted = bot().accept(*submitted);
  if (!accepted) return std::string(to_string(accepted.error().condition)) + ": " + accepted.error().text;
  std::string out;
  for (const Field& field : accepted->fields) {
    out += field.var + "=";
    for (const std::string& value : field.values) out += value + "|";
    out += ";";
  }
  return out;
}

std::string field(std::string_view var, std::string_view value) {
  return "<field var='" + std::string(var) + "'><value>" + std::string(value) + "</value></field>";
}

TEST(Form, IsWritten) {
  EXPECT_EQ(written(bot()),
            "<x xmlns='jabber:x:data' type='form'><title>Bot Configuration</title><instructions>Fill out this form!</instructions>"
            "<field var='FORM_TYPE' type='hidden'><value>jabber:bot</value></field>"
            "<field type='fixed'><value>Section 1</value></field>"
            "<field var='botname' type='text-single' label='Name'><required/></field>"
            "<field var='description' type='text-multi'/>"
            "<field var='public' type='boolean'><value>0</value></field>"
            "<field var='features' type='list-multi'><option label='Contests'><value>contests</value></option><option><value>news</value></option></field>"
            "<field var='maxsubs' type='list-single'><value>20</value><option><value>10</value></option><option><value>20</value></option></field>"
            "<field var='invitelist' type='jid-multi'/><field var='owner' type='jid-single'/></x>");
}

TEST(Form, WhatIsWrittenIsReadBack) {
  Form result(FormType::result);
  result.reported = {Field("jid", FieldType::jid_single, {}, "Address"), Field("n", FieldType::text_single)};
  result.items = {{Field("jid", FieldType::jid_single, {"a@b"}), Field("n", FieldType::text_single, {"<1>"})}, {Field("jid", FieldType::jid_single, {"c@d"})}};
  Form submit = bot();
  submit.type = FormType::submit;
  for (const Form& form : {bot(), result, submit}) {
    const std::string once = written(form);
    const auto document = xml::parse(once);
    const Result<Form, StanzaError> again = Form::parse((*document)->root());
    ASSERT_TRUE(again) << once;
    EXPECT_EQ(written(*again), once);
  }
}

TEST(Form, MalformedOnesAreRefused) {
  EXPECT_EQ(read("error", "").error().condition, StanzaCondition::bad_request);
  EXPECT_EQ(read("", "").error().condition, StanzaCondition::bad_request);
  EXPECT_EQ(read("submit", "<field/>").error().condition, StanzaCondition::bad_request);
  EXPECT_EQ(read("submit", "<field var=''/>").error().condition, StanzaCondition::bad_request);
  EXPECT_EQ(read("submit", "<field var='a'/><field var='a'/>").error().condition, StanzaCondition::bad_request);
  EXPECT_EQ(read("form", "<field var='a' type='list-single'><option/></field>").error().condition, StanzaCondition::bad_request);
  EXPECT_EQ(read("form", "<field var='a' type='list-single'><option><value/><value/></option></field>").error().condition, StanzaCondition::bad_request);
  EXPECT_TRUE(read("form", "<field type='fixed'/><field type='fixed'/>"));
  EXPECT_EQ(read("form", "<field var='a' type='new'/>")->fields[0].type, FieldType::text_single);  // section 3.3
  EXPECT_TRUE(read("cancel", "<field/>")->fields.empty());
  EXPECT_TRUE(read("submit", "<field var='a' xmlns='other'/>")->fields.empty());
  const auto other = xml::parse("<x xmlns='other' type='submit'/>");
  EXPECT_FALSE(Form::parse((*other)->root()));
}

TEST(Form, ManyFieldsOfOneNameCostNoSquare) {
  std::string many;
  for (int i = 0; i < 4000; ++i) many += "<field var='v" + std::to_string(i) + "'/>";
  EXPECT_EQ(read("submit", many)->fields.size(), 4000U);
}

TEST(FormAnswer, IsChecked) {  // XEP-0004 sections 3.1 to 3.3 and 4
  const std::string name = field("botname", "x");
  EXPECT_EQ(answered(name), "botname=x|;");
  EXPECT_EQ(answered(""), "not-acceptable: the field botname is required");
  EXPECT_EQ(answered(field("botname", "")), "not-acceptable: the field botname is required");
  EXPECT_EQ(answered(name + field("unknown", "y")), "botname=x|;");
  EXPECT_EQ(answered("<field var='botname'><value>x</value><value>y</value></field>"), "not-acceptable: the field botname has more than one value");
  EXPECT_EQ(answered(name + field("public", "true")), "botname=x|;public=1|;");
  EXPECT_EQ(answered(name + field("public", "0")), "botname=x|;public=0|;");
  EXPECT_EQ(answered(name + field("public", "")), "botname=x|;public=;");
  EXPECT_EQ(answered(name + field("public", "yes")), "not-acceptable: the field public is no boolean");
  EXPECT_EQ(answered(name + field("maxsubs", "10")), "botname=x|;maxsubs=10|;");
  EXPECT_EQ(answered(name + field("maxsubs", "30")), "not-acceptable: the field maxsubs holds what was not offered");
  EXPECT_EQ(answered(name + "<field var='features'><value>news</value><value>contests</value></field>"), "botname=x|;features=news|contests|;");
  EXPECT_EQ(answered(name + "<field var='invitelist'><value>A@B</value><value>a@b</value><value>c@d/E</value></field>"), "botname=x|;invitelist=a@b|c@d/E|;");
  EXPECT_EQ(answered(name + field("owner", "a@b@c")), "not-acceptable: the field owner holds what is no address");
  EXPECT_EQ(answered(name + "<field var='description'><value>a</value><value/><value>b</value></field>"), "botname=x|;description=a||b|;");
  EXPECT_EQ(answered(field("FORM_TYPE", "jabber:bot") + name), "FORM_TYPE=jabber:bot|;botname=x|;");
  EXPECT_EQ(answered(field("FORM_TYPE", "jabber:other") + name), "bad-request: the submitted FORM_TYPE is another");
  EXPECT_EQ(bot().accept(*read("result", name)).error().condition, StanzaCondition::bad_request);
}

TEST(FormValues, AreTyped) {  // security X15 for the numbers
  const Form form = *read("submit", field("n", "10") + field("b", "true") + field("j", "A@b") + field("e", "") + field("bad", "1e3"));
  EXPECT_EQ(**form.integer("n", 0, 10), 10);
  EXPECT_EQ(form.integer("n", 0, 9).error().condition, StanzaCondition::not_acceptable);
  EXPECT_FALSE(form.integer("e", 0, 9)->has_value());
  EXPECT_FALSE(form.integer("absent", 0, 9)->has_value());
  EXPECT_FALSE(form.integer("bad", 0, 9999));
  EXPECT_EQ(**form.boolean("b"), true);
  EXPECT_FALSE(form.boolean("n"));
  EXPECT_EQ((*form.jid("j"))->str(), "a@b");
  EXPECT_FALSE(form.jid("e")->has_value());
  EXPECT_EQ(form.value("n"), "10");
  EXPECT_EQ(read("submit", "<field var='t'><value>a</value><value>b</value></field>")->text("t"), "a\nb");
  for (const std::string_view hostile : {"-1", "2147483648", "9223372036854775808", "18446744073709551616", "1e309", "\xD9\xA3", " 1", "+1"}) {
    EXPECT_FALSE(read("submit", field("n", hostile))->integer("n", 0, 2147483647)) << hostile;
  }
}

}  // namespace
}  // namespace aldis
