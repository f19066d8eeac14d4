// XEP-0049 (1.2) Private XML Storage: elements a user's clients keep on the server, one for each name. Read and written by
// the account's own sessions only. Some have another place (private_xml.h).
#include "extensions/private_xml.h"

#include "core/extension.h"
#include "core/home.h"
#include "core/virtual_host.h"
#include "extensions/extensions.h"
#include "xmpp/namespaces.h"

namespace aldis::ext {
namespace {

struct PrivateXmlConfig {
  Bytes max_bytes = 256 * KiB;
};
constexpr auto options = std::tuple{Option{"max_bytes", &PrivateXmlConfig::max_bytes, Range{1 * KiB, 64 * MiB},
                                           "Bytes one account may keep in all."}};

const ConvertedElement* find_converted(const Iq& request, const std::string& element_ns, const std::string& local) {
  const auto* converted = request.host().find_shared<ConvertedElements>();
  const auto found = converted == nullptr ? decltype(converted->all.begin())() : converted->all.find(std::pair(element_ns, local));
  return converted == nullptr || found == converted->all.end() ? nullptr : &found->second;
}

Task<StanzaPtr> load(Iq request) {
  const xml::Element asked = *request.payload().first_child();
  const std::string element_ns(asked.ns());
  const std::string local(asked.local());
  Result<std::optional<std::string>> stored =
      co_await request.home().world().stores.private_xml.load(request.owner(), element_ns, local);
  if (!stored) {
    co_return request.failure(stored.error());
  }
  if (const ConvertedElement* converted = find_converted(request, element_ns, local)) {
    Result<std::string, StanzaError> element = co_await converted->load(request, stored->value_or(""));
    if (!element) {
      co_return request.error(element.error());
    }
    *stored = std::move(*element);
  }
  std::string payload;
  xml::Writer writer(payload);
  writer.start("query", ns::private_xml);
  if (*stored) {
    writer.raw(**stored);
  } else {
    writer.start(local, element_ns).end();  // section 3: an empty element when nothing is stored
  }
  writer.end();
  co_return request.result(payload);
}

Task<StanzaPtr> store(Iq request, std::vector<PrivateXmlStore::Item> items, std::size_t max_bytes) {
  for (PrivateXmlStore::Item& item : items) {
    if (const ConvertedElement* converted = find_converted(request, item.ns, item.local)) {
      Result<std::string, StanzaError> rest = co_await converted->store(request, std::move(item.xml));
      if (!rest) {
        co_return request.error(rest.error());
      }
      item.xml = std::move(*rest);
    }
  }
  std::erase_if(items, [](const PrivateXmlStore::Item& item) { return item.xml.empty(); });
  if (items.empty()) {
    co_return request.result();
  }
  const Result<void> stored = co_await request.home().world().stores.private_xml.store(request.owner(), std::move(items), max_bytes);
  if (!stored && stored.error().kind == ErrorKind::full) {
    co_return request.error(StanzaCondition::not_acceptable, "Too much private data.");
  }
  co_return stored ? request.result() : request.failure(stored.error());
}

// Elements in the server's own namespaces are refused (section 2: jabber: namespaces may not be stored).
bool is_allowed(const xml::Element& element) { return !element.ns().empty() && element.ns() != ns::private_xml && element.ns() != ns::client; }

}  // namespace

const OptionTable& private_xml_options() { return option_table<PrivateXmlConfig>(options); }

void install_private_xml(Extension& self) {
  constexpr XmlName query{"query", ns::private_xml};
  self.advertise(ns::private_xml);
  const std::size_t max_bytes = self.config<PrivateXmlConfig>().max_bytes.size();
  self.on_iq_get(query, {Recipient::own_account}, [](const Iq& request) -> IqReply {
    const auto asked = request.payload().first_child();
    if (!asked || request.payload().child_count() != 1 || !is_allowed(*asked)) {
      return request.error(StanzaCondition::not_acceptable);
    }
    return load(request);
  });
  self.on_iq_set(query, {Recipient::own_account}, [max_bytes](const Iq& request) -> IqReply {
    std::vector<PrivateXmlStore::Item> items;
    for (const xml::Element element : request.payload().children()) {
      if (!is_allowed(element)) {
        return request.error(StanzaCondition::not_acceptable);
      }
      std::string text;
      xml::Writer(text, ns::private_xml).element(element);
      items.push_back({std::string(element.ns()), std::string(element.local()), std::move(text)});
    }
    if (items.empty()) {
      return request.error(StanzaCondition::bad_request);
    }
    return store(request, std::move(items), max_bytes);
  });
  const auto forbid = [](const Iq& request) -> IqReply { return request.error(StanzaCondition::forbidden); };  // security L04
  self.on_iq_get(query, {Recipient::other_account}, forbid);
  self.on_iq_set(query, {Recipient::other_account}, forbid);
}

}  // namespace aldis::ext
