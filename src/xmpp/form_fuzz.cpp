// Data forms, result set requests, delays, timestamps and numbers from hostile XML: what is read is written so that it
// reads the same, and checking an answer trips no invariant.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "xmpp/delay.h"
#include "xmpp/form.h"
#include "xmpp/number.h"
#include "xmpp/result_set.h"
#include "xmpp/timestamp.h"

namespace aldis {
namespace {

std::string written(const Form& form) {
  std::string out;
  xml::Writer writer(out, "urn:around");
  form.write(writer);
  return out;
}

void check_form(const xml::Element& element) {
  const Result<Form, StanzaError> form = Form::parse(element);
  if (!form) return;
  const std::string once = written(*form);
  const auto document = xml::parse(once);
  ensure(document.has_value(), "a written form is XML");
  const Result<Form, StanzaError> again = Form::parse((*document)->root());
  ensure(again.has_value() && written(*again) == once, "a written form reads as itself");
  for (const Field& field : form->fields) {
    (void)form->integer(field.var, -128, 127);
    (void)form->boolean(field.var);
    (void)form->jid(field.var);
    (void)form->text(field.var);
  }
  Form answer = *form;
  answer.type = FormType::submit;
  if (const Result<Form, StanzaError> accepted = form->accept(answer)) {
    const Result<Form, StanzaError> twice = form->accept(*accepted);
    ensure(twice.has_value() && written(*twice) == written(*accepted), "an accepted answer is accepted again");
  }
}

void check_result_set(const xml::Element& element) {
  const Result<ResultSetRequest, StanzaError> request = ResultSetRequest::parse(element);
  if (!request) return;
  const auto place_of = [](std::string_view id) -> std::optional<std::size_t> { return parse_number<std::size_t>(id, 0, 6); };
  for (const std::size_t count : {0U, 7U}) {
    if (const Result<Page, StanzaError> page = page_of(count, *request, 3, place_of)) {
      ensure(page->begin <= page->end && page->end - page->begin <= 3, "a page is within its bounds");
      ensure(count == 0 || page->end <= count, "a page is within its set");
    }
  }
}

}  // namespace
}  // namespace aldis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aldis;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const std::optional<WallTime> time = parse_timestamp(bytes)) {
    ensure(parse_timestamp(format_timestamp(*time)) == time, "a timestamp reads as itself");
  }
  const auto document = xml::parse(std::string(bytes));
  if (!document) return 0;
  const xml::Element root = (*document)->root();
  check_form(root);
  check_result_set(root);
  if (const Result<Delay, StanzaError> delay = Delay::parse(root)) {
    std::string out;
    delay->write(out);
    const auto again = xml::parse(out);
    ensure(again.has_value() && Delay::parse((*again)->root())->stamp == delay->stamp, "a delay reads as itself");
  }
  return 0;
}
