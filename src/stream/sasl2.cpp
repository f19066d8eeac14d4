// Reading and writing XEP-0388's elements.
#include "stream/sasl2.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "xml/writer.h"
#include "xmpp/namespaces.h"
#include "xmpp/timestamp.h"

namespace aldis::stream {
namespace {

constexpr std::size_t description_bytes = 100;
constexpr std::uint64_t count_max = 0x7fff'ffff;  // xs:int

// The form of a UUID; that its version is 4 (section 2.3) says nothing to us.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (is_dash ? c != '-' : !is_digit) {
      return false;
    }
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return out;
}

// At most description_bytes, cut between characters.
std::string description(const xml::Element& agent, std::string_view name) {
  const auto child = agent.child({name, ns::sasl2});
  std::string text = child ? child->text() : std::string();
  if (text.size() > description_bytes) {
    std::size_t end = description_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
      --end;
    }
    text.resize(end);
  }
  return text;
}

void read_agent(const xml::Element& agent, sasl::Sasl2Request& request) {
  if (const auto id = agent.attribute("id")) {
    request.is_malformed = request.is_malformed || !is_uuid(*id);
    request.agent.id = lower(*id);
  }
  request.agent.software = description(agent, "software");
  request.agent.device = description(agent, "device");
}

// XEP-0484 sections 3.4 and 3.6.
void read_token_use(const xml::Element& fast, sasl::Sasl2Request& request) {
  sasl::TokenUse use;
  if (const auto count = fast.attribute("count")) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(count->data(), count->data() + count->size(), number);
    const bool is_positive = error == std::errc() && end == count->data() + count->size() && number > 0 && number <= count_max;
    request.is_malformed = request.is_malformed || !is_positive;
    use.count = number;
  }
  if (const auto invalidate = fast.attribute("invalidate")) {
    const bool is_boolean = *invalidate == "1" || *invalidate == "true" || *invalidate == "0" || *invalidate == "false";
    request.is_malformed = request.is_malformed || !is_boolean;
    use.invalidates = *invalidate == "1" || *invalidate == "true";
  }
  request.token = use;
}

std::string standing_alone(const xml::Element& element) {
  std::string out;
  xml::Writer(out).element(element);
  return out;
}

void append_element(std::string& out, std::string_view name, std::string_view text) {
  out.append("<").append(name).append(">");
  xml::append_escaped_text(out, text);
  out.append("</").append(name).append(">");
}

void open(std::string& out, std::string_view name, std::string_view uri) {
  out.append("<").append(name).append(" xmlns='").append(uri).append("'>");
}

void append_additional_data(std::string& out, const std::optional<std::string>& data) {
  if (data) {
    append_element(out, "additional-data", base64_encode(*data));
  }
}

}  // namespace

Authenticate parse_authenticate(const xml::Element& element, const Sasl2Offer& offer) {
  Authenticate read;
  read.mechanism = element.attribute("mechanism").value_or("");
  if (const auto initial = element.child({"initial-response", ns::sasl2})) {
    read.initial_response = initial->text();
  }
  if (const auto agent = element.child({"user-agent", ns::sasl2})) {
    read_agent(*agent, read.request);
  }
  if (const auto fast = element.child({"fast", ns::fast})) {
    read_token_use(*fast, read.request);
  }
  if (const auto wanted = element.child({"request-token", ns::fast})) {
    read.request.wanted_token = wanted->attribute("mechanism").value_or("");
  }
  for (const xml::Element child : element.children()) {
    if (child.is({"upgrade", ns::sasl_upgrade})) {
      read.request.upgrades.push_back(child.text());
    }
  }
  if (const auto bind = element.child({"bind", ns::bind2}); bind && offer.has_bind) {
    InlineBind wish;
    if (const auto tag = bind->child({"tag", ns::bind2})) {
      wish.tag = tag->text();
    }
    for (const xml::Element child : bind->children()) {
      if (child.ns() != ns::bind2) {
        wish.requests.push_back(standing_alone(child));
      }
    }
    read.bind = std::move(wish);
  }
  if (const auto resume = element.child({"resume", ns::stream_management}); resume && offer.has_resumption) {
    const auto request = read_management(*resume);
    if (const auto* well_formed = request ? std::get_if<ResumeRequest>(&*request) : nullptr) {
      read.resume = *well_formed;
    } else {
      read.request.is_malformed = true;
    }
  }
  return read;
}

