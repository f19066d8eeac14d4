// Reading a keytab through MIT's library.
#include "auth/kerberos/service_keys.h"

#include <krb5/krb5.h>

#include <algorithm>
#include <atomic>
#include <set>

namespace aldis {
namespace {

constexpr std::size_t entries_max = 10'000;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same_but_for_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string text_of(krb5_context context, krb5_error_code code) {
  const char* said = krb5_get_error_message(context, code);
  std::string text = said != nullptr ? said : "unknown error";
  krb5_free_error_message(context, said);
  return text;
}

std::string name_of(krb5_context context, krb5_const_principal principal) {
  char* text = nullptr;
  if (krb5_unparse_name(context, principal, &text) != 0) {
    return {};
  }
  std::string name(text);
  krb5_free_unparsed_name(context, text);
  return name;
}

// "xmpp/Chat.example.org@EXAMPLE.ORG" is "xmpp/chat.example.org": Active Directory writes names as an administrator
// did.
bool is_service(std::string_view principal, std::string_view service) {
  const std::size_t at = principal.rfind('@');
  const std::size_t own_at = service.rfind('@');
  if (own_at != std::string_view::npos) {
    if (principal.substr(std::min(at, principal.size())) != service.substr(own_at)) {
      return false;
    }
    service = service.substr(0, own_at);
  }
  return is_same_but_for_case(principal.substr(0, at), service);
}

bool is_weak(krb5_enctype type) {
  return type == ENCTYPE_ARCFOUR_HMAC || type == ENCTYPE_ARCFOUR_HMAC_EXP || type == ENCTYPE_DES3_CBC_SHA1 ||
         type < ENCTYPE_DES3_CBC_SHA1;
}

std::string encryption_of(krb5_enctype type) {
  char text[100];
  return krb5_enctype_to_name(type, FALSE, text, sizeof text) == 0 ? std::string(text) : "type " + std::to_string(type);
}

}  // namespace

// MIT's format, version 2: 0x0502, then entries, each behind its length, which is below zero where one was removed.
bool is_whole_keytab(std::string_view bytes) {
  if (!bytes.starts_with("\x05\x02")) {
    return false;
  }
  bytes.remove_prefix(2);
  while (bytes.size() >= 4) {
    std::uint32_t length = 0;
    for (const char c : bytes.substr(0, 4)) {
      length = length << 8 | static_cast<unsigned char>(c);
    }
    bytes.remove_prefix(4);
    if (length == 0) {  // the end, whatever follows
      return true;
    }
    const std::uint32_t size = length < 0x80000000U ? length : 0U - length;
    if (size > bytes.size()) {
      return false;
    }
    bytes.remove_prefix(size);
  }
  return bytes.empty();
}

struct ServiceKeys::Library {
  krb5_context context = nullptr;
  krb5_keytab file = nullptr;
  krb5_keytab memory = nullptr;

  ~Library() {
    if (file != nullptr) {
      krb5_kt_close(context, file);
    }
    if (memory != nullptr) {
      krb5_kt_close(context, memory);  // with the last handle the keys are gone
    }
    if (context != nullptr) {
      krb5_free_context(context);
    }
  }
};

ServiceKeys::ServiceKeys() : library_(std::make_unique<Library>()) {}
ServiceKeys::~ServiceKeys() = default;

Result<std::shared_ptr<const ServiceKeys>> ServiceKeys::load(const std::string& path,
                                                             const std::vector<std::string>& services) {
  std::shared_ptr<ServiceKeys> keys(new ServiceKeys);
  if (auto taken = keys->take(path, services); !taken) {
    return fail(taken.error());
  }
  return std::shared_ptr<const ServiceKeys>(std::move(keys));
}

Result<void> ServiceKeys::take(const std::string& path, const std::vector<std::string>& services) {
  static std::atomic<std::uint64_t> number{0};
  Library& library = *library_;
  if (const krb5_error_code code = krb5_init_context(&library.context); code != 0) {
    return fail(ErrorKind::unavailable, "the Kerberos library cannot be used: " + text_of(nullptr, code) +
                                            " (is its configuration, krb5.conf, right?)");
  }
  name_ = "MEMORY:aldis-" + std::to_string(number.fetch_add(1));
  krb5_kt_cursor cursor = nullptr;
  krb5_error_code code = krb5_kt_resolve(library.context, ("FILE:" + path).c_str(), &library.file);
  if (code == 0) {
    code = krb5_kt_resolve(library.context, name_.c_str(), &library.memory);
  }
  if (code == 0) {
    code = krb5_kt_start_seq_get(library.context, library.file, &cursor);
  }
  if (code != 0) {
    return fail(ErrorKind::invalid, path + " is no keytab: " + text_of(library.context, code));
  }
  std::set<std::string> others;
  krb5_keytab_entry entry{};
  std::size_t entries = 0;
  while ((code = krb5_kt_next_entry(library.context, library.file, &entry, &cursor)) == 0 && ++entries <= entries_max) {
    const std::string principal = name_of(library.context, entry.principal);
    if (std::ranges::any_of(services, [&](const std::string& service) { return is_service(principal, service); })) {
      code = krb5_kt_add_entry(library.context, library.memory, &entry);
      keys_.push_back({principal, entry.vno, encryption_of(entry.key.enctype), is_weak(entry.key.enctype)});
    } else {
      others.insert(principal);
    }
    krb5_free_keytab_entry_contents(library.context, &entry);
    if (code != 0) {
      break;
    }
  }
  krb5_kt_end_seq_get(library.context, library.file, &cursor);
  if (code != KRB5_KT_END) {
    return fail(ErrorKind::invalid, path + " cannot be read to its end: " + text_of(library.context, code));
  }
  if (keys_.empty()) {
    std::string wanted;
    for (const std::string& service : services) {
      wanted.append(wanted.empty() ? "" : " or ").append(service);
    }
    std::string found;
    for (const std::string& principal : others) {
      found.append(found.empty() ? "" : ", ").append(principal);
    }
    return fail(ErrorKind::not_found,
                path + " has no key of " + wanted + (found.empty() ? "; it is empty" : "; it has " + found));
  }
  return {};
}

}  // namespace aldis
