// Reading, changing and writing stanzas: the header is read once, the rest is copied as it came.
#include "xmpp/stanza.h"

#include <algorithm>
#include <limits>

#include "base/ensure.h"
#include "xmpp/namespaces.h"
#include "xmpp/self_contained.h"

namespace aldis {
namespace {

constexpr std::size_t longest_id = 1023;
constexpr std::string_view to_attribute = " to='";
constexpr std::string_view from_attribute = " from='";

constexpr std::array<std::string_view, 3> kinds{"message", "presence", "iq"};
// In the order of StanzaType.
constexpr std::array<std::string_view, 15> types{"normal",    "chat",        "groupchat",    "headline",   "available",
                                                 "unavailable", "subscribe", "subscribed",   "unsubscribe", "unsubscribed",
                                                 "probe",     "get",         "set",          "result",     "error"};

bool belongs_to(StanzaType type, StanzaKind kind) {
  if (type == StanzaType::error) return true;
  if (type <= StanzaType::headline) return kind == StanzaKind::message;
  // Presence is available by having no type (RFC 6121 section 4.7.1).
  if (type <= StanzaType::probe) return kind == StanzaKind::presence && type != StanzaType::available;
  return kind == StanzaKind::iq;
}

StanzaType type_without_attribute(StanzaKind kind) {
  switch (kind) {
    case StanzaKind::message: return StanzaType::normal;
    case StanzaKind::presence: return StanzaType::available;
    case StanzaKind::iq: return StanzaType::get;
  }
  return StanzaType::normal;
}

std::optional<StanzaType> read_type(StanzaKind kind, std::string_view value) {
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] == value && belongs_to(static_cast<StanzaType>(i), kind)) return static_cast<StanzaType>(i);
  }
  return std::nullopt;
}

Stanza::Refusal end_stream(StreamCondition condition, std::string_view text) {
  return {std::nullopt, {condition, std::string(text), {}, {}}, nullptr};
}

Stanza::Refusal answer(StanzaCondition condition, StreamCondition stream, std::string_view text) {
  return {StanzaError(condition, std::string(text)), {stream, std::string(text), {}, {}}, nullptr};
}

// Limits for bytes we have put together ourselves, out of what was within a peer's limits.
xml::Limits own_limits() {
  xml::Limits limits;
  limits.stanza_bytes = std::numeric_limits<std::uint32_t>::max();
  limits.depth = 1024;
  limits.elements = std::numeric_limits<std::uint32_t>::max();
  limits.attributes = 1024;
  return limits;
}

// Whether an element (well-formed or not yet looked at) declares a namespace on its start tag, or has a prefix.
bool names_its_namespace(std::string_view element) {
  char quote = 0;
  bool is_in_name = true;
  for (std::size_t i = 0; i < element.size(); ++i) {
    const char c = element[i];
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '>') {
      return false;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == ':' && is_in_name) {
      return true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      is_in_name = false;
    } else if (c == 'x' && element.substr(i).starts_with("xmlns")) {
      return true;
    }
  }
  return false;
}

void append_address(std::string& out, std::string_view attribute, const Jid& jid) {
  out.append(attribute).append(jid.bare_str());
  if (jid.is_full()) {
    out.push_back('/');
    xml::append_escaped_attribute(out, jid.resource());  // no other part may hold what needs escaping
  }
  out.push_back('\'');
}

std::size_t address_size(std::string_view attribute, const std::optional<Jid>& jid) {
  return jid ? attribute.size() + jid->str().size() + 1 : 0;
}

// Start tag of an answer to `stanza`: addresses swapped, id kept (RFC 6120 sections 8.1.3, 8.2.3 and 8.3.1).
std::string begin_answer(const Stanza& stanza, std::string_view type) {
  std::string out;
  out.append("<").append(to_string(stanza.kind())).append(" type='").append(type).append("'");
  if (stanza.has_id() || stanza.is_iq()) {  // an iq's id is required, even where the peer's had none
    out.append(" id='");
    xml::append_escaped_attribute(out, stanza.id());
    out.push_back('\'');
  }
  if (stanza.from()) append_address(out, to_attribute, *stanza.from());
  if (stanza.to()) append_address(out, from_attribute, *stanza.to());
  return out;
}

}  // namespace

