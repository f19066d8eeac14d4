// Writing a notification.
#include "extensions/push/notification.h"

#include "xmpp/form.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

std::string shortened(std::string text) {
  if (text.size() > max_push_body) {
    std::size_t end = max_push_body;
    while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {  // in the middle of a character
      --end;
    }
    text.resize(end);
  }
  return text;
}

Form form_of(const PushSummary& summary) {
  Form form(FormType::submit, "urn:xmpp:push:summary");
  form.fields.emplace_back("message-count", FieldType::text_single, std::vector<std::string>{std::to_string(summary.messages)});
  if (summary.sender) {
    form.fields.emplace_back("last-message-sender", FieldType::jid_single, std::vector<std::string>{summary.sender->str()});
  }
  if (summary.body) {
    form.fields.emplace_back("last-message-body", FieldType::text_single, std::vector<std::string>{shortened(*summary.body)});
  }
  return form;
}

}  // namespace

StanzaPtr make_notification(const BareJid& owner, const PushRegistration& registration, std::string_view id,
                            const PushSummary& summary) {
  std::string xml;
  xml::Writer writer(xml);
  writer.start("iq")
      .attribute("type", "set")
      .attribute("id", id)
      .attribute("from", owner.str())
      .attribute("to", registration.service.str());
  writer.start("pubsub", ns::pubsub).start("publish");
  if (!registration.node.empty()) {
    writer.attribute("node", registration.node);
  }
  writer.start("item").start("notification", ns::push);
  form_of(summary).write(writer);
  writer.end().end().end();
  if (!registration.options.empty()) {
    writer.start("publish-options").raw(registration.options).end();
  }
  writer.end().end();
  return Stanza::make(std::move(xml));
}

}  // namespace aldis::ext
