// Validation of fields (XEP-0122) and layouts (XEP-0141): what a form may say, and which answers it then takes.
#include "xmpp/form_validation.h"

#include <gtest/gtest.h>

#include <chrono>

#include "xmpp/form.h"
#include "xmpp/form_layout.h"

namespace aldis {
namespace {

std::unique_ptr<const xml::Document> document(std::string_view type, std::string_view inner) {
  auto read = xml::parse("<x xmlns='jabber:x:data' xmlns:v='http://jabber.org/protocol/xdata-validate' type='" + std::string(type) + "'>" + std::string(inner) + "</x>");
  EXPECT_TRUE(read) << inner;
  return std::move(*read);
}
Result<Form, StanzaError> read(std::string_view type, std::string_view inner) { return Form::parse(document(type, inner)->root()); }

// What becomes of an answer to a field with this validation; empty: it is taken.
std::string answered(std::string_view validation, const std::vector<std::string>& values, std::string_view type = "text-single", std::string_view options = {}) {
  const auto form = read("form", "<field var='f' type='" + std::string(type) + "'>" + std::string(options) + std::string(validation) + "</field>");
  if (!form) return "form: " + form.error().text;
  std::string answer = "<field var='f'>";
  for (const std::string& value : values) answer += "<value>" + value + "</value>";
  const auto accepted = form->accept(*read("submit", answer + "</field>"));
  return accepted ? std::string() : accepted.error().text;
}

std::string datatype(std::string_view type, std::string_view value) {
  return answered("<v:validate datatype='" + std::string(type) + "'/>", {std::string(value)});
}

TEST(FormValidation, Datatypes) {  // sections 3.1 and 6.3.2
  for (const auto& [type, good] : {std::pair("xs:byte", "-128"), std::pair("xs:byte", "+127"), std::pair("xs:short", "-32768"), std::pair("xs:int", "2147483647"),
                                   std::pair("xs:long", "-9223372036854775808"), std::pair("xs:integer", "123456789012345678901234567890"),
                                   std::pair("xs:decimal", "-.5"), std::pair("xs:decimal", "1."), std::pair("xs:double", "-1.5E-3"), std::pair("xs:double", "INF"),
                                   std::pair("xs:date", "2003-10-06"), std::pair("xs:date", "2003-10-06+02:00"), std::pair("xs:dateTime", "2003-10-06T11:22:00-07:00"),
                                   std::pair("xs:dateTime", "2003-10-06T11:22:00"), std::pair("xs:time", "11:22:00Z"), std::pair("xs:string", "anything"),
                                   std::pair("x:zip", "what nobody knows is a string"), std::pair("xs:boolean", "neither is this")}) {
    EXPECT_EQ(datatype(type, good), "") << type << ' ' << good;
  }
  for (const auto& [type, bad] : {std::pair("xs:byte", "128"), std::pair("xs:byte", "-129"), std::pair("xs:int", "1.0"), std::pair("xs:int", "x"), std::pair("xs:long", "9223372036854775808"),
                                  std::pair("xs:integer", "--1"), std::pair("xs:integer", "-"), std::pair("xs:decimal", "1e3"), std::pair("xs:decimal", "."), std::pair("xs:double", "inf"),
                                  std::pair("xs:double", "0x10"), std::pair("xs:date", "2003-02-30"), std::pair("xs:date", "2003-10-06T11:22:00Z"), std::pair("xs:dateTime", "2003-10-06"),
                                  std::pair("xs:time", "25:00:00"), std::pair("xs:time", "2003-10-06T11:22:00Z")}) {
    EXPECT_EQ(datatype(type, bad), "the field f is no " + std::string(type)) << bad;
  }
}

TEST(FormValidation, Ranges) {  // section 3.2.3, example 4
  constexpr std::string_view october = "<v:validate datatype='xs:dateTime'><v:range min='2003-10-05T00:00:00-07:00' max='2003-10-24T23:59:59-07:00'/></v:validate>";
  EXPECT_EQ(answered(october, {"2003-10-06T11:22:00-07:00"}), "");
  EXPECT_EQ(answered(october, {"2003-10-05T00:00:00-06:00"}), "the field f is out of range") << "an hour too early";
  EXPECT_EQ(answered("<v:validate datatype='xs:decimal'><v:range min='-1.50'/></v:validate>", {"-1.5"}), "");
  EXPECT_EQ(answered("<v:validate datatype='xs:decimal'><v:range min='-1.50'/></v:validate>", {"-1.51"}), "the field f is out of range");
  EXPECT_EQ(answered("<v:validate datatype='xs:integer'><v:range max='99999999999999999999'/></v:validate>", {"100000000000000000000"}), "the field f is out of range");
  EXPECT_EQ(answered("<v:validate datatype='x:unknown'><v:range min='1' max='2'/></v:validate>", {"9"}), "") << "not understood: a string, and basic";
}

TEST(FormValidation, Patterns) {  // section 3.2.4, example 5
  constexpr std::string_view ssn = "<v:validate><v:regex>([0-9]{3})-([0-9]{2})-([0-9]{4})</v:regex></v:validate>";
  EXPECT_EQ(answered(ssn, {"123-12-1234"}), "");
  EXPECT_EQ(answered(ssn, {"123-12-12345"}), "the field f is not of the form that is asked for") << "all of the value";
  EXPECT_EQ(answered("<v:validate><v:regex>[[:alpha:]]+</v:regex></v:validate>", {"Zoë"}), "");
  EXPECT_EQ(answered(ssn, {""}), "") << "not required, and not given";
}

TEST(FormValidation, APatternThatNeverEndsFitsNothing) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(answered("<v:validate><v:regex>((a+)+)+b</v:regex></v:validate>", {std::string(4000, 'a')}), "the field f is not of the form that is asked for");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST(FormValidation, Lists) {  // section 3.2: any method but basic is open too; section 3.3
  constexpr std::string_view options = "<option><value>a</value></option><option><value>b</value></option><option><value>c</value></option>";
  EXPECT_EQ(answered("<v:validate/>", {"z"}, "list-single", options), "the field f holds what was not offered");
  EXPECT_EQ(answered("<v:validate><v:open/></v:validate>", {"z"}, "list-single", options), "");
  EXPECT_EQ(answered("<v:validate><v:regex>[x-z]</v:regex></v:validate>", {"z"}, "list-single", options), "");
  constexpr std::string_view some = "<v:validate><v:basic/><v:list-range min='1' max='2'/></v:validate>";
  EXPECT_EQ(answered(some, {"a", "c"}, "list-multi", options), "");
  EXPECT_EQ(answered(some, {}, "list-multi", options), "the field f has fewer than 1 values");
  EXPECT_EQ(answered(some, {"a", "b", "c"}, "list-multi", options), "the field f has more than 2 values");
  EXPECT_EQ(answered("<v:validate><v:list-range min='2'/></v:validate>", {"a"}, "list-single", options), "") << "of list-multi only";
}

TEST(FormValidation, WhatIsNoValidation) {
  for (const auto& [validation, why] :
       {std::pair("<v:validate><v:basic/><v:open/></v:validate>", "a field is validated by one method"),
        std::pair("<v:validate><v:range min='1'/></v:validate>", "a string has no range"),
        std::pair("<v:validate datatype='xs:int'><v:range min='x'/></v:validate>", "the bounds of a range are no such values"),
        std::pair("<v:validate datatype='xs:int'><v:range min='2' max='1'/></v:validate>", "the bounds of a range are no such values"),
        std::pair("<v:validate><v:regex>(</v:regex></v:validate>", "a regex is no pattern, or too long"),
        std::pair("<v:validate><v:list-range min='0'/></v:validate>", "a list-range has numbers from 1 on"),
        std::pair("<v:validate><v:list-range min='3' max='2'/></v:validate>", "a list-range ends before it begins")}) {
    EXPECT_EQ(answered(validation, {"1"}), "form: " + std::string(why)) << validation;
  }
  EXPECT_EQ(answered("<v:validate><v:regex>" + std::string(1001, 'a') + "</v:regex></v:validate>", {"a"}), "form: a regex is no pattern, or too long");
}

TEST(FormValidation, IsWrittenAsItWasRead) {
  const auto form = read("form", "<field var='f' type='list-multi'><v:validate datatype='xs:int'><v:range min='1' max='5'/><v:list-range max='2'/></v:validate></field>");
  std::string out;
  xml::Writer writer(out, "u");
  form->write(writer);
  EXPECT_NE(out.find("<validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:int'><range min='1' max='5'/><list-range max='2'/></validate>"), std::string::npos) << out;
}

std::string layout(std::string_view pages) {
  const auto x = document("form", "<field var='a'/><field var='b'/>" + std::string(pages));
  const auto fits = check_layout(x->root(), *Form::parse(x->root()));
  return fits ? "" : fits.error().text;
}

TEST(FormLayout, FitsItsForm) {  // XEP-0141 sections 3.1 and 3.2
  constexpr std::string_view page = "<page xmlns='http://jabber.org/protocol/xdata-layout' label='1'>";
  const auto of = [&](std::string_view inner) { return layout(std::string(page) + std::string(inner) + "</page>"); };
  EXPECT_EQ(of("<text>One</text><fieldref var='a'/><section><fieldref var='b'/></section>"), "");
  EXPECT_EQ(of("<fieldref var='c'/>"), "a layout has a field that the form has not");
  EXPECT_EQ(of("<fieldref var='a'/><section><fieldref var='a'/></section>"), "a layout has a field twice");
  EXPECT_EQ(of("<section label='x'/>"), "a section of a layout is empty");
  EXPECT_EQ(of("<reportedref/>"), "a layout has reported fields that the form has not, or twice");
}

}  // namespace
}  // namespace aldis