std::string_view to_string(StanzaKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
std::string_view to_string(StanzaType type) { return types[static_cast<std::size_t>(type)]; }

std::shared_ptr<Stanza> Stanza::around(std::unique_ptr<const xml::Document> document) {
  auto stanza = std::make_shared<Stanza>(Key{});
  stanza->names_geoloc_ = document->names_namespace(ns::geoloc);
  stanza->document_ = std::move(document);
  return stanza;
}

Result<StanzaPtr, Stanza::Refusal> Stanza::parse(std::string bytes, const xml::Scope& scope, const xml::Limits& limits) {
  Result<std::unique_ptr<const xml::Document>, xml::XmlError> document = xml::parse(std::move(bytes), scope, limits);
  if (!document) return fail(Refusal{std::nullopt, to_stream_error(document.error()), nullptr});
  const XmlName name = (*document)->root().name();
  const auto kind = std::ranges::find(kinds, name.local);
  if (kind == kinds.end() || name.ns != scope.default_ns || (name.ns != ns::client && name.ns != ns::server && name.ns != ns::component_accept)) {
    return fail(end_stream(StreamCondition::unsupported_stanza_type, {}));
  }
  if (!(*document)->is_self_contained()) {
    const std::optional<std::string> alone = self_contained((*document)->root().outer_bytes(), scope);
    if (!alone) return fail(end_stream(StreamCondition::policy_violation, "too long namespace names in the stream header"));
    document = xml::parse(*alone, {scope.default_ns, {}}, own_limits());
    if (!document || !(*document)->is_self_contained()) {
      return fail(end_stream(StreamCondition::internal_server_error, {}));
    }
  }
  const std::shared_ptr<Stanza> stanza = around(std::move(*document));
  if (std::optional<Refusal> refusal = stanza->read_header()) {
    if (refusal->stanza_error) refusal->offender = stanza;
    return fail(std::move(*refusal));
  }
  return StanzaPtr(stanza);
}

Result<StanzaPtr, Stanza::Refusal> Stanza::parse_from_server(std::string bytes, const xml::Scope& scope,
                                                             const xml::Limits& limits) {
  if (!names_its_namespace(bytes)) [[likely]] {
    return parse(std::move(bytes), {std::string(ns::client), scope.prefixes}, limits);
  }
  const Result<StanzaPtr, Refusal> stanza = parse(std::move(bytes), scope, limits);
  if (!stanza) return fail(stanza.error());
  // Written without its own declaration, and read again in the other default namespace.
  return parse((*stanza)->to_xml(), {std::string(ns::client), {}}, own_limits());
}

StanzaPtr Stanza::make(std::string bytes) {
  auto document = xml::parse(std::move(bytes), {std::string(ns::client), {}}, own_limits());
  ensure(document.has_value() && (*document)->is_self_contained(), "a stanza of our own is well-formed");
  const XmlName name = (*document)->root().name();
  ensure(name.ns == ns::client && std::ranges::find(kinds, name.local) != kinds.end(), "a stanza of our own is a stanza");
  const std::shared_ptr<Stanza> stanza = around(std::move(*document));
  ensure(!stanza->read_header(), "a stanza of our own has a valid header");
  return stanza;
}

std::optional<Stanza::Refusal> Stanza::read_header() {
  const xml::Element root = document_->root();
  kind_ = static_cast<StanzaKind>(std::ranges::find(kinds, root.local()) - kinds.begin());
  type_ = type_without_attribute(kind_);
  std::optional<Refusal> refusal = read_start_tag();
  const auto fault = [&](StanzaCondition condition, StreamCondition stream, std::string_view text) {
    if (!refusal) refusal = answer(condition, stream, text);
  };

  bool has_type = false;
  for (std::size_t i = 0; i < root.attribute_count(); ++i) {
    const xml::Attribute attribute = root.attribute_at(i);
    const std::string_view name = attribute.name.local;
    if (!attribute.name.ns.empty()) {
      if (name == "lang" && attribute.name.ns == ns::xml) {
        has_lang_ = true;
        lang_ = attribute.value;
      }
    } else if (name == "to" || name == "from") {
      Result<Jid, JidError> jid = Jid::parse(attribute.value);
      const bool is_to = name == "to";
      if (jid) {
        (is_to ? to_ : from_) = std::move(*jid);
      } else {
        fault(StanzaCondition::jid_malformed, is_to ? StreamCondition::improper_addressing : StreamCondition::invalid_from,
              to_string(jid.error()));
      }
    } else if (name == "id") {
      if (attribute.value.size() > longest_id) {
        fault(StanzaCondition::bad_request, StreamCondition::policy_violation, "an id is longer than 1023 bytes");
      } else {
        has_id_ = true;
        id_ = attribute.value;
      }
    } else if (name == "type") {
      has_type = true;
      if (const std::optional<StanzaType> type = read_type(kind_, attribute.value)) {
        type_ = *type;
      } else if (kind_ != StanzaKind::message) {  // RFC 6121 section 5.2.2: an unknown value is normal
        fault(StanzaCondition::bad_request, StreamCondition::bad_format, "unknown type of stanza");
      }
    }
  }

  if (kind_ == StanzaKind::iq) {  // RFC 6120 section 8.2.3
    if (!has_type) fault(StanzaCondition::bad_request, StreamCondition::bad_format, "an iq needs a type");
    if (!has_id_) fault(StanzaCondition::bad_request, StreamCondition::bad_format, "an iq needs an id");
    if (is_request() && root.child_count() != 1) {
      fault(StanzaCondition::bad_request, StreamCondition::bad_format, "an iq get or set has exactly one child");
    }
  }
  return refusal;
}

std::optional<Stanza::Refusal> Stanza::read_start_tag() {
  const xml::Element root = document_->root();
  raw_ = root.outer_bytes();
  inner_ = root.inner_bytes();
  StartTagReader tag(raw_);
  const bool is_prefixed = tag.name().find(':') != std::string_view::npos;
  std::optional<Refusal> refusal;
  while (const std::optional<StartTagReader::Entry> entry = tag.next()) {
    if (entry->name == "xmlns") {
      // We write without a prefix, which changes the children's namespace if the default is another.
      if (is_prefixed && entry->value != root.ns()) refusal = end_stream(StreamCondition::bad_namespace_prefix, {});
      continue;
    }
    if (entry->name == "to" || entry->name == "from") continue;
    const auto offset = static_cast<std::uint32_t>(entry->bytes.data() - raw_.data());
    const auto size = static_cast<std::uint32_t>(entry->bytes.size());
    if (piece_count_ > 0 && pieces_[piece_count_ - 1U].offset + pieces_[piece_count_ - 1U].size == offset) {
      pieces_[piece_count_ - 1U].size += size;
    } else {
      ensure(piece_count_ < pieces_.size(), "three attributes taken out leave four pieces at most");
      pieces_[piece_count_++] = {offset, size};
    }
  }
  return refusal;
}

std::optional<xml::Element> Stanza::child(XmlName name) const {
  const xml::Element root = element();
  return root.child(name.ns == ns::client ? XmlName{name.local, root.ns()} : name);
}

StanzaPtr Stanza::with_addresses(std::optional<Jid> from, std::optional<Jid> to) const {
  auto copy = std::make_shared<Stanza>(Key{}, *this);
  copy->from_ = std::move(from);
  copy->to_ = std::move(to);
  return copy;
}

StanzaPtr Stanza::with_from(Jid from) const { return with_addresses(std::move(from), to_); }

StanzaPtr Stanza::with_to(Jid to) const { return with_addresses(from_, std::move(to)); }

StanzaPtr Stanza::with_lang(std::string_view lang) const {
  auto copy = std::make_shared<Stanza>(Key{}, *this);
  if (!has_lang_) {
    copy->owned_lang_ = lang;
    copy->has_lang_ = !lang.empty();
  }
  return copy;
}

StanzaPtr Stanza::with_positions_since(WallTime since) const {
  auto copy = std::make_shared<Stanza>(Key{}, *this);
  copy->positions_since_ = since;
  return copy;
}

StanzaPtr Stanza::replaced(const std::vector<Replacement>& replacements) const {
  std::string bytes;
  write_start_tag(bytes, nullptr);
  bytes.push_back('>');
  const char* copied = inner_.data();
  for (const Replacement& each : replacements) {
    ensure(each.where.data() >= copied, "what is replaced is in the stanza, in its order");
    bytes.append(copied, each.where.data()).append(each.instead);
    copied = each.where.data() + each.where.size();
  }
  bytes.append(copied, inner_.data() + inner_.size());
  bytes.append("</").append(to_string(kind_)).append(">");
  return read_again(std::move(bytes));
}

StanzaPtr Stanza::amended(const std::function<bool(const xml::Element&)>& remove, std::string_view append) const {
  std::string bytes;
  bytes.reserve(size() + append.size());
  write_start_tag(bytes, nullptr);
  bytes.push_back('>');
  const char* copied = inner_.data();
  for (const xml::Element child : element().children()) {
    if (!remove || !remove(child)) continue;
    const std::string_view removed = child.outer_bytes();
    bytes.append(copied, removed.data());
    copied = removed.data() + removed.size();
  }
  bytes.append(copied, inner_.data() + inner_.size());
  bytes.append(append).append("</").append(to_string(kind_)).append(">");
  return read_again(std::move(bytes));
}

// What a change has made of it.
StanzaPtr Stanza::read_again(std::string bytes) const {
  auto document = xml::parse(std::move(bytes), {std::string(element().ns()), {}}, own_limits());
  ensure(document.has_value() && (*document)->is_self_contained(), "what is put into a stanza is well-formed");
  const std::shared_ptr<Stanza> stanza = around(std::move(*document));
  stanza->positions_since_ = positions_since_;
  // What it refuses now, such as an iq request whose only child was removed, is the caller's business, not an invariant.
  (void)stanza->read_header();
  return stanza;
}

void Stanza::write_start_tag(std::string& out, const Jid* to) const {
  out.push_back('<');
  out.append(to_string(kind_));
  if (to != nullptr) {
    append_address(out, to_attribute, *to);
  } else if (to_) {
    append_address(out, to_attribute, *to_);
  }
  if (from_) append_address(out, from_attribute, *from_);
  for (std::size_t i = 0; i < piece_count_; ++i) out.append(raw_.data() + pieces_[i].offset, pieces_[i].size);
  if (!owned_lang_.empty()) {
    out.append(" xml:lang='");
    xml::append_escaped_attribute(out, owned_lang_);
    out.push_back('\'');
  }
}

void Stanza::write(std::string& out, const Jid* to) const {
  const std::size_t wanted = out.size() + size() + (to != nullptr ? to_attribute.size() + to->str().size() + 1 : 0);
  if (out.capacity() < wanted) out.reserve(std::max(wanted, 2 * out.capacity()));
  write_start_tag(out, to);
  if (inner_.empty()) {
    out.append("/>");
  } else {
    out.push_back('>');
    out.append(inner_).append("</").append(to_string(kind_)).push_back('>');
  }
}

std::string Stanza::to_xml() const {
  std::string out;
  write(out);
  return out;
}

std::size_t Stanza::size() const {
  std::size_t size = 2 * to_string(kind_).size() + sizeof("<></>") - 1 + inner_.size();
  for (std::size_t i = 0; i < piece_count_; ++i) size += pieces_[i].size;
  if (!owned_lang_.empty()) size += owned_lang_.size() + sizeof(" xml:lang=''") - 1;
  return size + address_size(to_attribute, to_) + address_size(from_attribute, from_);
}

StanzaPtr make_error(const Stanza& offender, const StanzaError& error) {
  if (offender.is_error() || offender.type() == StanzaType::result) return nullptr;
  std::string bytes = begin_answer(offender, "error");
  bytes.push_back('>');
  xml::Writer writer(bytes);
  error.write(writer);
  bytes.append("</").append(to_string(offender.kind())).append(">");
  return Stanza::make(std::move(bytes));
}

StanzaPtr make_result(const Stanza& request, std::string_view payload) {
  ensure(request.is_iq() && request.is_request(), "a result answers an iq get or set");
  std::string bytes = begin_answer(request, "result");
  if (payload.empty()) {
    bytes.append("/>");
  } else {
    bytes.append(">").append(payload).append("</iq>");
  }
  return Stanza::make(std::move(bytes));
}

}  // namespace aldis
