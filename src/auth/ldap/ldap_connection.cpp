// Connecting, searching and changing. Passwords: ldap_connection_passwords.cpp.
#include "auth/ldap/ldap_connection.h"

#include <lber.h>
#include <ldap.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "auth/ldap/ldap_proxied_authorization.h"
#include "auth/ldap/ldap_result.h"

namespace aldis::ldap {
namespace {

constexpr ber_len_t max_answer_bytes = 4UL * 1024 * 1024;   // of one entry; no directory of people has larger ones that we ask for
constexpr int page_entries = 500;
constexpr auto page_timeout = std::chrono::seconds(10);
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

timeval as_timeval(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {static_cast<time_t>(seconds.count()), static_cast<suseconds_t>((time - seconds).count() * 1000)};
}

// A server that stops in the midst of a record would hold a worker for ever: the socket itself has the time.
int on_connected(LDAP*, Sockbuf* buffer, LDAPURLDesc*, sockaddr*, ldap_conncb* callback) {
  int socket = -1;
  if (ber_sockbuf_ctrl(buffer, LBER_SB_OPT_GET_FD, &socket) == 1 && socket >= 0) {
    const timeval time = as_timeval(*static_cast<const std::chrono::milliseconds*>(callback->lc_arg));
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
  }
  ber_len_t most = max_answer_bytes;
  ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most);
  return 0;
}
void on_disconnected(LDAP*, Sockbuf*, ldap_conncb*) {}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// Active Directory gives 1500 values, as member;range=0-1499, and the last ones as member;range=1500-* (MS-ADTS section 3.1.1.3.1.3.3). Where
// the next begin; empty: these are all.
std::string rest_of_range(std::string_view option) {
  const std::string text = lower(option);
  const std::size_t dash = text.find('-');
  std::uint32_t last = 0;
  if (!text.starts_with(";range=") || dash == std::string::npos) {
    return {};
  }
  const auto read = std::from_chars(text.data() + dash + 1, text.data() + text.size(), last);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::to_string(std::uint64_t{last} + 1) : std::string();
}

Entry read_entry(LDAP* handle, LDAPMessage* message) {
  Entry entry;
  if (char* dn = ldap_get_dn(handle, message)) {
    entry.dn = dn;
    ldap_memfree(dn);
  }
  BerElement* position = nullptr;
  for (char* name = ldap_first_attribute(handle, message, &position); name != nullptr; name = ldap_next_attribute(handle, message, position)) {
    std::string_view plain(name);
    const std::string_view option = plain.substr(std::min(plain.size(), plain.find(';')));
    plain = plain.substr(0, plain.find(';'));   // an option (RFC 4512 section 2.5) is another spelling of the same to us
    if (const std::string next = rest_of_range(option); !next.empty()) {
      entry.rest[lower(plain)] = next;
    }
    auto& values = entry.attributes[lower(plain)];
    if (berval** all = ldap_get_values_len(handle, message, name)) {
      for (berval** one = all; *one != nullptr; ++one) {
        values.emplace_back((*one)->bv_val, (*one)->bv_len);
      }
      ldap_value_free_len(all);
    }
    ldap_memfree(name);
  }
  ber_free(position, 0);
  return entry;
}

std::vector<char*> as_array(const std::vector<std::string>& names) {
  std::vector<char*> all;
  for (const std::string& name : names) {
    all.push_back(const_cast<char*>(name.c_str()));   // the library does not write there
  }
  all.push_back(nullptr);
  return all;
}

struct FreeMessage {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
using Message = std::unique_ptr<LDAPMessage, FreeMessage>;

struct SearchRequest {
  const std::string& base;
  int scope = LDAP_SCOPE_SUBTREE;
  std::string filter;
  const std::vector<std::string>& attributes;
  LDAPControl** controls = nullptr;
  std::chrono::milliseconds timeout;
  int limit = 0;   // of entries; 0: none
};

// One search and its whole answer; a code of LDAP, LDAP_TIMEOUT if it did not come in time. A directory has its own limit from us, in whole
// seconds (RFC 4511 section 4.5.1.5), and some end with the clock's second: Samba gives a limit of one that comes late in a second nearly
// no time. So it gets a second more than is waited here.
int search_within(LDAP* handle, const SearchRequest& request, Message& result) {
  timeval for_directory{std::chrono::ceil<std::chrono::seconds>(request.timeout).count() + 1, 0};
  std::vector<char*> names = as_array(request.attributes);
  int id = 0;
  const int sent = ldap_search_ext(handle, request.base.c_str(), request.scope, request.filter.c_str(), names.data(), 0, request.controls, nullptr,
                                   &for_directory, request.limit, &id);
  if (sent != LDAP_SUCCESS) {
    return sent;
  }
  timeval time = as_timeval(request.timeout);
  LDAPMessage* raw = nullptr;
  const int kind = ldap_result(handle, id, LDAP_MSG_ALL, &time, &raw);
  result.reset(raw);
  if (kind == 0) {
    ldap_abandon_ext(handle, id, nullptr, nullptr);
    return LDAP_TIMEOUT;
  }
  if (kind < 0 || raw == nullptr) {
    int code = LDAP_SUCCESS;
    return ldap_get_option(handle, LDAP_OPT_RESULT_CODE, &code) == LDAP_OPT_SUCCESS && code != LDAP_SUCCESS ? code : LDAP_SERVER_DOWN;
  }
  int code = LDAP_SUCCESS;
  const int parsed = ldap_parse_result(handle, raw, &code, nullptr, nullptr, nullptr, nullptr, 0);
  return parsed == LDAP_SUCCESS ? code : parsed;
}

void append_entries(LDAP* handle, LDAPMessage* result, std::vector<Entry>& entries) {
  for (LDAPMessage* one = ldap_first_entry(handle, result); one != nullptr; one = ldap_next_entry(handle, one)) {
    entries.push_back(read_entry(handle, one));
  }
}

std::size_t size_of(const Entry& entry) {
  std::size_t bytes = entry.dn.size();
  for (const auto& [name, values] : entry.attributes) {
    for (const std::string& value : values) {
      bytes += value.size();
    }
  }
  return bytes;
}

}  // namespace

void prepare_library() { ::setenv("LDAPNOINIT", "1", 1); }

LdapConnection::LdapConnection(LDAP* handle, Endpoint endpoint) : handle_(handle), endpoint_(std::move(endpoint)) {}

Unexpected<Error> LdapConnection::failure(int code, std::string_view step) {
  std::string text = endpoint_.url + ": " + std::string(step) + ": " + ldap_err2string(code);
  char* detail = nullptr;
  if (handle_ != nullptr && ldap_get_option(handle_, LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail) == LDAP_OPT_SUCCESS && detail != nullptr) {
    if (*detail != '\0') {
      text.append(" (").append(detail).append(")");
    }
    ldap_memfree(detail);
  }
  switch (meaning_of(code)) {
    case ResultMeaning::too_late: is_broken_ = true; return fail(ErrorKind::timeout, std::move(text));
    case ResultMeaning::not_now: is_broken_ = true; break;
    case ResultMeaning::wrong_credentials: return fail(ErrorKind::denied, std::move(text));
    default: break;
  }
  return fail(ErrorKind::unavailable, std::move(text));
}

Result<void> LdapConnection::set_up() {
  const int version = LDAP_VERSION3;
  const timeval time = as_timeval(endpoint_.timeout);
  const int demand = LDAP_OPT_X_TLS_HARD;
  const int oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
  const int as_client = 0;
  const std::string authorities = endpoint_.ca_file.empty() ? std::string(system_authorities) : endpoint_.ca_file;
  bool is_set = ldap_set_option(handle_, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS &&
                ldap_set_option(handle_, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
                ldap_set_option(handle_, LDAP_OPT_RESTART, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
                ldap_set_option(handle_, LDAP_OPT_NETWORK_TIMEOUT, &time) == LDAP_OPT_SUCCESS &&
                ldap_set_option(handle_, LDAP_OPT_TIMEOUT, &time) == LDAP_OPT_SUCCESS &&
                ldap_set_option(handle_, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_OPT_SUCCESS &&
                ldap_set_option(handle_, LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest) == LDAP_OPT_SUCCESS &&
                ldap_set_option(handle_, LDAP_OPT_X_TLS_CACERTFILE, authorities.c_str()) == LDAP_OPT_SUCCESS;
  if (is_set && !endpoint_.certificate.empty()) {
    is_set = ldap_set_option(handle_, LDAP_OPT_X_TLS_CERTFILE, endpoint_.certificate.c_str()) == LDAP_OPT_SUCCESS &&
             ldap_set_option(handle_, LDAP_OPT_X_TLS_KEYFILE, endpoint_.key.c_str()) == LDAP_OPT_SUCCESS;
  }
  const bool has_tls = !endpoint_.url.starts_with("ldapi:") && (endpoint_.starttls || endpoint_.url.starts_with("ldaps:"));
  if (!is_set || (has_tls && ldap_set_option(handle_, LDAP_OPT_X_TLS_NEWCTX, &as_client) != LDAP_OPT_SUCCESS)) {
    return fail(ErrorKind::unavailable, endpoint_.url + ": TLS cannot be set up (the files of ca_file, certificate or key?)");
  }
  return {};
}

Result<std::unique_ptr<LdapConnection>> LdapConnection::open(const Endpoint& endpoint) {
  LDAP* handle = nullptr;
  if (const int code = ldap_initialize(&handle, endpoint.url.c_str()); code != LDAP_SUCCESS) {
    return fail(ErrorKind::unavailable, endpoint.url + ": " + ldap_err2string(code));
  }
  std::unique_ptr<LdapConnection> made(new LdapConnection(handle, endpoint));
  if (auto ready = made->set_up(); !ready) {
    return fail(ready.error());
  }
  made->callback_ = std::make_unique<ldap_conncb>(ldap_conncb{&on_connected, &on_disconnected, &made->endpoint_.timeout});
  ldap_set_option(handle, LDAP_OPT_CONNECT_CB, made->callback_.get());
  int code = ldap_connect(handle);
  if (code != LDAP_SUCCESS) {
    return made->failure(code, endpoint.url.starts_with("ldaps:") ? "connection or TLS" : "connection");
  }
  if (endpoint.starttls && endpoint.url.starts_with("ldap:")) {
    code = ldap_start_tls_s(handle, nullptr, nullptr);
    if (code != LDAP_SUCCESS) {
      return made->failure(code, "StartTLS");
    }
  }
  return made;
}

LdapConnection::~LdapConnection() {
  if (handle_ != nullptr) {
    ldap_unbind_ext_s(handle_, nullptr, nullptr);
  }
}

Result<void> LdapConnection::log_in(const ServiceIdentity& identity) {
  berval password{static_cast<ber_len_t>(identity.password.size()), const_cast<char*>(identity.password.view().data())};
  std::string empty;
  berval nothing{0, empty.data()};   // there, and empty: RFC 4422 appendix A.1
  const bool is_external = identity.dn.empty();
  if (!is_external && identity.password.empty()) {
    return fail(ErrorKind::denied, endpoint_.url + ": an empty password is never sent");
  }
  const auto bind = [&] {
    return ldap_sasl_bind_s(handle_, is_external ? nullptr : identity.dn.c_str(), is_external ? "EXTERNAL" : LDAP_SASL_SIMPLE,
                            is_external ? &nothing : &password, nullptr, nullptr, nullptr);
  };
  int code = bind();
  if (is_external && code == LDAP_SASL_BIND_IN_PROGRESS) {   // it asks for the name to act as, once more: none but our own
    code = bind();
  }
  if (code != LDAP_SUCCESS) {
    return failure(code, is_external ? "login by certificate (SASL EXTERNAL)" : "login as " + identity.dn);
  }
  return {};
}

Result<std::vector<Entry>> LdapConnection::search(const std::string& base, const std::string& filter, const std::vector<std::string>& attributes,
                                                  int limit) {
  Message result;
  const int code = search_within(handle_, {.base = base, .filter = filter, .attributes = attributes, .timeout = endpoint_.timeout, .limit = limit}, result);
  if (code != LDAP_SUCCESS && code != LDAP_SIZELIMIT_EXCEEDED) {
    return failure(code, "search");
  }
  std::vector<Entry> entries;
  append_entries(handle_, result.get(), entries);
  if (code == LDAP_SIZELIMIT_EXCEEDED && static_cast<int>(entries.size()) < limit) {   // the directory's own limit
    return failure(code, "search");
  }
  return entries;
}

Result<std::vector<Entry>> LdapConnection::search_all(const std::string& base, const std::string& filter,
                                                      const std::vector<std::string>& attributes, const ListLimits& limits) {
  std::vector<Entry> entries;
  std::size_t counted = 0;
  std::size_t bytes = 0;
  const auto begun = std::chrono::steady_clock::now();
  berval cookie{0, nullptr};
  for (bool is_more = true; is_more;) {
    LDAPControl* page = nullptr;
    int code = ldap_create_page_control(handle_, page_entries, &cookie, 1, &page);
    ber_memfree(std::exchange(cookie.bv_val, nullptr));
    cookie.bv_len = 0;
    if (code != LDAP_SUCCESS) {
      return failure(code, "list");
    }
    LDAPControl* controls[] = {page, nullptr};
    Message result;
    code = search_within(handle_, {.base = base, .filter = filter, .attributes = attributes, .controls = controls, .timeout = page_timeout}, result);
    ldap_control_free(page);
    if (code != LDAP_SUCCESS) {
      return failure(code, "list");
    }
    append_entries(handle_, result.get(), entries);
    for (; counted < entries.size(); ++counted) {
      bytes += size_of(entries[counted]);
    }
    if (entries.size() > limits.entries || bytes > limits.bytes) {
      is_broken_ = true;   // it has more to say
      return fail(ErrorKind::limit, endpoint_.url + ": more than " + std::to_string(limits.entries) + " entries match, or more than " +
                                        std::to_string(limits.bytes) + " bytes");
    }
    if (std::chrono::steady_clock::now() - begun > limits.time) {
      is_broken_ = true;
      return fail(ErrorKind::timeout, endpoint_.url + ": list: not complete after " + std::to_string(limits.time.count()) + " ms");
    }
    LDAPControl** given = nullptr;
    int ignored = 0;
    code = ldap_parse_result(handle_, result.get(), &ignored, nullptr, nullptr, nullptr, &given, 0);
    LDAPControl* answer = code == LDAP_SUCCESS && given != nullptr ? ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, given, nullptr) : nullptr;
    ber_int_t estimate = 0;
    if (answer != nullptr && ldap_parse_pageresponse_control(handle_, answer, &estimate, &cookie) != LDAP_SUCCESS) {
      cookie = {0, nullptr};
      code = LDAP_DECODING_ERROR;
    }
    ldap_controls_free(given);
    if (code != LDAP_SUCCESS) {
      return failure(code, "list");
    }
    is_more = cookie.bv_len != 0;
  }
  ber_memfree(cookie.bv_val);
  return entries;
}

// ---- as somebody else

namespace {

int operation_of(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::add: return LDAP_MOD_ADD;
    case Change::Kind::remove: return LDAP_MOD_DELETE;
    case Change::Kind::replace: break;
  }
  return LDAP_MOD_REPLACE;
}

// A change in the library's form; `change` outlives it and does not move.
struct LibraryChange {
  explicit LibraryChange(const Change& change) {
    for (const std::string& value : change.values) {
      values.push_back({static_cast<ber_len_t>(value.size()), const_cast<char*>(value.data())});
    }
    for (berval& value : values) {
      pointers.push_back(&value);
    }
    pointers.push_back(nullptr);
    what.mod_op = operation_of(change.kind) | LDAP_MOD_BVALUES;
    what.mod_type = const_cast<char*>(change.attribute.c_str());
    what.mod_bvalues = change.values.empty() ? nullptr : pointers.data();
  }
  LibraryChange(const LibraryChange&) = delete;
  std::vector<berval> values;
  std::vector<berval*> pointers;
  LDAPMod what{};
};

}  // namespace

Unexpected<Error> LdapConnection::refusal(int code, std::string_view step) {
  Unexpected<Error> failed = failure(code, step);
  switch (meaning_of(code)) {
    case ResultMeaning::not_allowed:
    case ResultMeaning::unwilling:
    case ResultMeaning::bad_value:
    case ResultMeaning::bad_change:
    case ResultMeaning::not_there: failed.error.kind = ErrorKind::denied; break;
    default: break;
  }
  return failed;
}

Result<void> LdapConnection::modify_as_owner(const std::string& dn, const std::vector<Change>& changes) {
  if (dn.empty() || changes.empty()) {
    return fail(ErrorKind::invalid, "nothing to change");
  }
  std::vector<std::unique_ptr<LibraryChange>> made;
  std::vector<LDAPMod*> list;
  for (const Change& change : changes) {
    list.push_back(&made.emplace_back(std::make_unique<LibraryChange>(change))->what);
  }
  list.push_back(nullptr);
  ProxiedAuthorization as(dn);
  const int code = ldap_modify_ext_s(handle_, dn.c_str(), list.data(), as.all, nullptr);
  if (code != LDAP_SUCCESS) {
    return refusal(code, "change of " + dn);
  }
  return {};
}

Result<void> LdapConnection::may_act_as(const std::string& dn) {
  ProxiedAuthorization as(dn);
  const std::vector<std::string> nothing{"1.1"};   // no attributes (RFC 4511 section 4.5.1.8)
  const SearchRequest request{
      .base = dn, .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)", .attributes = nothing, .controls = as.all, .timeout = endpoint_.timeout, .limit = 1};
  Message result;
  const int code = search_within(handle_, request, result);
  if (code != LDAP_SUCCESS) {
    return refusal(code, "acting as " + dn);
  }
  return {};
}

std::string LdapConnection::tls_description() const {
  std::string all;
  for (const int what : {LDAP_OPT_X_TLS_VERSION, LDAP_OPT_X_TLS_CIPHER}) {
    char* text = nullptr;
    if (ldap_tls_inplace(handle_) != 0 && ldap_get_option(handle_, what, &text) == LDAP_OPT_SUCCESS && text != nullptr) {
      all.append(all.empty() ? "" : ", ").append(text);
      ldap_memfree(text);
    }
  }
  return all;
}

}  // namespace aldis::ldap
