// What a client asks of its archive.
#include "extensions/mam/query.h"

#include <algorithm>

#include "xmpp/form.h"
#include "xmpp/namespaces.h"
#include "xmpp/result_set.h"
#include "xmpp/timestamp.h"

namespace aldis::ext {
namespace {

constexpr std::size_t longest_text = 1024;  // bytes, of a queryid and of a search
constexpr std::size_t most_words = 32;
constexpr std::size_t most_ids = 1000;

Unexpected<StanzaError> bad_request(std::string text) {
  return fail(StanzaError(StanzaCondition::bad_request, std::move(text)));
}
Unexpected<StanzaError> no_such_id() {
  return fail(StanzaError(StanzaCondition::item_not_found));
}

Result<void, StanzaError> read_id(std::string_view text, const ArchiveIdForm& form, ArchiveId& id) {
  const std::optional<ArchiveId> read = form.read(text);
  if (!read) {
    return no_such_id();
  }
  id = *read;
  return {};
}

Result<void, StanzaError> read_time(const Field& field, WallTime& time) {
  const std::optional<WallTime> read = parse_timestamp(field.values.front());
  if (!read) {
    return bad_request("the field " + field.var + " is no time (XEP-0082)");
  }
  time = *read;
  return {};
}

Result<void, StanzaError> read_words(const std::string& text, ArchiveQuery& query) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  std::size_t words = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    words += !is_space(text[i]) && (i == 0 || is_space(text[i - 1])) ? 1U : 0U;
  }
  if (text.size() > longest_text || words > most_words) {
    return bad_request("a search has at most 32 words and 1024 bytes");
  }
  query.words = text;
  return {};
}

Result<void, StanzaError> read_ids(const Field& field, const ArchiveIdForm& form, ArchiveQuery& query) {
  if (field.values.size() > most_ids) {
    return bad_request("at most 1000 ids in one query");
  }
  for (const std::string& value : field.values) {
    ArchiveId id = 0;
    if (auto read = read_id(value, form, id); !read) {
      return read;
    }
    query.ids.push_back(id);
  }
  return {};
}

// One field with its values; nothing has been checked but that they are there.
Result<void, StanzaError> read_field(const Field& field, const ArchiveIdForm& form, MamQuery& out) {
  ArchiveQuery& query = out.archive;
  if (field.var == "ids") {
    out.is_of_all = false;
    return read_ids(field, form, query);
  }
  if (field.values.size() != 1) {
    return bad_request("the field " + field.var + " has one value");
  }
  const std::string& value = field.values.front();
  WallTime time{};
  if (field.var == "with") {
    Result<Jid, JidError> jid = Jid::parse(value);
    if (!jid) {
      return fail(StanzaError(StanzaCondition::jid_malformed));
    }
    query.contact = std::move(*jid);
    out.is_of_all = false;
    return {};
  }
  if (field.var == "start") {
    auto read = read_time(field, time);
    query.not_before = first_archive_id_at(time);
    return read;
  }
  if (field.var == "end") {  // the millisecond it names belongs to what is asked for
    auto read = read_time(field, time);
    query.not_behind = std::max<ArchiveId>(1, first_archive_id_at(time + std::chrono::milliseconds(1)));
    return read;
  }
  if (field.var == "before-id") {
    return read_id(value, form, query.before_id);
  }
  if (field.var == "after-id") {
    return read_id(value, form, query.after_id);
  }
  if (field.var == fulltext_field) {
    out.is_of_all = value.empty();
    return read_words(value, query);
  }
  if (field.var == "include-groupchat") {  // section 3.1.4: there are none to leave out
    return parse_boolean(value) ? Result<void, StanzaError>{} : bad_request("the field include-groupchat is a boolean");
  }
  return fail(StanzaError(StanzaCondition::feature_not_implemented, "the field " + field.var + " is not known"));
}

Result<void, StanzaError> read_form(const xml::Element& x, const ArchiveIdForm& form, MamQuery& out) {
  const Result<Form, StanzaError> submitted = Form::parse(x);
  if (!submitted) {
    return fail(submitted.error());
  }
  if (submitted->type != FormType::submit || submitted->form_type() != ns::mam) {
    return bad_request("a query's form is a submit of FORM_TYPE urn:xmpp:mam:2");
  }
  for (const Field& field : submitted->fields) {
    if (field.var == "FORM_TYPE" || field.type == FieldType::fixed) {
      continue;
    }
    if (auto read = read_field(field, form, out); !read) {
      return read;
    }
  }
  return {};
}

Result<void, StanzaError> read_page(const xml::Element& set, const ArchiveIdForm& form, std::uint32_t most,
                                    ArchiveQuery& query) {
  const Result<ResultSetRequest, StanzaError> page = ResultSetRequest::parse(set);
  if (!page) {
    return fail(page.error());
  }
  if (page->index) {
    return fail(StanzaError(StanzaCondition::feature_not_implemented,
                            "pages begin at an item, not at an index"));  // XEP-0059 section 2.6
  }
  if (page->before && page->after) {
    return bad_request("a page is before an item or after one; before-id and after-id bound a query");  // section 3.3.2
  }
  query.limit = page->limit(most);
  query.is_last_page = page->before.has_value();
  if (page->before && !page->before->empty()) {
    if (auto read = read_id(*page->before, form, query.page_before); !read) {
      return read;
    }
  }
  return page->after ? read_id(*page->after, form, query.page_after) : Result<void, StanzaError>{};
}

}  // namespace

Result<MamQuery, StanzaError> parse_mam_query(const xml::Element& query, const ArchiveIdForm& form,
                                              std::uint32_t most) {
  MamQuery out;
  out.archive.limit = most;
  if (query.attribute("node")) {  // of pubsub archives (XEP-0442)
    return fail(StanzaError(StanzaCondition::item_not_found));
  }
  if (const auto queryid = query.attribute("queryid")) {
    if (queryid->size() > longest_text) {
      return bad_request("a queryid has at most 1024 bytes");
    }
    out.queryid = *queryid;
    out.has_queryid = true;
  }
  bool has_form = false;
  bool has_page = false;
  for (const xml::Element child : query.children()) {
    Result<void, StanzaError> read;
    if (child.is({"x", ns::forms})) {
      read = std::exchange(has_form, true) ? bad_request("a query has one form") : read_form(child, form, out);
    } else if (child.is({"set", ns::rsm})) {
      read = std::exchange(has_page, true) ? bad_request("a query has one page")
                                           : read_page(child, form, most, out.archive);
    } else if (child.is({"flip-page", ns::mam})) {
      out.is_flipped = true;
    }
    if (!read) {
      return fail(std::move(read.error()));
    }
  }
  return out;
}

std::string_view mam_query_form() {
  return "<query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='form'>"
         "<field type='hidden' var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>"
         "<field type='jid-single' var='with'/><field type='text-single' var='start'/><field type='text-single' "
         "var='end'/>"
         "<field type='text-single' var='before-id'/><field type='text-single' var='after-id'/>"
         "<field type='list-multi' var='ids'><validate xmlns='http://jabber.org/protocol/xdata-validate' "
         "datatype='xs:string'>"
         "<open/></validate></field><field type='boolean' var='include-groupchat'/>"
         "<field type='text-single' var='{urn:xmpp:fulltext:0}fulltext'/></x></query>";
}

}  // namespace aldis::ext