std::string task_name(const xml::Element& next) { return std::string(next.attribute("task").value_or("")); }

std::string task_hash(const xml::Element& task_data) {
  const auto hash = task_data.child({"hash", ns::scram_upgrade});
  return hash ? hash->text() : std::string();
}

void append_authentication_feature(std::string& out, const std::vector<std::string>& mechanisms, const Sasl2Offer& offer) {
  open(out, "authentication", ns::sasl2);
  for (const std::string& mechanism : mechanisms) {
    append_element(out, "mechanism", mechanism);
  }
  if (offer.has_bind || offer.has_resumption || !offer.token_mechanisms.empty()) {
    out.append("<inline>");
    if (offer.has_bind) {
      open(out, "bind", ns::bind2);
      if (!offer.bind_features.empty()) {
        out.append("<inline>");
        for (const std::string& feature : offer.bind_features) {
          out.append("<feature var='");
          xml::append_escaped_attribute(out, feature);
          out.append("'/>");
        }
        out.append("</inline>");
      }
      out.append("</bind>");
    }
    if (offer.has_resumption) {
      out.append("<sm xmlns='").append(ns::stream_management).append("'/>");
    }
    if (!offer.token_mechanisms.empty()) {
      open(out, "fast", ns::fast);
      for (const std::string& mechanism : offer.token_mechanisms) {
        append_element(out, "mechanism", mechanism);
      }
      out.append("</fast>");
    }
    out.append("</inline>");
  }
  for (const std::string& task : offer.upgrades) {
    open(out, "upgrade", ns::sasl_upgrade);
    xml::append_escaped_text(out, task);
    out.append("</upgrade>");
  }
  out.append("</authentication>");
}

void append_sasl2_challenge(std::string& out, std::string_view data) {
  open(out, "challenge", ns::sasl2);
  out.append(base64_encode(data)).append("</challenge>");
}

void append_sasl2_continue(std::string& out, const std::optional<std::string>& data, std::string_view task) {
  open(out, "continue", ns::sasl2);
  append_additional_data(out, data);
  out.append("<tasks>");
  append_element(out, "task", task);
  out.append("</tasks></continue>");
}

void append_sasl2_task_data(std::string& out, std::string_view salt, std::uint32_t iterations) {
  open(out, "task-data", ns::sasl2);
  out.append("<salt xmlns='").append(ns::scram_upgrade).append("' iterations='").append(std::to_string(iterations)).append("'>");
  out.append(base64_encode(salt)).append("</salt></task-data>");
}

void append_sasl2_failure(std::string& out, sasl::Failure condition) {
  open(out, "failure", ns::sasl2);
  out.append("<").append(to_string(condition)).append(" xmlns='").append(ns::sasl).append("'/></failure>");
}

void append_sasl2_success(std::string& out, const std::optional<std::string>& data, const Jid& identity,
                          std::string_view elements, const std::optional<NewToken>& token) {
  open(out, "success", ns::sasl2);
  append_additional_data(out, data);
  append_element(out, "authorization-identifier", identity.str());
  out.append(elements);
  if (token) {
    out.append("<token xmlns='").append(ns::fast).append("' expiry='").append(format_timestamp(token->expires)).append("' token='");
    xml::append_escaped_attribute(out, token->token);
    out.append("'/>");
  }
  out.append("</success>");
}

}  // namespace aldis::stream
