// A component's stream, from its header to the proof and to its end.
#include "stream/component_negotiation.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/ensure.h"
#include "xml/writer.h"
#include "xmpp/namespaces.h"

namespace aldis::stream {
namespace {

constexpr std::string_view stream_end = "</stream:stream>";
constexpr std::size_t sha1_bytes = 20;

StreamError error_of(StreamCondition condition, std::string text = {}) {
  return {.condition = condition, .text = std::move(text)};
}

// RFC 6120 sections 4.7 to 4.9, as far as XEP-0114 has them: the component's domain.
Result<std::string, StreamError> read_header(const xml::Document& document) {
  const xml::Element root = document.root();
  if (root.ns() != ns::streams) {
    return fail(error_of(StreamCondition::invalid_namespace));
  }
  if (root.local() != "stream") {
    return fail(error_of(StreamCondition::bad_format));
  }
  if (document.root_scope().default_ns != ns::component_accept) {  // section 3: MUST
    return fail(error_of(StreamCondition::invalid_namespace, "components speak jabber:component:accept here"));
  }
  const auto to = root.attribute("to");
  if (!to) {
    return fail(error_of(StreamCondition::improper_addressing, "the stream header needs a 'to' address, the component's"));
  }
  const auto jid = Jid::parse(*to);
  if (!jid || !jid->is_domain()) {
    return fail(error_of(StreamCondition::improper_addressing));
  }
  return std::string(jid->domain());
}

}  // namespace

std::string component_digest(std::string_view stream_id, const SecretBytes& secret) {
  SecretBytes text(stream_id.size() + secret.size());
  std::ranges::copy(stream_id, text.bytes().begin());
  std::ranges::copy(secret.bytes(), text.bytes().begin() + static_cast<std::ptrdiff_t>(stream_id.size()));
  std::array<std::uint8_t, sha1_bytes> digest{};
  ensure(EVP_Digest(text.bytes().data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr) == 1, "SHA-1 is available");
  return hex_encode(digest);
}

ComponentStep ComponentNegotiation::on_header(const xml::Document& document) {
  if (state_ != State::header) {
    return close(error_of(StreamCondition::bad_format));
  }
  auto domain = read_header(document);
  if (!domain) {
    return close(domain.error());
  }
  named_ = std::move(*domain);
  if (secrets_.secret_of(named_) == nullptr) {
    return close(error_of(StreamCondition::host_unknown));  // section 3
  }
  domain_ = named_;
  scope_ = document.root_scope();
  state_ = State::handshake;
  ComponentStep step;
  write_header(step.bytes);
  return step;
}

ComponentStep ComponentNegotiation::on_element(const xml::Element& element) {
  if (state_ == State::closed) {
    return {{}, CloseConnection{}};
  }
  if (element.is({"error", ns::streams})) {
    peer_error_ = read_stream_error(element);
    return on_stream_close();
  }
  ensure(state_ != State::admitting, "nothing is fed while a component is admitted");
  if (state_ == State::handshake) {
    // Before the proof nothing else is looked at, stanzas least of all (security S03).
    return element.is({"handshake", ns::component_accept}) ? judge_handshake(element) : close(error_of(StreamCondition::not_authorized));
  }
  return close(error_of(state_ == State::open ? StreamCondition::unsupported_stanza_type : StreamCondition::bad_format));
}

// The time it takes says nothing of how much was right.
ComponentStep ComponentNegotiation::judge_handshake(const xml::Element& element) {
  const SecretBytes* secret = secrets_.secret_of(domain_);   // a reload may have taken it meanwhile
  if (secret == nullptr || element.child_count() != 0 || !equal_constant_time(element.text(), component_digest(stream_id_, *secret))) {
    return close(error_of(StreamCondition::not_authorized));
  }
  state_ = State::admitting;
  return {{}, AdmitComponent{}};
}

ComponentStep ComponentNegotiation::admit() {
  ensure(state_ == State::admitting, "a component is admitted once it has proved its name");
  state_ = State::open;
  return {"<handshake/>", KeepReading{}};
}

std::optional<StreamError> ComponentNegotiation::check_stanza(const std::optional<Jid>& from, const std::optional<Jid>& to) const {
  if (!from || !to) {
    return error_of(StreamCondition::improper_addressing);  // section 3: both, MUST
  }
  if (from->domain() != domain_) {
    return error_of(StreamCondition::invalid_from);  // section 3: MUST match; security D08
  }
  return std::nullopt;
}

void ComponentNegotiation::write_header(std::string& out) {
  stream_id_ = random_token(random_);
  out.append("<?xml version='1.0'?><stream:stream xmlns='").append(ns::component_accept).append("' xmlns:stream='").append(ns::streams);
  out.append("' from='");
  xml::append_escaped_attribute(out, domain_.empty() ? secrets_.default_domain() : std::string_view(domain_));
  out.append("' id='").append(stream_id_).append("'>");
  header_sent_ = true;
}

ComponentStep ComponentNegotiation::on_stream_close() {
  ComponentStep step{{}, CloseConnection{}};
  if (state_ != State::closed) {
    if (!header_sent_) {
      write_header(step.bytes);
    }
    step.bytes.append(stream_end);
  }
  state_ = State::closed;
  return step;
}

ComponentStep ComponentNegotiation::on_xml_error(xml::XmlError error) { return close(to_stream_error(error)); }

ComponentStep ComponentNegotiation::close(const StreamError& error) {
  ComponentStep step{{}, CloseConnection{error.condition}};
  if (state_ != State::closed) {
    if (!header_sent_) {
      write_header(step.bytes);  // section 3: an opening tag, the error, a closing tag
    }
    error.write(step.bytes);
    step.bytes.append(stream_end);
  }
  state_ = State::closed;
  return step;
}

}  // namespace aldis::stream
